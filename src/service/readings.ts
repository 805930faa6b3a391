import type { ServiceStatus } from '../core/status.js';
import type { Readings } from '../telemetry/metrics.js';
import { callsLeftToday, type Parts } from './parts.js';

/** The state of the parts, for the metrics. */
export function readGauges({ queue, circuit, quota, cache, texts, redis }: Parts): Readings {
  const { entries, bytes } = cache.state();
  return {
    queue: queue.state(),
    circuit: circuit.state(),
    quota: quota.state(),
    cache: { entries, bytes: bytes + texts.bytes() },
    redis: redis?.state(),
  };
}

/** The state of the parts, for the graph and the status page. It causes no call. */
export function readStatus(parts: Parts): Omit<ServiceStatus, 'version' | 'clients' | 'recent'> {
  const { circuit, cache, redis } = readGauges(parts);
  const { limit, used, usedByOthers, resetsAt, isExhausted } = parts.quota.state();
  return {
    circuit,
    queue: parts.queue.status(),
    dailyQuota: {
      ...{ limit, used, usedByOthers, resetsAt, isExhausted },
      remaining: callsLeftToday(parts.quota),
      projectedUse: parts.projection.projectedUse(),
    },
    redis: redis && { connection: redis.connection, slotsHeld: redis.slotsHeld, slotsWaiting: redis.slotsWaiting },
    cache,
  };
}

/** The state of the parts, for `/readyz`. */
export function readHealth({ circuit, queue, quota, redis }: Parts): object {
  const { day, used, limit, isExhausted } = quota.state();
  return {
    wolkvox: { circuit: circuit.state() },
    queue: queue.state(),
    quota: { day, used, limit, isExhausted },
    ...(redis === undefined ? {} : { redis: redis.state() }),
  };
}
