import { CALL_DURATION_BOUNDS_MS, type RecentMinute, type ServiceStatus } from '../../../src/core/status.js';

/** A service that has just started, and a few facts that a test needs. */
export function aStatus(facts: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    version: '1.2.3',
    circuit: 'closed',
    queue: {
      waiting: 0,
      waitingByPriority: { next: 0, later: 0, background: 0 },
      running: 0,
      concurrency: 2,
      oldestWaitMs: 0,
      pausedForMs: 0,
    },
    dailyQuota: {
      limit: undefined,
      used: 0,
      usedByOthers: undefined,
      remaining: undefined,
      resetsAt: 3_600_000,
      projectedUse: undefined,
      isExhausted: false,
    },
    redis: undefined,
    cache: { entries: 0, bytes: 0 },
    clients: [],
    recent: [aMinute()],
    ...facts,
  };
}

export function aMinute(facts: Partial<RecentMinute> = {}): RecentMinute {
  return {
    startedAt: 0,
    answers: { memory: 0, shared: 0, flight: 0, wolkvox: 0, stale: 0 },
    errors: {},
    refusals: 0,
    calls: { answered: 0, failed: 0, meanMs: 0, slowestMs: 0, byDuration: CALL_DURATION_BOUNDS_MS.map(() => 0) },
    ...facts,
  };
}
