import type { Clock } from '../core/clock.js';
import type { DailyQuota } from '../core/limits.js';

const SAMPLE_MS = 60_000;
/** The rate is that of the last hour. */
const SAMPLES = 61;
/** The rate of a shorter time is no estimate for the day. */
const MIN_TIME_MS = 5 * 60_000;

export interface QuotaProjectionOptions {
  readonly quota: Pick<DailyQuota, 'state'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'epochMs'>;
}

export interface QuotaProjection {
  /** Looks at the count now and then once a minute. */
  start(): void;
  /** The calls at the end of the day, as `DailyQuotaStatus.projectedUse` describes them. */
  projectedUse(): number | undefined;
  stop(): void;
}

/**
 * Projects the calls of the day from those of the last hour. The calls of other programs, which a sync adds at once,
 * are no part of the rate.
 */
export function createQuotaProjection({ quota, clock }: QuotaProjectionOptions): QuotaProjection {
  let samples: readonly { readonly day: string; readonly calls: number; readonly at: number }[] = [];
  let timer: NodeJS.Timeout | undefined;

  function take(): (typeof samples)[number] {
    const { day, used, usedByOthers = 0 } = quota.state();
    return { day, calls: used - usedByOthers, at: clock.monotonicMs() };
  }

  function addSample(): void {
    samples = [...samples, take()].slice(-SAMPLES);
  }

  return {
    start() {
      addSample();
      timer = setInterval(addSample, SAMPLE_MS).unref();
    },
    projectedUse() {
      const { used, resetsAt } = quota.state();
      const now = take();
      const first = samples.find(({ day }) => day === now.day);
      if (first === undefined || now.at - first.at < MIN_TIME_MS) return undefined;
      const callsPerMs = Math.max(0, now.calls - first.calls) / (now.at - first.at);
      return Math.round(used + callsPerMs * Math.max(0, resetsAt - clock.epochMs()));
    },
    stop() {
      clearInterval(timer);
    },
  };
}
