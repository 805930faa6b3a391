/** Why a lookup has no answer, as the graph says it in `extensions.code`. The list is closed. */
export type FailureCode =
  | 'BAD_USER_INPUT'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_BUSY'
  | 'UPSTREAM_QUOTA_EXHAUSTED'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_REFUSED'
  | 'UPSTREAM_MALFORMED'
  | 'TOO_MANY_LOOKUPS'
  | 'RESULT_TOO_LARGE';

/** The codes after which the same lookup may be answered if it is sent again a little later. */
const RETRYABLE_CODES: ReadonlySet<FailureCode> = new Set([
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_BUSY',
  'UPSTREAM_UNAVAILABLE',
]);

/** How the service reacts to one kind of failure. */
export interface FailurePolicy {
  readonly code: FailureCode;
  /** Safe to show to a caller. A failure may carry a more precise message of its own. */
  readonly message: string;
  /** A second attempt is made after a random delay of at most this many milliseconds; undefined: none is made. */
  readonly retryWithinMs?: number;
  /**
   * `failure` counts towards opening the circuit, `open` opens it at once. `success` shows that Wolkvox works, although
   * it refused the call. `ignore` says nothing about Wolkvox: it was not asked.
   */
  readonly circuit: 'failure' | 'open' | 'success' | 'ignore';
  /** No call is sent for this many milliseconds afterwards; the time doubles while refusals go on. */
  readonly pauseMs?: number;
  /** The failure answers equal lookups for this many milliseconds without a call. */
  readonly rememberMs?: number;
  /** True if the failure concerns one caller only; callers that wait for the same call start one of their own. */
  readonly isOfCaller?: true;
}

const REMEMBER_MS = 60_000;

