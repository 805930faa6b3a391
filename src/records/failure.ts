/** Why a lookup has no answer. The closed list of the graph's error codes; `extensions.code` carries it outward. */
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

/** True where the same question may be answered when it is asked again a little later. */
const RETRYABLE: Readonly<Record<FailureCode, boolean>> = {
  BAD_USER_INPUT: false,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_BUSY: true,
  UPSTREAM_QUOTA_EXHAUSTED: false,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REFUSED: false,
  UPSTREAM_MALFORMED: false,
  TOO_MANY_LOOKUPS: false,
  RESULT_TOO_LARGE: false,
};

export interface FailureDetails {
  /** Whole seconds after which asking again makes sense. */
  readonly retryAfterSeconds?: number | undefined;
  /** The true reason, for the log alone; it never reaches a caller. */
  readonly cause?: unknown;
}

/**
 * A lookup without an answer. `message` is safe to show to a caller: it says what was expected and what came, and holds no
 * token, no upstream address and nothing personal.
 */
export class LookupFailure extends Error {
  override readonly name = 'LookupFailure';
  readonly code: FailureCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get retryable(): boolean {
    return RETRYABLE[this.code];
  }

  get isUpstream(): boolean {
    return this.code.startsWith('UPSTREAM_');
  }
}
