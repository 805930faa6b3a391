import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A letter is required: a text of digits and signs could be a phone. */
const SAFE_ID = /^(?=[0-9._-]*[A-Za-z])[A-Za-z0-9._-]{1,64}$/;
/** Version, trace id, parent id and flags (W3C Trace Context). Ids of zeros are not valid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** The id of a request in the log: the header `x-request-id`, else the trace id of `traceparent`, else a random one. */
export function readRequestId(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && SAFE_ID.test(given)) return given;
  const { traceparent } = headers;
  const traceId = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return traceId ?? randomUUID();
}
