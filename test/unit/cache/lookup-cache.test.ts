import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, SharedCache } from '../../../src/core/answer.js';
import { FAILURES, type FailureKind } from '../../../src/core/failure.js';
import { lookupKey, type Lookup } from '../../../src/core/lookup.js';
import { ANA, BEA, FRESH_MS, STALE_MS, createTestCache, fill } from '../../support/lookup-cache.js';
import { createManualClock, settle } from '../../support/lookup-source.js';
import { campaignRecord } from '../../support/record.js';

describe('A cached answer', () => {
  it('is served if its call was sent at or after minSentAt', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    test.clock.advance(10_000);
    await expect(test.find(ANA, { minSentAt: sentAt })).resolves.toMatchObject({ sentAt });
    expect(test.source.calls).toHaveLength(1);
    void test.find(ANA, { minSentAt: sentAt + 1 });
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('is served although it has no records', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    await test.source.call(0).answer();
    await found;
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [] });
    expect(test.source.calls).toHaveLength(1);
  });

  it('does not answer another lookup', async () => {
    const test = createTestCache();
    await fill(test, ANA);
    void test.find(BEA);
    void test.find({ ...BEA, ...ANA });
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, BEA, { ...BEA, ...ANA }]);
  });

  it('is replaced by none that was sent earlier, in whatever order answers arrive (defect 1)', async () => {
    const sent = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        sent.chain((times) => fc.tuple(fc.constant(times), fc.shuffledSubarray(times, { minLength: times.length }))),
        async ([times, arrivals]) => {
          const test = createTestCache();
          // Each strict caller starts a call of its own, because the calls before it were sent too early.
          const startMs = test.clock.epochMs();
          let nowMs = 0;
          const order = [...times].sort((one, other) => one - other);
          for (const time of order) {
            test.clock.advance(time - nowMs);
            nowMs = time;
            void test.find(ANA, { minSentAt: startMs + time });
            await settle();
          }
          expect(test.source.calls).toHaveLength(times.length);
          let latest = 0;
          for (const time of arrivals) {
            await test.source.call(order.indexOf(time)).answer({ sentAt: startMs + time });
            latest = Math.max(latest, time);
            await expect(test.find(ANA)).resolves.toMatchObject({ sentAt: startMs + latest });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is dropped when neither fresh nor stale answers are of use any more', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    const sentAt = test.clock.epochMs() - FRESH_MS - STALE_MS;
    await test.source.call(0).answer({ sentAt });
    await found;
    expect(test.cache.state().entries).toBe(0);
    await fill(test, ANA);
    expect(test.cache.state().entries).toBe(1);
  });
});

describe('A remembered failure', () => {
  const remembered = Object.entries(FAILURES).flatMap(([kind, policy]) => ('rememberMs' in policy ? [kind] : []));

  it('is one of a refused request, a malformed answer and a result that is too large', () => {
    expect(remembered.sort()).toEqual(['malformed', 'request', 'too-large']);
  });

  it.each(remembered)('of kind %s answers equal lookups without a call', async (kind) => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    await test.source.call(0).fail(kind as FailureKind);
    await expect(found).rejects.toMatchObject({ kind });
    for (let time = 0; time < 20; time += 1) await expect(test.find(ANA)).rejects.toMatchObject({ kind });
    expect(test.source.calls).toHaveLength(1);
    void test.find(BEA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('does not answer a caller that asks for a later call', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('malformed');
    test.clock.advance(1);
    const strict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer();
    await strict;
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [] });
  });

  it('is dropped after its time', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('malformed');
    test.clock.advance(59_999);
    await expect(test.find(ANA)).rejects.toMatchObject({ kind: 'malformed' });
    test.clock.advance(1);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('is none of a kind that may pass', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('server');
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });
});

