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
/** Error codes of a connection that was never made, so that no byte of the request was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** A proxy that makes no tunnel ends the connection before the request. */
const NO_TUNNEL = /^PROXY_/;
/** Certificate errors end the connection before the request. */
const NOT_TRUSTED = /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_)/;

/**
 * The failure for an error of a request or of its body. A LookupFailure (the reason of an abort) stays as it is. The
 * error itself is dropped, because its message may hold the upstream's address.
 */
export function transportFailure(error: unknown, httpStatus?: number): LookupFailure {
  if (error instanceof LookupFailure) return error;
  const networkCode = codeOf(error);
  return new LookupFailure(kindOf(networkCode ?? ''), { facts: { httpStatus, networkCode } });
}

function kindOf(networkCode: string): 'timeout' | 'not-connected' | 'connection' {
  if (TIMEOUTS.has(networkCode)) return 'timeout';
  const isNotConnected = NOT_CONNECTED.has(networkCode) || NOT_TRUSTED.test(networkCode) || NO_TUNNEL.test(networkCode);
  return isNotConnected ? 'not-connected' : 'connection';
}

/** The error's code, or its name if it has none; undefined if neither is a plain word. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return /^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(code) ? code : undefined;
}
