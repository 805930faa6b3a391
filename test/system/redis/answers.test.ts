import { describe, expect, it } from 'vitest';
import { readLookup } from '../../../src/records/lookup.js';
import { until, UNTIL_TOLD } from '../../support/replicas.js';
import type { Replica } from '../../support/replicas.js';
import { play } from '../../support/redis-cluster.js';

const PATIENCE = 40_000;

// A machine that stands still for a second looks like a Redis that is away, and then each replica asks for itself, as it should; so a
// story that such a second has spoilt is told once more. What must never be is told by the other files, without a second try.
describe.concurrent('answers shared by replicas', { timeout: 60_000, retry: 1 }, () => {
  it('come from one call when four replicas ask the same at once, and from none afterwards', () =>
    play({}, async ({ witness, replicas }) => {
      const all = await replicas(4);
      const answers = await Promise.all(all.flatMap((one) => [find(one, 1, 500), find(one, 1, 500)]));
      expect(witness.begun).toHaveLength(1);
      expect(answers.map(({ records }) => records)).toEqual(answers.map(() => []));
      await Promise.all(all.map((one) => find(one, 1, 500)));
      expect(witness.begun).toHaveLength(1);
      await Promise.all(all.map((one) => find(one, 2, 10)));
      expect(witness.begun).toHaveLength(2);
    }));

  it('come from two calls at most when the replica that calls is killed', () =>
    play({}, async ({ witness, replica }) => {
      const [leader, second, third] = await Promise.all([replica(), replica(), replica()]);
      const lost = Promise.allSettled([find(leader, 1, 30_000)]);
      await witness.hasBegun(1);
      const waited = [find(second, 1, 50), find(third, 1, 50), find(third, 1, 50)];
      leader.signal('SIGKILL');
      await Promise.all(waited);
      expect(witness.begun).toHaveLength(2);
      void lost;
    }));

  it('are failures for everybody who waits, with code and message, and nobody calls again for them', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [leader, follower] = await Promise.all([replica(), replica()]);
      witness.refuse('Expected a token that Wolkvox knows.');
      const first = find(leader, 1, UNTIL_TOLD).catch(String);
      await witness.hasBegun(1);
      const second = find(follower, 1, UNTIL_TOLD).catch(String);
      await until(async () => (await joinedIn(redis)) === 1);
      witness.endHeld();
      const results = await Promise.all([first, second]);
      expect(results).toEqual(['Error: UPSTREAM_REFUSED', 'Error: UPSTREAM_REFUSED']);
      expect(witness.begun).toHaveLength(1);
    }));

  it('join only calls that are young enough for them', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [first, second, third] = await Promise.all([replica(), replica(), replica()]);
      const slow = find(first, 1, 1_500);
      await witness.hasBegun(1);
      await until(async () => (await keysOf(redis, '*:sent:*')).length === 1);
      const fresh = find(second, 1, 1_000, 0);
      await witness.hasBegun(2);
      const patient = find(third, 1, 1_000, 30_000);
      await Promise.all([slow, fresh, patient]);
      expect(witness.begun).toHaveLength(2);
    }));

  it('share one call that waits for its turn, however young they must be', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [holder, first, second] = await Promise.all([replica(), replica(), replica()]);
      const held = [1, 2].map(() => holder.order({ act: 'once', ms: UNTIL_TOLD, label: 'held', patienceMs: PATIENCE }));
      await witness.hasBegun(2);
      const leading = find(first, 1, 100);
      await until(async () => (await keysOf(redis, '*:flight:*')).length === 1);
      const following = find(second, 1, 100, 0);
      await until(async () => (await joinedIn(redis)) === 1);
      witness.endHeld();
      await Promise.all([leading, following, ...held]);
      expect(witness.begun).toEqual(['held', 'held', 'find']);
    }));

  it('are as old as they are, whatever the clock of a replica shows', () =>
    play({}, async ({ witness, replica }) => {
      const [right, ahead] = await Promise.all([replica(), replica({}, 6 * 3_600_000)]);
      await find(right, 1, 10);
      await find(ahead, 1, 10);
      expect(witness.begun).toHaveLength(1);
      await find(ahead, 2, 10);
      await find(right, 2, 10);
      expect(witness.begun).toHaveLength(2);
      await find(right, 2, 10, 0);
      expect(witness.begun).toHaveLength(3);
    }));

  it('stand in when they are stale and Wolkvox cannot answer, and only then', () =>
    play({}, async ({ witness, replica }) => {
      const [one, other] = await Promise.all([
        replica({ freshness: { freshMs: 1, staleMs: 3_600_000 } }),
        replica({ freshness: { freshMs: 1, staleMs: 3_600_000 } }),
      ]);
      const first = await find(one, 1, 10);
      const second = await find(one, 1, 10);
      expect(second.fetchedAt).toBeGreaterThan(first.fetchedAt);
      witness.refuse('Expected a token that Wolkvox knows.');
      const stale = await find(other, 1, 10);
      expect(stale.records).toEqual([]);
      await expect(find(other, 1, 10, 0)).rejects.toThrow('UPSTREAM_REFUSED');
    }));

  it('are asked for without Redis as if nothing were shared', () =>
    play({}, async ({ redis, witness, replica }) => {
      const one = await replica();
      await find(one, 1, 10);
      redis.freeze();
      await expect(find(one, 1, 10)).rejects.toThrow('UPSTREAM_UNAVAILABLE');
      redis.thaw();
      await until(async () => (await one.order({ act: 'health' })) === 'up');
      await find(one, 1, 10);
      expect(witness.begun).toHaveLength(1);
    }));
});

async function find(
  replica: Replica,
  question: number,
  ms: number,
  maxAgeMs?: number,
): Promise<{ records: unknown; fetchedAt: number }> {
  const lookup = readLookup({ phone: `300555010${question}` });
  const answer = await replica.order({
    act: 'find',
    lookup,
    ms,
    patienceMs: PATIENCE,
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  });
  return answer as { records: unknown; fetchedAt: number };
}

async function keysOf(
  redis: { ask: (command: string, pattern: string) => Promise<unknown> },
  pattern: string,
): Promise<string[]> {
  const keys = await redis.ask('KEYS', pattern);
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** How many replicas wait for the call of another. */
async function joinedIn(redis: { ask: (command: string, argument: string) => Promise<unknown> }): Promise<number> {
  const [lock] = await keysOf(redis, '*:flight:*');
  if (lock === undefined) return 0;
  // A flight, its leader's connection, and a word for each that waits.
  return String(await redis.ask('GET', lock)).split(' ').length - 2;
}
