import { textOf, type GraphRecord, type KnownLookup } from './workload.js';

/** Compares responses with the known answers: right, stale, a clear error, or wrong. */

/** A field of an operation that finds records. */
export interface RequestedField {
  readonly lookup: KnownLookup;
  /** The path of its list in the response. */
  readonly path: readonly (string | number)[];
  readonly maxAgeSeconds: number | undefined;
}

export interface GraphQLResponse {
  readonly status: number;
  readonly body: string;
}

export type Verdict =
  /** `sentAt` is the `fetchedAt` of the answer in epoch milliseconds; an empty list has none. */
  | { readonly kind: 'right' | 'stale'; readonly sentAt: number | undefined }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'wrong'; readonly reason: string };

/** What the oracle must know of an operation. Times are epoch milliseconds. */
export interface Circumstances {
  readonly askedAt: number;
  readonly receivedAt: number;
  /** CACHE_TTL_SECONDS and CACHE_STALE_SECONDS, in milliseconds. */
  readonly freshMs: number;
  readonly staleMs: number;
  /** The longest call, and the longest freeze of a replica during it, in milliseconds. */
  readonly callMs: number;
  /** Whether Redis was unreachable during the whole operation. */
  readonly isRedisAway: boolean;
  /** Whether the simulator may have sent too many records, whatever the lookup was. */
  readonly mayBeTooLarge: boolean;
  /** When the call of the answer was sent that the replica had in memory at `askedAt`; undefined: not known. */
  readonly cachedSentAt: (lookup: KnownLookup) => number | undefined;
}

/** The error codes that a valid lookup may end with, and their `retryable`. */
const CLEAR_ERRORS: Readonly<Record<string, boolean>> = {
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_BUSY: true,
  UPSTREAM_QUOTA_EXHAUSTED: false,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REFUSED: false,
  UPSTREAM_MALFORMED: false,
  RESULT_TOO_LARGE: false,
};
/** Without Redis no call is sent. Failures that are remembered for a lookup may still be its answer. */
const ERRORS_WITHOUT_REDIS = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_REFUSED', 'UPSTREAM_MALFORMED', 'RESULT_TOO_LARGE'];
/** Tolerance for the clocks of several processes, and for a loaded machine. */
const CLOCK_MS = 1_500;
/** Tolerance for `maxAge: 0`, which compares two times of one machine. */
const SKEW_MS = 50;

interface GraphError {
  readonly message?: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: unknown; readonly retryable?: unknown };
}

/** @returns one verdict for each field */
export function checkResponse(
  fields: readonly RequestedField[],
  response: GraphQLResponse,
  circumstances: Circumstances,
): Verdict[] {
  let body: { data?: unknown; errors?: readonly GraphError[] };
  try {
    body = JSON.parse(response.body) as typeof body;
  } catch {
    return fields.map(() => wrong(`HTTP ${response.status} with a body that is not JSON`));
  }
  const errors = new Map((body.errors ?? []).map((error) => [(error.path ?? []).join('.'), error]));
  return fields.map((field) => {
    const error = errorAt(errors, field.path);
    const value = valueAt(body.data, field.path);
    if (Array.isArray(value)) {
      return error === undefined
        ? checkRecords(field, value as GraphRecord[], circumstances)
        : wrong('records and an error');
    }
    if (error === undefined) return wrong(`HTTP ${response.status}: neither a list nor an error`);
    return checkError(field, error, circumstances);
  });
}

