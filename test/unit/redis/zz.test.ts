import { it } from 'vitest';
import { randomBytes } from 'node:crypto';
import { closeAtEnd } from '../../support/close-at-end.js';
import { createLocalCalls, startLocalReplica } from '../../support/local-replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { campaignRecord } from '../../support/record.js';
import { readLookup } from '../../../src/core/lookup.js';
const RECORDS = Array.from({ length: 12 }, (_, index) =>
  campaignRecord({ opts: Array.from({ length: 12 }, () => randomBytes(60 + 170 * index).toString('base64')) }),
);
it('x', { timeout: 15000 }, async (test) => {
  const t0 = performance.now(); const log = (...a: unknown[]): void => console.log((performance.now() - t0).toFixed(0), ...a);
    const redis = await closeAtEnd(test, startRedis({config: {maxmemory: '4mb', 'maxmemory-policy': 'noeviction'}}));
    const replicas = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    const calls = createLocalCalls();
    let index = 0;
    const timer = setInterval(() => log(index, JSON.stringify(replicas.map((r) => [r.state(), r.events]))), 1000);
    test.onTestFinished(() => clearInterval(timer));
    for (; index < 400; index += 1) {
        const replica = replicas[index % 2]!;
        const source = replica.singleFlight(async () => {
          await calls.make(replica, 1);
          await replica.quota.consume();
          return { records: RECORDS.slice(index % 12, (index % 12) + 1), sentAt: Date.now(), source: 'wolkvox' };
        });
        const lookup = readLookup({ phone: `${3_005_550_000 + index}` });
        await source.find(lookup, lookupOptions(replica.clock)).catch((e: unknown) => log(index, JSON.stringify(e)));
      }
    log('done');
});
