/** One replica in a process of its own. It obeys its parent, and its calls go to the parent's call counter. */
import { Pool } from 'undici';
import type { Answer, LookupSource } from '../../src/core/answer.js';
import { createCallQueue } from '../../src/calls/call-queue.js';
import { withQuota } from '../../src/calls/quota.js';
import { withSlots } from '../../src/calls/slots.js';
import { createClock } from '../../src/core/clock.js';
import type { ServiceEvent } from '../../src/core/events.js';
import { LookupFailure } from '../../src/core/failure.js';
import { lookupKey, readLookup } from '../../src/core/lookup.js';
import { createRedis, type RedisOptions, type SharedRedis } from '../../src/redis/redis.js';

export type ReplicaOptions = Omit<RedisOptions, 'clock' | 'observe'> & { readonly counterUrl: string };

export type Order =
  | { readonly act: 'start'; readonly options: ReplicaOptions }
  /** Finds a customer. A call lasts for `callMs`, and the answer must be sent at most `maxAgeMs` ago. */
  | { readonly act: 'find'; readonly customerId: string; readonly callMs: number; readonly maxAgeMs?: number }
  /** Finds other customers for `ms`, `parallel` at once. Resolves with how many were found and how many failed. */
  | { readonly act: 'work'; readonly ms: number; readonly parallel: number; readonly callMs: number }
  | { readonly act: 'consume'; readonly tries: number }
  | { readonly act: 'report' }
  | { readonly act: 'stop' };

export interface Found {
  readonly sentAt: number;
  readonly source: Answer['source'];
}
export interface Report {
  readonly state: ReturnType<SharedRedis['state']>;
  readonly events: readonly ServiceEvent[];
}

const DEADLINE_MS = 60_000;
const clock = createClock();
const events: ServiceEvent[] = [];
const callMsOf = new Map<string, number>();
let running: { readonly redis: SharedRedis; readonly source: LookupSource } | undefined;

process.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
  obey(order).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: error instanceof LookupFailure ? error.kind : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0 });

async function obey(order: Order): Promise<unknown> {
  if (order.act === 'start') return start(order.options);
  if (running === undefined) throw new Error('The replica is not started.');
  const { redis } = running;
  switch (order.act) {
    case 'find': {
      const { sentAt, source } = await find(order.customerId, order.callMs, order.maxAgeMs);
      return { sentAt, source } satisfies Found;
    }
    case 'work':
      return work(order.ms, order.parallel, order.callMs);
    case 'consume': {
      const results = await Promise.allSettled(Array.from({ length: order.tries }, () => redis.quota.consume()));
      return results.filter(({ status }) => status === 'fulfilled').length;
    }
    case 'report':
      return { state: redis.state(), events } satisfies Report;
    case 'stop':
      return redis.stop();
  }
}

/** The layers between the caches and the client, in the order of the service. */
async function start({ counterUrl, ...options }: ReplicaOptions): Promise<void> {
  const observe = (event: ServiceEvent): void => void events.push(event);
  const redis = createRedis({ ...options, clock, observe });
  const queue = createCallQueue({
    concurrency: options.concurrency,
    limit: 1_000,
    pausedForMs: () => redis.slots.pausedForMs(),
    clock,
  });
  const pool = new Pool(counterUrl, { connections: 2 });
  const client: LookupSource = {
    async find(lookup, { signal }) {
      signal.throwIfAborted();
      const sentAt = clock.epochMs();
      const ms = callMsOf.get(lookupKey(lookup)) ?? 0;
      const path = `/?ms=${ms}&label=${process.pid}`;
      const { statusCode, body } = await pool.request({ path, method: 'GET', signal });
      await body.dump();
      if (statusCode !== 200) throw new LookupFailure('malformed', { retryAfterSeconds: 7 });
      return { records: [], sentAt, source: 'wolkvox' };
    },
  };
  const layers = [redis.awaitOthers, queue.layer, redis.lead, withSlots(redis.slots, observe), withQuota(redis.quota)];
  running = { redis, source: layers.reduceRight((next, layer) => layer(next), client) };
  await redis.start();
}

async function find(customerId: string, callMs: number, maxAgeMs = DEADLINE_MS): Promise<Answer> {
  const lookup = readLookup({ customerId });
  callMsOf.set(lookupKey(lookup), callMs);
  const now = clock.epochMs();
  const answer = await running?.source.find(lookup, {
    operation: { startedAt: now },
    deadline: clock.monotonicMs() + DEADLINE_MS,
    signal: AbortSignal.timeout(DEADLINE_MS),
    minSentAt: now - maxAgeMs,
    minStaleSentAt: now - maxAgeMs,
    mergesCampaigns: false,
  });
  if (answer === undefined) throw new Error('The replica is not started.');
  return answer;
}

async function work(ms: number, parallel: number, callMs: number): Promise<{ found: number; failed: number }> {
  const end = clock.monotonicMs() + ms;
  const counts = { found: 0, failed: 0 };
  let customers = 0;
  const worker = async (): Promise<void> => {
    while (clock.monotonicMs() < end) {
      customers += 1;
      try {
        await find(`${process.pid}-${customers}`, callMs);
        counts.found += 1;
      } catch (error) {
        if (!(error instanceof LookupFailure)) throw error;
        counts.failed += 1;
        // A caller of a service without Redis comes back a little later.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return counts;
}