function checkError(field: RequestedField, error: GraphError, circumstances: Circumstances): Verdict {
  const { code, retryable } = error.extensions ?? {};
  if (typeof code !== 'string' || CLEAR_ERRORS[code] === undefined) {
    return wrong(`error ${String(code)}: ${error.message ?? ''}`);
  }
  if (retryable !== CLEAR_ERRORS[code]) return wrong(`error ${code} with retryable ${String(retryable)}`);
  if (code === 'RESULT_TOO_LARGE') {
    if (field.lookup.versions().length === 0) return { kind: 'right', sentAt: undefined };
    if (!circumstances.mayBeTooLarge) return wrong('RESULT_TOO_LARGE for a small answer');
    return { kind: 'error', code };
  }
  if (circumstances.isRedisAway && !ERRORS_WITHOUT_REDIS.includes(code)) return wrong(`error ${code} without Redis`);
  const cachedMs = circumstances.receivedAt - (circumstances.cachedSentAt(field.lookup) ?? -Infinity);
  if (cachedMs < oldestMs(field, circumstances) - CLOCK_MS) {
    return wrong(`error ${code}, although the replica has an answer that is ${cachedMs} ms old`);
  }
  return { kind: 'error', code };
}

function checkRecords(field: RequestedField, records: readonly GraphRecord[], circumstances: Circumstances): Verdict {
  const versions = field.lookup.versions();
  const text = records.map(textOf).join('\n');
  const index = versions.findLastIndex((version) => version.records === text);
  if (index < 0) {
    const expected = versions.at(-1)?.records.slice(0, 300) ?? 'RESULT_TOO_LARGE';
    return wrong(`${records.length} unexpected records: ${text.slice(0, 300)} instead of ${expected}`);
  }
  const since = versions[index]?.since ?? 0;
  const replacedAt = versions[index + 1]?.since ?? Infinity;
  const sentAt = records[0] === undefined ? undefined : Date.parse(records[0].fetchedAt);
  const reason = checkTimes(field, { sentAt, since, replacedAt }, circumstances);
  if (reason !== undefined) return wrong(reason);
  const isStale = sentAt !== undefined && sentAt < circumstances.askedAt - circumstances.freshMs;
  return { kind: isStale ? 'stale' : 'right', sentAt };
}

interface AnswerTimes {
  readonly sentAt: number | undefined;
  /** When the records became right, and when they stopped being right. */
  readonly since: number;
  readonly replacedAt: number;
}

/** @returns what is wrong with the age of an answer, or undefined */
function checkTimes(
  field: RequestedField,
  { sentAt, since, replacedAt }: AnswerTimes,
  circumstances: Circumstances,
): string | undefined {
  const { askedAt, receivedAt, callMs } = circumstances;
  if (field.maxAgeSeconds === 0 && replacedAt < askedAt - SKEW_MS) {
    return `maxAge 0 answered with records that were replaced ${askedAt - replacedAt} ms before the operation`;
  }
  if (sentAt === undefined) return undefined;
  if (!(sentAt <= receivedAt + CLOCK_MS)) return `fetchedAt is ${sentAt - receivedAt} ms in the future`;
  if (sentAt < askedAt - oldestMs(field, circumstances) - CLOCK_MS) {
    return `an answer that is ${askedAt - sentAt} ms old, with maxAge ${field.maxAgeSeconds ?? 'absent'}`;
  }
  if (since > sentAt + callMs + CLOCK_MS) return `records that are ${since - sentAt} ms younger than fetchedAt`;
  if (replacedAt < sentAt - CLOCK_MS) return `records that were replaced ${sentAt - replacedAt} ms before fetchedAt`;
  return undefined;
}

/** The age of the oldest answer that a field accepts. */
function oldestMs({ maxAgeSeconds }: RequestedField, { freshMs, staleMs }: Circumstances): number {
  return Math.min((maxAgeSeconds ?? Infinity) * 1_000, freshMs + staleMs);
}

/** The error of a field, of a field around it, or of the whole operation. */
function errorAt(errors: ReadonlyMap<string, GraphError>, path: readonly (string | number)[]): GraphError | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const error = errors.get(path.slice(0, length).join('.'));
    if (error !== undefined) return error;
  }
  return undefined;
}

function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined,
    data,
  );
}

function wrong(reason: string): Verdict {
  return { kind: 'wrong', reason };
}