describe('An erasure', () => {
  it('drops the answers about a person, and says how many', async () => {
    const test = createTestCache();
    await fill(test, ANA);
    await fill(test, BEA);
    expect(test.cache.erase({ customerId: '20111222' })).toBe(1);
    expect(test.cache.state().entries).toBe(1);
    expect(test.cache.erase()).toBe(1);
    expect(test.cache.state()).toEqual({ entries: 0, bytes: 0 });
    expect(test.events.filter(({ event }) => event === 'cache.erased')).toHaveLength(2);
  });

  it('keeps the answers of calls that are under way out of the cache', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    test.cache.erase({ customerId: '20111222' });
    await test.source.call(0).answer({ records: [campaignRecord()] });
    await expect(found).resolves.toMatchObject({ records: [{}] });
    expect(test.cache.state().entries).toBe(0);
    await fill(test, ANA);
    expect(test.cache.state().entries).toBe(1);
  });

  it('keeps an answer out of memory that the shared cache gives meanwhile', async () => {
    let give: (answer: Answer) => void = () => undefined;
    const sharedCache: SharedCache = {
      read: () => new Promise((resolve) => (give = resolve)),
    };
    const clock = createManualClock();
    const test = createTestCache({ sharedCache }, clock);
    const found = test.find(ANA);
    test.cache.erase();
    give({ records: [campaignRecord()], sentAt: clock.epochMs(), source: 'shared' });
    await settle();
    expect(test.cache.state().entries).toBe(0);
    // The answer of before the erasure is not served, either.
    await test.source.call(0).answer();
    await expect(found).resolves.toMatchObject({ records: [] });
  });
});

describe('The lookup cache', () => {
  it('caches nothing with freshMs 0, and shares the calls under way', async () => {
    const test = createTestCache({ freshMs: 0 });
    const found = [test.find(ANA), test.find(ANA)];
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await Promise.all(found);
    expect(test.cache.state().entries).toBe(0);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).fail('malformed');
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(3);
  });

  it('reports a lookup that was refused without a call, and no other failure', async () => {
    const test = createTestCache();
    const refused = test.find(ANA);
    const failed = test.find(BEA);
    await settle();
    await test.source.call(0).fail('queue-full');
    await test.source.call(1).fail('server');
    await Promise.allSettled([refused, failed]);
    expect(test.events).toMatchObject([{ event: 'lookup.refused', code: 'UPSTREAM_BUSY', reason: 'queue-full' }]);
  });

  it('makes exactly the calls that a plain model expects, whatever happens in whatever order', async () => {
    const who = fc.nat({ max: 2 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('find' as const), who, maxAgeMs: fc.nat({ max: 10_000 }) }),
      fc.record({ do: fc.constant('answer' as const), who }),
      fc.record({ do: fc.constant('fail' as const), who }),
      fc.record({ do: fc.constant('wait' as const), who, ms: fc.nat({ max: 5_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const test = createTestCache();
        const running = new Map<string, { readonly sentAt: number; readonly index: number }[]>();
        const cached = new Map<string, number>();
        let expected = 0;
        for (const each of steps) {
          const lookup: Lookup = { customerId: `${each.who}` };
          const key = lookupKey(lookup);
          const calls = running.get(key) ?? [];
          if (each.do === 'wait') {
            test.clock.advance(each.ms);
          } else if (each.do === 'find') {
            const minSentAt = test.clock.epochMs() - each.maxAgeMs;
            const isCached = (cached.get(key) ?? -Infinity) >= minSentAt;
            if (!isCached && !calls.some(({ sentAt }) => sentAt >= minSentAt)) {
              running.set(key, [...calls, { sentAt: test.clock.epochMs(), index: expected }]);
              expected += 1;
            }
            void test.find(lookup, { minSentAt });
            await settle();
          } else {
            const [call, ...others] = calls;
            if (call === undefined) continue;
            running.set(key, others);
            if (each.do === 'fail') await test.source.call(call.index).fail('server');
            else await test.source.call(call.index).answer();
            if (each.do === 'answer') cached.set(key, Math.max(cached.get(key) ?? -Infinity, call.sentAt));
          }
          expect(test.source.calls).toHaveLength(expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});
