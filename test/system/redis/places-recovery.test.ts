import { describe, expect, it } from 'vitest';
import type { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { play } from '../../support/redis-cluster.js';

const PATIENCE_MS = 15_000;

describe.concurrent('places after Redis has lost its memory', { timeout: 60_000 }, () => {
  it.each([
    ['empty', true],
    ['with its data', false],
  ])('wait for no replica that was dead before: Redis is back %s', (_title, empty) =>
    play({ appendOnly: true }, async ({ redis, witness, replica }) => {
      const [first, second, third] = await Promise.all([replica(), replica(), replica()]);
      const work = [first, second].map((one) =>
        one.order({ act: 'run', calls: 12, parallel: 4, ms: 800, label: 'x', patienceMs: 60_000 }),
      );
      await witness.hasBegun(2);
      third.signal('SIGKILL');
      await until(async () => (await membersIn(redis)) === 2);
      await redis.restart({ empty });
      await Promise.all(
        [first, second].map((one) =>
          one.order({ act: 'run', calls: 2, parallel: 2, ms: 10, label: 'x', patienceMs: PATIENCE_MS }),
        ),
      );
      await Promise.all(work);
      expect(witness.most).toBe(2);
    }),
  );
});

/** How many replicas Redis counts. */
async function membersIn(redis: RedisServer): Promise<number> {
  const keys = (await redis.ask('KEYS', '*:state')) as string[];
  const state = await redis.ask('GET', keys[0] ?? '');
  return Object.keys((JSON.parse(String(state)) as { members: object }).members).length;
}
