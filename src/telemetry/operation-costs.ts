import type { CallLayer, Operation } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { AnswerSource, Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import type { OperationCosts } from '../core/operation-cost.js';

export interface OperationCostsOptions {
  /** Calls that the account has left today; undefined: they are not limited. */
  readonly callsLeftToday: () => number | undefined;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export interface CountedOperationCosts extends OperationCosts {
  /** Counts the answers. */
  readonly observe: Observe;
  /** Counts the calls. It must be the last layer before the client. */
  readonly countCalls: CallLayer;
  /** Measures how long an operation waits. It must come before all layers that wait. */
  readonly measureWait: CallLayer;
}

interface Counts {
  calls: number;
  readonly answers: Record<AnswerSource, number>;
  /** Lookups that wait for their answers. */
  waiting: number;
  /** When the first of them began to wait. Monotonic milliseconds. */
  waitingSince: number;
  waitedMs: number;
}

export function createOperationCosts({ callsLeftToday, clock }: OperationCostsOptions): CountedOperationCosts {
  const tracked = new WeakMap<Operation, Counts>();

  return {
    track(operation) {
      const answers = { memory: 0, shared: 0, flight: 0, wolkvox: 0, stale: 0 };
      tracked.set(operation, { calls: 0, answers, waiting: 0, waitingSince: 0, waitedMs: 0 });
    },
    read(operation) {
      const counts = tracked.get(operation);
      if (counts === undefined) return undefined;
      const { answers, waiting, waitingSince, waitedMs } = counts;
      return {
        calls: counts.calls,
        answersFromCache: answers.memory + answers.shared,
        sharedAnswers: answers.flight,
        staleAnswers: answers.stale,
        waitedMs: Math.round(waitedMs + (waiting === 0 ? 0 : clock.monotonicMs() - waitingSince)),
        callsLeftToday: callsLeftToday(),
      };
    },
    observe(event) {
      if (event.event !== 'answer.served' || event.operation === undefined) return;
      const counts = tracked.get(event.operation);
      if (counts !== undefined) counts.answers[event.from] += 1;
    },
    countCalls: (next) => ({
      find(request, options) {
        const counts = tracked.get(options.operation);
        return counts === undefined ? next.find(request, options) : count(counts, () => next.find(request, options));
      },
    }),
    measureWait: (next) => ({
      find(request, options) {
        const counts = tracked.get(options.operation);
        return counts === undefined ? next.find(request, options) : measure(counts, () => next.find(request, options));
      },
    }),
  };

  /** A call counts when it is sent, because the operation may end before it. */
  async function count<Result>(counts: Counts, call: () => Promise<Result>): Promise<Result> {
    counts.calls += 1;
    try {
      return await call();
    } catch (error) {
      if (error instanceof LookupFailure && error.kind === 'not-connected') counts.calls -= 1;
      throw error;
    }
  }

  /** Lookups wait at the same time, so their times are not added. */
  async function measure<Result>(counts: Counts, find: () => Promise<Result>): Promise<Result> {
    if (counts.waiting === 0) counts.waitingSince = clock.monotonicMs();
    counts.waiting += 1;
    try {
      return await find();
    } finally {
      counts.waiting -= 1;
      if (counts.waiting === 0) counts.waitedMs += clock.monotonicMs() - counts.waitingSince;
    }
  }
}
