import { LookupFailure, type FailureFacts } from '../core/failure.js';

/**
 * The answer does not have the documented form.
 *
 * @param detail for the log: words of this project, nothing of the answer
 */
export function malformed(detail: string, facts: FailureFacts = {}): LookupFailure {
  return new LookupFailure('malformed', { facts: { ...facts, detail } });
}

/** Error codes of undici, and the name of an expired deadline. */
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TimeoutError']);

/** No connection was made, so no byte of the request was sent. It has the code of the error that prevented it. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: string | undefined;

  constructor(cause: Error) {
    super('No connection to Wolkvox was made.');
    this.code = codeOf(cause);
  }
}

/**
 * The failure for an error of a request or of its body. A LookupFailure (the reason of an abort) stays as it is. The
 * error itself is dropped, because its message may hold the upstream's address.
 */
export function transportFailure(error: unknown, httpStatus?: number): LookupFailure {
  if (error instanceof LookupFailure) return error;
  const networkCode = codeOf(error);
  const facts = { httpStatus, networkCode };
  if (error instanceof ConnectError) return new LookupFailure('not-connected', { facts });
  return new LookupFailure(TIMEOUTS.has(networkCode ?? '') ? 'timeout' : 'connection', { facts });
}

/** The error's code, or its name if it has none; undefined if neither is a plain word. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return /^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(code) ? code : undefined;
}
