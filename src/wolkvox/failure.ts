import { LookupFailure } from '../records/failure.js';
import type { FailureCode, FailureDetails } from '../records/failure.js';

/**
 * How a call to Wolkvox failed, finer than the graph's codes: the retry, the circuit breaker and the day's budget each react
 * to some of these only.
 *
 * - `simultaneous`: somebody else uses the token's places; `throttled`: HTTP 429; both pass by themselves.
 * - `quota`: the day's calls are used up.
 * - `token`: the token is absent, wrong, expired or deleted.
 * - `maintenance`: HTTP 403 without a known text (nightly backups); `server`: HTTP 5xx.
 * - `request`: Wolkvox does not take the request as it is (400, a wrong address, a redirect).
 * - `malformed`: an answer came, but not the one that the API promises.
 * - `too-large`: more than a list may hold, or more bytes than may be read.
 * - `timeout`: no whole answer in time; `connection`: no whole answer, for another reason.
 */
export type WolkvoxFailureKind =
  | 'simultaneous'
  | 'quota'
  | 'token'
  | 'maintenance'
  | 'server'
  | 'throttled'
  | 'request'
  | 'malformed'
  | 'too-large'
  | 'timeout'
  | 'connection';

const CODES: Readonly<Record<WolkvoxFailureKind, FailureCode>> = {
  simultaneous: 'UPSTREAM_BUSY',
  throttled: 'UPSTREAM_BUSY',
  quota: 'UPSTREAM_QUOTA_EXHAUSTED',
  token: 'UPSTREAM_REFUSED',
  request: 'UPSTREAM_REFUSED',
  maintenance: 'UPSTREAM_UNAVAILABLE',
  server: 'UPSTREAM_UNAVAILABLE',
  connection: 'UPSTREAM_UNAVAILABLE',
  timeout: 'UPSTREAM_TIMEOUT',
  malformed: 'UPSTREAM_MALFORMED',
  'too-large': 'RESULT_TOO_LARGE',
};

const MESSAGES: Readonly<Record<WolkvoxFailureKind, string>> = {
  simultaneous: 'Wolkvox is busy: the account already has as many simultaneous requests as it may have.',
  throttled: 'Wolkvox is busy: it asks to send fewer requests.',
  quota: "The account's calls of the day are used up.",
  token: "Wolkvox does not accept the service's token.",
  request: 'Wolkvox does not accept the request.',
  maintenance: 'Wolkvox is under maintenance.',
  server: 'Wolkvox could not answer.',
  connection: 'Wolkvox cannot be reached, or the connection broke before the answer was whole.',
  timeout: 'Wolkvox did not answer in time.',
  malformed: 'Wolkvox answered something else than its API promises.',
  'too-large': 'The answer holds more than a list may hold.',
};

/**
 * What the log may know of a failure, as the failure's `cause`. Numbers, names and texts of our own only: a text of Wolkvox or of the network may hold a
 * person's data or the upstream's address.
 */
export interface FailureFacts {
  readonly httpStatus?: number | undefined;
  /** `code` of the answer's envelope. */
  readonly envelopeCode?: number | undefined;
  /** A system or library code, such as `ECONNRESET`. */
  readonly networkCode?: string | undefined;
  /** What was expected and what came, in our own words. */
  readonly detail?: string | undefined;
}

interface WolkvoxFailureDetails extends FailureDetails {
  readonly cause?: FailureFacts;
}

/** A call to Wolkvox that gave no records. */
export class WolkvoxFailure extends LookupFailure {
  readonly kind: WolkvoxFailureKind;

  /** @param message safe to show to a caller; undefined: the kind's own */
  constructor(kind: WolkvoxFailureKind, message?: string, details: WolkvoxFailureDetails = {}) {
    super(CODES[kind], message ?? MESSAGES[kind], details);
    this.kind = kind;
  }

  get facts(): FailureFacts {
    return this.cause ?? {};
  }
}

/** An answer that is not what the API promises. `detail` goes to the log: our own words, nothing out of the answer. */
export function malformed(detail: string, facts: FailureFacts = {}): WolkvoxFailure {
  return new WolkvoxFailure('malformed', undefined, { cause: { ...facts, detail } });
}

/** undici's codes and the name of an expired AbortSignal.timeout. A connection that is not made in time counts as none. */
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TimeoutError']);
/** More bytes on the wire than undici's `maxResponseSize`. */
const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';

/**
 * The failure behind what a request or its body threw. A LookupFailure (an abort's reason) stays as it is. The error itself is
 * not kept: its message may hold the upstream's address.
 */
export function transportFailure(error: unknown, httpStatus?: number): LookupFailure {
  if (error instanceof LookupFailure) return error;
  const networkCode = codeOf(error);
  const cause: FailureFacts = { httpStatus, networkCode };
  if (networkCode === TOO_LARGE) return new WolkvoxFailure('too-large', undefined, { cause });
  const isTimeout = networkCode !== undefined && TIMEOUTS.has(networkCode);
  return new WolkvoxFailure(isTimeout ? 'timeout' : 'connection', undefined, { cause });
}

/** The error's code, or its name where it has none; undefined where neither is a plain word. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return /^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(code) ? code : undefined;
}
