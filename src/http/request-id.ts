import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CallerSpan } from '../core/tracing.js';

/** A letter is required: a text of digits and signs could be a phone. */
const SAFE_ID = /^(?=[0-9._-]*[A-Za-z])[A-Za-z0-9._-]{1,64}$/;
/** So could seven digits in a row, unless the whole id is a random one: a UUID, or 16 or 32 hexadecimal digits. */
const MAY_HOLD_PHONE = /[0-9]{7}/;
const RANDOM_ID = /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32})$/i;
/** Version, trace id, parent id and flags (W3C Trace Context). Ids of zeros are not valid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
/** The flag of a caller that records its trace. */
const SAMPLED = 1;

/** The id of a request in the log: the header `x-request-id`, else the trace id of `traceparent`, else a random one. */
export function readRequestId(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && isSafe(given)) return given;
  return readCallerSpan(headers)?.traceId ?? randomUUID();
}

/** The span that a request belongs to, from the header `traceparent`. */
export function readCallerSpan({ traceparent }: IncomingHttpHeaders): CallerSpan | undefined {
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  if (match === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

function isSafe(id: string): boolean {
  return SAFE_ID.test(id) && (!MAY_HOLD_PHONE.test(id) || RANDOM_ID.test(id));
}