/** The failures that end a call. */
const CALL_FAILURES = {
  // Wolkvox refuses the call.
  simultaneous: {
    code: 'UPSTREAM_BUSY',
    message: "Wolkvox refuses the call: other requests use the account's token at this moment. Try again later.",
    retryWithinMs: 1_500,
    circuit: 'success',
    pauseMs: 1_000,
  },
  throttled: {
    code: 'UPSTREAM_BUSY',
    message: 'Wolkvox asks for fewer requests (HTTP 429). Try again later.',
    retryWithinMs: 1_000,
    circuit: 'success',
    pauseMs: 1_000,
  },
  quota: {
    code: 'UPSTREAM_QUOTA_EXHAUSTED',
    message: "Wolkvox says that the account's daily calls are used up.",
    circuit: 'success',
  },
  token: {
    code: 'UPSTREAM_REFUSED',
    message: 'Wolkvox does not accept the token of this service. Its operator must check WOLKVOX_TOKEN.',
    circuit: 'open',
  },
  request: {
    code: 'UPSTREAM_REFUSED',
    message: 'Wolkvox does not accept the request.',
    circuit: 'success',
    rememberMs: REMEMBER_MS,
  },
  // Wolkvox fails.
  maintenance: {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'Wolkvox is under maintenance. Try again later.',
    circuit: 'failure',
  },
  server: {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'Wolkvox failed to answer (HTTP 5xx). Try again later.',
    retryWithinMs: 400,
    circuit: 'failure',
  },
  'not-connected': {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'No connection to Wolkvox could be made. Try again later.',
    retryWithinMs: 400,
    circuit: 'failure',
  },
  connection: {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'The connection to Wolkvox broke before the whole answer arrived. Try again later.',
    retryWithinMs: 400,
    circuit: 'failure',
  },
  timeout: {
    code: 'UPSTREAM_TIMEOUT',
    message: 'Wolkvox did not answer in time. Try again later.',
    retryWithinMs: 400,
    circuit: 'failure',
  },
  malformed: {
    code: 'UPSTREAM_MALFORMED',
    message: 'The answer of Wolkvox does not have the form that its API documents.',
    circuit: 'success',
    rememberMs: REMEMBER_MS,
  },
  'too-large': {
    code: 'RESULT_TOO_LARGE',
    message: 'The answer of Wolkvox is too large. Narrow the search.',
    circuit: 'success',
    rememberMs: REMEMBER_MS,
  },
  'lease-lost': {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'The call was stopped, because Redis no longer confirms its slot. Try again.',
    retryWithinMs: 400,
    circuit: 'ignore',
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;

/** The failures that end a lookup without a call of its own. */
const REFUSALS = {
  'bad-input': {
    code: 'BAD_USER_INPUT',
    message: 'The input is not valid.',
    circuit: 'ignore',
  },
  'too-many-lookups': {
    code: 'TOO_MANY_LOOKUPS',
    message:
      'This operation causes more calls to Wolkvox than one operation may. Move some fields to another operation.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  'campaign-too-large': {
    code: 'RESULT_TOO_LARGE',
    message: 'The campaign has more records than an answer may hold. Narrow the search.',
    circuit: 'ignore',
  },
  'response-too-large': {
    code: 'RESULT_TOO_LARGE',
    message: 'The response is too large. Select fewer fields, or split the operation.',
    circuit: 'ignore',
  },
  'responses-full': {
    code: 'UPSTREAM_BUSY',
    message: 'The responses to other operations take too much memory at this moment. Try again later.',
    circuit: 'ignore',
  },
  'queue-full': {
    code: 'UPSTREAM_BUSY',
    message: 'The queue of calls to Wolkvox is full. Try again later.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  displaced: {
    code: 'UPSTREAM_BUSY',
    message: 'The queue of calls to Wolkvox is full, and calls of smaller operations go first. Try again later.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  'wait-too-long': {
    code: 'UPSTREAM_BUSY',
    message: 'The wait for Wolkvox would be longer than the deadline of the operation. Try again later.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  deadline: {
    code: 'UPSTREAM_TIMEOUT',
    message:
      'The deadline of the operation passed before Wolkvox answered. Try again: the answer may be cached by then.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  abandoned: {
    code: 'UPSTREAM_TIMEOUT',
    message: 'The client closed the connection before the answer arrived.',
    circuit: 'ignore',
    isOfCaller: true,
  },
  'circuit-open': {
    code: 'UPSTREAM_UNAVAILABLE',
    message: 'Wolkvox failed several times in a row, so no calls are sent for a while. Try again later.',
    circuit: 'ignore',
  },
  'quota-used': {
    code: 'UPSTREAM_QUOTA_EXHAUSTED',
    message: 'The daily limit of calls to Wolkvox is reached.',
    circuit: 'ignore',
  },
  'quota-exhausted': {
    code: 'UPSTREAM_QUOTA_EXHAUSTED',
    message: "Wolkvox says that the account's daily calls are used up, so no call is sent before the next check.",
    circuit: 'ignore',
  },
  'count-failed': {
    code: 'UPSTREAM_UNAVAILABLE',
    message:
      'The call could not be counted for the daily limit, so it was not sent. The operator must check STATE_DIR.',
    circuit: 'ignore',
  },
  'redis-down': {
    code: 'UPSTREAM_UNAVAILABLE',
    message:
      'Redis is unreachable, so the shared limits cannot be checked and no call is sent. Try again in a few seconds.',
    circuit: 'ignore',
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;

/** What failed, finer than the code. The log names it as `reason`. */
export type FailureKind = keyof typeof CALL_FAILURES | keyof typeof REFUSALS;

/**
 * The one table of failures. `docs/errors.md` shows the same rows; a test compares the two.
 */
export const FAILURES: Readonly<Record<FailureKind, FailurePolicy>> = { ...CALL_FAILURES, ...REFUSALS };

/**
 * What the log may show of a failed call. Numbers, system error codes and texts of this project only: a text of
 * Wolkvox or of the network may hold personal data or the upstream's address.
 */
export interface FailureFacts {
  readonly httpStatus?: number | undefined;
  /** `code` of Wolkvox's envelope. */
  readonly envelopeCode?: number | undefined;
  /** A system or library error code, such as `ECONNRESET`. */
  readonly networkCode?: string | undefined;
  /** What was expected and what came, in words of this project. */
  readonly detail?: string | undefined;
}

export interface FailureDetails {
  /** Replaces the message of the table. It must be safe to show to a caller. */
  readonly message?: string | undefined;
  /** Whole seconds after which another attempt makes sense. */
  readonly retryAfterSeconds?: number | undefined;
  readonly facts?: FailureFacts | undefined;
  /** Whether another replica made the call. Default: false. */
  readonly isShared?: boolean | undefined;
  /** The underlying error, for the log only. */
  readonly cause?: unknown;
}

const NO_FACTS: FailureFacts = {};

/**
 * A lookup without an answer. The message is safe to show: it holds no secret, no upstream address and no personal
 * data. It has no stack: a failure is an expected result, `kind` says where it comes from, and an operation may have
 * thousands of them. To record a stack and to write it as text takes longer than all the rest of a refused lookup.
 */
export class LookupFailure extends Error {
  override readonly name = 'LookupFailure';
  readonly kind: FailureKind;
  readonly code: FailureCode;
  readonly policy: FailurePolicy;
  /** Whether a call was made for the lookup and failed. If not, Wolkvox was not asked. */
  readonly endsCall: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly facts: FailureFacts;
  /** Whether another replica made the call. */
  readonly isShared: boolean;

  constructor(kind: FailureKind, details: FailureDetails = {}) {
    const policy = FAILURES[kind];
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(details.message ?? policy.message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    // Node would write the text of the missing stack when graphql-js copies it.
    this.stack = `LookupFailure: ${this.message}`;
    this.kind = kind;
    this.policy = policy;
    this.endsCall = Object.hasOwn(CALL_FAILURES, kind);
    this.code = policy.code;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.facts = details.facts ?? NO_FACTS;
    this.isShared = details.isShared ?? false;
  }

  /** Whether the same lookup may be answered if it is sent again a little later. */
  get retryable(): boolean {
    return isRetryable(this.code);
  }
}

export function isRetryable(code: FailureCode): boolean {
  return RETRYABLE_CODES.has(code);
}

/** Whether a stale answer may replace the failure (stale-if-error, RFC 5861): Wolkvox, or the call to it, failed. */
export function allowsStale(code: FailureCode): boolean {
  return code.startsWith('UPSTREAM_');
}

/** Milliseconds as whole seconds for `retryAfterSeconds`, at least 1. */
export function toRetryAfterSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
