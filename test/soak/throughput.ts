/**
 * Measures how well three replicas share two slots: `npx tsx test/soak/throughput.ts [seconds]`. It prints the calls as
 * a share of the ideal, which is two calls at every moment, and the share of the slowest replica.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../support/redis-server.js';
import { startCallCounter, startReplica, type CallCounter, type Replica } from '../support/replicas.js';

const REPLICAS = 3;
/** Lookups that wait in each replica. */
const PARALLEL = 8;
/** The work before the measurement begins. */
const WARM_UP_MS = 1_000;

const seconds = Number(process.argv[2] ?? 15);
const redis = await startRedis();
const counter = await startCallCounter();
const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => startReplica(redis, counter)));
try {
  for (const callMs of [40, 300]) console.log(await measure(replicas, counter, callMs, seconds * 1_000));
} finally {
  await Promise.all(replicas.map((replica) => replica.end()));
  await counter.close();
  await redis.close();
}

async function measure(all: readonly Replica[], calls: CallCounter, callMs: number, ms: number): Promise<string> {
  const work = Promise.all(all.map((replica) => replica.work(WARM_UP_MS + ms, PARALLEL, callMs)));
  await sleep(WARM_UP_MS);
  const before = calls.begun().length;
  const startedAt = performance.now();
  await sleep(ms - 500);
  const elapsedMs = performance.now() - startedAt;
  const begun = calls.begun().slice(before);
  await work;
  const share = begun.length / ((2 * elapsedMs) / callMs);
  const shares = all.map(({ label }) => begun.filter((other) => other === label).length / begun.length);
  return [
    `calls of ${callMs} ms: ${begun.length} in ${(elapsedMs / 1_000).toFixed(1)} s`,
    `share of the ideal ${share.toFixed(3)}`,
    `slowest replica ${Math.min(...shares).toFixed(3)}`,
    `most at once ${calls.most()}`,
  ].join(', ');
}
