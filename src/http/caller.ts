import type { FastifyRequest } from 'fastify';
import type { Caller } from '../core/answer.js';
import { loggedOperationName } from '../core/operation-name.js';
import { readCallerSpan } from './request-id.js';

/** The headers in which a client names itself, the first one first. Routers can pass them on. */
const NAME_HEADERS = ['apollographql-client-name', 'graphql-client-name'] as const;
/** A letter comes first, so that no phone has this form. Customer ids may have it; clients must not send them here. */
const SAFE_NAME = /^[A-Za-z][A-Za-z0-9 ._/-]{0,59}$/;
/** The shortest phone has seven digits. */
const MAX_DIGITS = 6;
/** A document that begins with its operation. It has no other one, if the request names none. */
const NAMED_DOCUMENT = /^\s*query\s+([_A-Za-z][_0-9A-Za-z]*)/;

/**
 * Who asks, for the log, the metrics and the status.
 *
 * @param trustsNames whether only callers with a router secret get here. Otherwise anybody could write names into the
 *   metrics, so no name is read
 */
export function readCaller(
  request: Pick<FastifyRequest, 'id' | 'headers' | 'query' | 'body'>,
  trustsNames: boolean,
): Caller {
  const parent = readCallerSpan(request.headers);
  if (!trustsNames) return { requestId: request.id, parent };
  const clientName = NAME_HEADERS.map((name) => request.headers[name])
    .filter((value) => typeof value === 'string')
    .find(isSafeName);
  return { requestId: request.id, clientName, operationName: readOperationName(request), parent };
}

function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name) && name.replace(/[^0-9]/g, '').length <= MAX_DIGITS;
}

/** The name that the request gives, else that of a document that begins with it. The document is not parsed yet. */
function readOperationName({ body, query: parameters }: Pick<FastifyRequest, 'body' | 'query'>): string | undefined {
  const { operationName, query } = (body ?? parameters) as Readonly<Record<string, unknown>>;
  const named = typeof query === 'string' ? NAMED_DOCUMENT.exec(query)?.[1] : undefined;
  return loggedOperationName(operationName ?? named);
}
