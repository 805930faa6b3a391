import type { Clock } from '../core/clock.js';
import type { ErrorCode } from '../core/error-codes.js';
import { ANSWER_SOURCES, type AnswerSource, type Observe } from '../core/events.js';
import { CALL_DURATION_BOUNDS_MS, type RecentMinute } from '../core/status.js';

const MINUTE_MS = 60_000;
const MINUTES = 60;

export interface RecentActivity {
  readonly observe: Observe;
  /** The last hour by minutes, as `ServiceStatus.recent` describes it. */
  read(): readonly RecentMinute[];
}

/** What is counted in a minute. */
interface Minute {
  readonly answers: Record<AnswerSource, number>;
  readonly errors: Partial<Record<ErrorCode, number>>;
  refusals: number;
  readonly calls: {
    answered: number;
    failed: number;
    totalMs: number;
    slowestMs: number;
    readonly byDuration: number[];
  };
}

/** Counts the events of the last hour. It has at most 60 minutes in memory, each of the same size. */
export function createRecentActivity(clock: Pick<Clock, 'monotonicMs' | 'epochMs'>): RecentActivity {
  const minutes = new Map<number, Minute>();
  // Minutes begin with those of the system's clock, unless that is changed later.
  const originMs = clock.monotonicMs() - (clock.epochMs() % MINUTE_MS);
  const current = (): number => Math.floor((clock.monotonicMs() - originMs) / MINUTE_MS);

  return {
    observe(event) {
      switch (event.event) {
        case 'answer.served':
          now().answers[event.from] += 1;
          break;
        case 'operation.failed':
          for (const [code, count] of Object.entries(event.errors)) addError(code as ErrorCode, count);
          break;
        case 'request.refused':
          addError(event.code, 1);
          break;
        case 'request.unauthenticated':
          addError(event.reason === 'host' ? 'BAD_REQUEST' : 'UNAUTHENTICATED', 1);
          break;
        case 'lookup.refused':
          now().refusals += 1;
          break;
        case 'call.answered':
          addCall('answered', event.ms);
          break;
        case 'call.failed':
          addCall('failed', event.ms);
          break;
        // The other events are changes of state.
        default:
      }
    },
    read() {
      const last = current();
      const first = Math.max(0, last - MINUTES + 1);
      const startMs = clock.epochMs() - clock.monotonicMs() + originMs;
      return Array.from({ length: last - first + 1 }, (_, index) => {
        const number = first + index;
        return describe(minutes.get(number) ?? emptyMinute(), Math.round(startMs + number * MINUTE_MS));
      });
    },
  };

  function now(): Minute {
    const number = current();
    const known = minutes.get(number);
    if (known !== undefined) return known;
    for (const old of minutes.keys()) if (old <= number - MINUTES) minutes.delete(old);
    const started = emptyMinute();
    minutes.set(number, started);
    return started;
  }

  function addError(code: ErrorCode, count: number): void {
    const { errors } = now();
    errors[code] = (errors[code] ?? 0) + count;
  }

  function addCall(outcome: 'answered' | 'failed', ms: number): void {
    const { calls } = now();
    calls[outcome] += 1;
    calls.totalMs += ms;
    calls.slowestMs = Math.max(calls.slowestMs, ms);
    const bound = CALL_DURATION_BOUNDS_MS.findIndex((boundMs) => ms <= boundMs);
    calls.byDuration[bound] = (calls.byDuration[bound] ?? 0) + 1;
  }
}

function emptyMinute(): Minute {
  return {
    answers: Object.fromEntries(ANSWER_SOURCES.map((source) => [source, 0])) as Record<AnswerSource, number>,
    errors: {},
    refusals: 0,
    calls: { answered: 0, failed: 0, totalMs: 0, slowestMs: 0, byDuration: CALL_DURATION_BOUNDS_MS.map(() => 0) },
  };
}

/** A copy, which no later event changes. */
function describe({ answers, errors, refusals, calls }: Minute, startedAt: number): RecentMinute {
  const { totalMs, byDuration, ...counts } = calls;
  const ended = counts.answered + counts.failed;
  return {
    startedAt,
    answers: { ...answers },
    errors: { ...errors },
    refusals,
    calls: { ...counts, meanMs: ended === 0 ? 0 : Math.round(totalMs / ended), byDuration: [...byDuration] },
  };
}
