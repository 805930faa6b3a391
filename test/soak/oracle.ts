/** Judges what a caller got: right, a clear error, or wrong. */
import { textOf } from './workload.js';
import type { GraphRecord, Known } from './workload.js';

/** One field of an operation that asks a question. */
export interface Asked {
  readonly known: Known;
  /** Where its list stands in the response. */
  readonly path: readonly (string | number)[];
  readonly maxAgeSeconds: number | undefined;
}

export interface GraphResponse {
  readonly status: number;
  readonly body: string;
}

export type Verdict =
  | { readonly kind: 'right'; readonly fetchedAt: number | undefined }
  /** Right as Wolkvox told it while a fault took words out of its records. */
  | { readonly kind: 'spoiled' }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'wrong'; readonly why: string };

export interface Circumstances {
  readonly askedAt: number;
  readonly receivedAt: number;
  /** The oldest answer that may be served at all, milliseconds. */
  readonly keptMs: number;
  /** Data may be older than their `fetchedAt` by so much: the longest call, and what froze its replica. */
  readonly callMs: number;
  /** Whether Wolkvox sent this question's records without some of their words. */
  readonly wasSpoiled: (known: Known) => boolean;
  /** Whether Wolkvox may have sent more than a list holds, whatever was asked. */
  readonly wasFlooded: boolean;
}

/** The contract's codes that an honest question may end with, and whether asking again may help. */
const CLEAR: Readonly<Record<string, boolean>> = {
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_BUSY: true,
  UPSTREAM_QUOTA_EXHAUSTED: false,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REFUSED: false,
  UPSTREAM_MALFORMED: false,
  RESULT_TOO_LARGE: false,
};
/** Between the clocks of processes, Redis's too, and for what a busy machine takes to look at them. */
const CLOCK_MS = 1_500;

interface GraphError {
  readonly message?: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: unknown; readonly retryable?: unknown };
}

export function judge(asked: readonly Asked[], response: GraphResponse, circumstances: Circumstances): Verdict[] {
  let body: { data?: unknown; errors?: readonly GraphError[] };
  try {
    body = JSON.parse(response.body) as typeof body;
  } catch {
    return asked.map(() => wrong(`HTTP ${response.status} with a body that is no JSON`));
  }
  const { data, errors = [] } = body;
  const byPath = new Map(errors.map((error) => [(error.path ?? []).join('.'), error]));
  return asked.map((one) => {
    const error = errorAt(byPath, one.path);
    const value = valueAt(data, one.path);
    if (Array.isArray(value)) {
      return error === undefined
        ? judgeRecords(one, value as GraphRecord[], circumstances)
        : wrong('records and error');
    }
    if (error === undefined) return wrong(`HTTP ${response.status}: neither a list nor an error`);
    return judgeError(one, error, circumstances);
  });
}

function judgeError(
  { known }: Asked,
  { extensions = {}, message = '' }: GraphError,
  { wasFlooded }: Circumstances,
): Verdict {
  const { code, retryable } = extensions;
  if (typeof code !== 'string' || CLEAR[code] === undefined) return wrong(`error ${String(code)}: ${message}`);
  if (retryable !== CLEAR[code]) return wrong(`error ${code} with retryable ${String(retryable)}`);
  const isTooLarge = known.versions().length === 0;
  if (code === 'RESULT_TOO_LARGE') {
    if (isTooLarge) return { kind: 'right', fetchedAt: undefined };
    if (!wasFlooded) return wrong('RESULT_TOO_LARGE for a small answer');
  }
  return { kind: 'error', code };
}

function judgeRecords(asked: Asked, records: readonly GraphRecord[], circumstances: Circumstances): Verdict {
  const { askedAt, receivedAt, keptMs, callMs } = circumstances;
  const { known, maxAgeSeconds } = asked;
  const text = records.map(textOf).join('\n');
  const versions = known.versions();
  const fits = versions.findLastIndex((version) => version.records === text);
  if (fits < 0) {
    const isBlanked = versions.some((version) => version.blanked === text);
    if (isBlanked && circumstances.wasSpoiled(known)) return { kind: 'spoiled' };
    return wrong(
      `${records.length} other records than expected: ${text.slice(0, 300)} instead of ${versions.at(-1)?.records.slice(0, 300) ?? 'none'}`,
    );
  }
  const version = versions[fits];
  const replacedAt = versions[fits + 1]?.since ?? Infinity;
  // An empty list has no instant that could be seen.
  const fetchedAt = records[0] === undefined ? undefined : Date.parse(records[0].fetchedAt);
  if (fetchedAt !== undefined) {
    if (!(fetchedAt <= receivedAt + CLOCK_MS)) return wrong(`fetchedAt ${fetchedAt - receivedAt} ms after the answer`);
    if (fetchedAt < askedAt - keptMs - CLOCK_MS) return wrong(`an answer that is ${askedAt - fetchedAt} ms old`);
    if (maxAgeSeconds !== undefined && fetchedAt < askedAt - maxAgeSeconds * 1_000 - CLOCK_MS) {
      return wrong(`maxAge ${maxAgeSeconds} answered with one that is ${askedAt - fetchedAt} ms old`);
    }
    if (version !== undefined && version.since > fetchedAt + CLOCK_MS) return wrong('data younger than fetchedAt');
    if (replacedAt < fetchedAt - callMs - CLOCK_MS) {
      return wrong(`data that were replaced ${fetchedAt - replacedAt} ms before fetchedAt`);
    }
  }
  if (maxAgeSeconds === 0 && replacedAt <= askedAt) {
    return wrong(`maxAge 0 answered with what was replaced ${askedAt - replacedAt} ms before the question`);
  }
  return { kind: 'right', fetchedAt };
}

/** The error of a field, or of a field around it, or of the whole operation. */
function errorAt(byPath: ReadonlyMap<string, GraphError>, path: readonly (string | number)[]): GraphError | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const error = byPath.get(path.slice(0, length).join('.'));
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

function wrong(why: string): Verdict {
  return { kind: 'wrong', why };
}
