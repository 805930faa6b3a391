import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryCache, type MemoryCache } from '../../../src/cache/memory.js';
import { startOperation, type RunningOperation } from '../../../src/graphql/operation.js';
import type { ServiceEvent } from '../../../src/records/events.js';
import { LookupFailure } from '../../../src/records/failure.js';
import { lookupKey, type Lookup } from '../../../src/records/lookup.js';
import type { CampaignRecord } from '../../../src/records/record.js';
import { askingOf, type Answer, type Asking, type RecordSource } from '../../../src/records/source.js';

const FRESH = 300_000;
const STALE = 3_600_000;
const ANA: Lookup = { customerId: '20111222' };

const record = (customerId: string, text = ''): CampaignRecord => ({
  campaignId: '4821',
  customerId,
  customerName: text,
  customerLastName: null,
  opts: Array.from({ length: 12 }, () => null),
  phones: [{ position: 1, number: '93001112233' }],
  address: null,
  date: null,
  calls: 0,
  connId: null,
  result: 'CLEAN',
  outcome: 'CLEAN',
});

/** A source whose calls the test answers by hand, in front of it a cache, and a clock. */
class Bench implements RecordSource {
  now = 1_000_000;
  readonly events: ServiceEvent[] = [];
  readonly calls: {
    lookup: Lookup;
    asking: Asking;
    resolve: (records?: CampaignRecord[]) => Promise<void>;
    reject: (failure: LookupFailure) => Promise<void>;
  }[] = [];
  readonly cache: MemoryCache;

  constructor(options: { freshMs?: number; staleMs?: number; maxBytes?: number } = {}) {
    const { freshMs = FRESH, staleMs = STALE, maxBytes = 1_000_000 } = options;
    this.cache = createMemoryCache(this, {
      freshness: { freshMs, staleMs },
      maxBytes,
      observe: (event) => this.events.push(event),
      now: () => this.now,
    });
  }

  find(lookup: Lookup, asking: Asking): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.calls.push({
        lookup,
        asking,
        resolve: async (records = []) => {
          resolve({ records, fetchedAt: this.now });
          await turn();
        },
        reject: async (failure) => {
          reject(failure);
          await turn();
        },
      });
    });
  }

  async ask(lookup: Lookup, maxAgeMs?: number, operation = start()): Promise<{ answer: Promise<Answer> }> {
    const answer = this.cache.find(lookup, askingOf(operation, maxAgeMs));
    answer.catch(() => undefined);
    await turn();
    return { answer };
  }
}

function start(calls = 250): RunningOperation {
  const operation = startOperation({ deadlineMs: 60_000, calls }, () => 0);
  return operation;
}

/** Lets everything run that can. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const down = new LookupFailure('UPSTREAM_UNAVAILABLE', 'planned');

describe('the memory cache', () => {
  it('serves an answer for as long as it is fresh, an empty one too, and asks again after that', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.calls[0]?.resolve([]);
    bench.now += FRESH - 1;
    await expect((await bench.ask(ANA)).answer).resolves.toMatchObject({ records: [], fetchedAt: 1_000_000 });
    expect(bench.calls).toHaveLength(1);
    bench.now += 1;
    await bench.ask(ANA);
    expect(bench.calls).toHaveLength(2);
  });

  it('keeps no failure, and shares it among those who wait for it', async () => {
    const bench = new Bench();
    const waiting = [await bench.ask(ANA), await bench.ask(ANA)];
    await bench.calls[0]?.reject(down);
    for (const { answer } of waiting) await expect(answer).rejects.toBe(down);
    await bench.ask(ANA);
    expect(bench.calls).toHaveLength(2);
  });

  it('lets a stale answer stand in for every upstream failure, for as long as it may, and for nothing else', async () => {
    for (const code of [
      'UPSTREAM_TIMEOUT',
      'UPSTREAM_BUSY',
      'UPSTREAM_QUOTA_EXHAUSTED',
      'UPSTREAM_UNAVAILABLE',
      'UPSTREAM_REFUSED',
      'UPSTREAM_MALFORMED',
      'RESULT_TOO_LARGE',
    ] as const) {
      const bench = new Bench();
      await bench.ask(ANA);
      await bench.calls[0]?.resolve([record('20111222')]);
      bench.now += FRESH + STALE - 1;
      const { answer } = await bench.ask(ANA);
      await bench.calls[1]?.reject(new LookupFailure(code, 'planned'));
      if (code === 'RESULT_TOO_LARGE') await expect(answer).rejects.toMatchObject({ code });
      else await expect(answer).resolves.toMatchObject({ fetchedAt: 1_000_000 });
      bench.now += 1;
      const late = await bench.ask(ANA);
      await bench.calls[2]?.reject(new LookupFailure(code, 'planned'));
      await expect(late.answer).rejects.toMatchObject({ code });
    }
  });

  it('serves no answer older than the caller accepts, in failure neither', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.calls[0]?.resolve();
    bench.now += 10_000;
    await expect((await bench.ask(ANA, 10_001)).answer).resolves.toMatchObject({ fetchedAt: 1_000_000 });
    const { answer } = await bench.ask(ANA, 10_000);
    expect(bench.calls).toHaveLength(2);
    await bench.calls[1]?.reject(down);
    await expect(answer).rejects.toBe(down);
  });

  it('lets a stale answer stand in at the deadline of an operation', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.calls[0]?.resolve();
    bench.now += FRESH;
    const operation = start();
    const { answer } = await bench.ask(ANA, undefined, operation);
    operation.end();
    await expect(answer).resolves.toMatchObject({ fetchedAt: 1_000_000 });
  });

  it('joins a flight that is not sent whatever the age wished, and a sent one only if it is young enough', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.ask(ANA, 0);
    expect(bench.calls).toHaveLength(1);
    expect(bench.calls[0]?.asking.maxAgeMs).toBe(0);
    bench.calls[0]?.asking.onSent();
    bench.now += 1_000;
    await bench.ask(ANA, 1_001);
    expect(bench.calls).toHaveLength(1);
    await bench.ask(ANA, 1_000);
    await bench.ask(ANA, 0);
    expect(bench.calls).toHaveLength(2);
    // The later answer stays, in whichever order they come.
    bench.now += 1;
    await bench.calls[1]?.resolve([record('later')]);
    bench.now -= 1;
    await bench.calls[0]?.resolve([record('earlier')]);
    await expect((await bench.ask(ANA)).answer).resolves.toMatchObject({ records: [{ customerId: 'later' }] });
  });

  it('tells the flight when the last one leaves, and starts a new one for who comes then', async () => {
    const bench = new Bench();
    const [one, other] = [start(), start()];
    const first = await bench.ask(ANA, undefined, one);
    await bench.ask(ANA, undefined, other);
    one.end();
    await expect(first.answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(bench.calls[0]?.asking.signal.aborted).toBe(false);
    other.end();
    expect(bench.calls[0]?.asking.signal.aborted).toBe(true);
    await bench.ask(ANA);
    expect(bench.calls).toHaveLength(2);
  });

  it('lets a call that is sent end into the cache though nobody waits, and newcomers join it', async () => {
    const bench = new Bench();
    const one = start();
    await bench.ask(ANA, undefined, one);
    bench.calls[0]?.asking.onSent();
    one.end();
    const { answer } = await bench.ask(ANA);
    await bench.calls[0]?.resolve([record('20111222')]);
    await expect(answer).resolves.toMatchObject({ records: [{ customerId: '20111222' }] });
    expect(bench.calls).toHaveLength(1);
  });

  it('charges who causes a call, and nobody for what is known or under way', async () => {
    const bench = new Bench();
    const poor = start(1);
    await bench.ask(ANA, undefined, poor);
    const { answer } = await bench.ask({ phone: '3001112233' }, undefined, poor);
    await expect(answer).rejects.toMatchObject({ code: 'TOO_MANY_LOOKUPS', retryable: false });
    await bench.ask(ANA, undefined, start(0));
    expect(bench.calls).toHaveLength(1);
    await bench.calls[0]?.resolve();
    await expect((await bench.ask(ANA, undefined, start(0))).answer).resolves.toMatchObject({ records: [] });
  });

  it('keeps nothing without a time to live, and shares flights all the same', async () => {
    const bench = new Bench({ freshMs: 0 });
    await bench.ask(ANA);
    await bench.ask(ANA);
    bench.calls[0]?.asking.onSent();
    await bench.ask(ANA);
    expect(bench.calls).toHaveLength(1);
    await bench.calls[0]?.resolve();
    await bench.ask(ANA);
    expect(bench.calls).toHaveLength(2);
    expect(bench.cache.state.entries).toBe(0);
  });

  it('stays within its bytes and lets the least recently used go first', async () => {
    const bench = new Bench({ maxBytes: 50_000 });
    const lookups = Array.from({ length: 10 }, (_, index): Lookup => ({ customerId: `${index}` }));
    for (const [index, lookup] of lookups.entries()) {
      await bench.ask(lookup);
      await bench.calls[index]?.resolve([record(`${index}`, 'x'.repeat(4_000))]);
      await bench.ask(lookups[0] as Lookup);
    }
    expect(bench.cache.state.bytes).toBeLessThanOrEqual(50_000);
    expect(bench.cache.state.entries).toBeLessThan(10);
    expect(bench.calls).toHaveLength(10);
    await bench.ask(lookups[1] as Lookup);
    expect(bench.calls).toHaveLength(11);
  });

  it('forgets a person in what is kept and in what is under way', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.calls[0]?.resolve([record('20111222')]);
    await bench.ask({ phone: '3001112233' });
    expect(bench.cache.forget({ customerId: '20111222' })).toBe(1);
    await bench.calls[1]?.resolve([record('20111222')]);
    expect(bench.cache.state.entries).toBe(0);
  });

  it('reports where each answer came from, and what it refused', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.ask(ANA);
    await bench.calls[0]?.resolve();
    await bench.ask(ANA);
    bench.now += FRESH;
    await bench.ask(ANA);
    await bench.calls[1]?.reject(down);
    await bench.ask({ phone: '3001112233' }, undefined, start(0));
    expect(bench.events).toEqual([
      { event: 'answer', from: 'flight' },
      { event: 'answer', from: 'memory' },
      { event: 'answer', from: 'stale', because: 'UPSTREAM_UNAVAILABLE' },
      { event: 'refused', code: 'TOO_MANY_LOOKUPS', why: 'too-many-lookups' },
    ]);
  });

  it('leaves nothing behind: no flight, no listener on an operation that goes on', async () => {
    const bench = new Bench();
    const operation = start();
    await bench.ask(ANA, undefined, operation);
    bench.calls[0]?.asking.onSent();
    await bench.ask(ANA, 0, operation);
    await bench.ask({ phone: '3001112233' }, undefined, operation);
    expect(bench.cache.state.flights).toBe(2);
    expect(getEventListeners(operation.signal, 'abort')).toHaveLength(3);
    await bench.calls[0]?.resolve();
    // The later one of the two is still there to be joined.
    await bench.ask(ANA, 0, operation);
    expect(bench.calls).toHaveLength(3);
    await bench.calls[1]?.resolve();
    await bench.calls[2]?.reject(down);
    expect(bench.cache.state.flights).toBe(0);
    expect(getEventListeners(operation.signal, 'abort')).toHaveLength(0);
  });

  it('lets the latest deadline of those who wait count, as they come and go', async () => {
    const bench = new Bench();
    const [early, late] = [start(), Object.assign(start(), { deadline: 90_000 })];
    await bench.ask(ANA, undefined, early);
    expect(bench.calls[0]?.asking.deadline).toBe(60_000);
    await bench.ask(ANA, undefined, late);
    expect(bench.calls[0]?.asking.deadline).toBe(90_000);
    late.end();
    expect(bench.calls[0]?.asking.deadline).toBe(60_000);
  });

  it('rejects an operation that is over before it asks, and tells the flight that nobody waits', async () => {
    const bench = new Bench();
    const gone = start();
    gone.end();
    const { answer } = await bench.ask(ANA, undefined, gone);
    await expect(answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(bench.calls.every(({ asking }) => asking.signal.aborted)).toBe(true);
  });

  it('lets answers go when their time is over, though nobody asks', async () => {
    const bench = new Bench({ freshMs: 20, staleMs: 20 });
    await bench.ask(ANA);
    await bench.calls[0]?.resolve([record('20111222')]);
    expect(bench.cache.state.entries).toBe(1);
    await expect.poll(() => bench.cache.state.entries, { interval: 5 }).toBe(0);
  });

  it('counts two bytes a character of every text, and something for the rest', async () => {
    const bench = new Bench();
    await bench.ask(ANA);
    await bench.calls[0]?.resolve([record('20111222', 'x'.repeat(1_000))]);
    const small = bench.cache.state.bytes;
    expect(small).toBeGreaterThan(2_000);
    expect(small).toBeLessThan(5_000);
    const wide = { ...record('20111223'), opts: Array.from({ length: 12 }, () => 'y'.repeat(100)) };
    await bench.ask({ customerId: '20111223' });
    await bench.calls[1]?.resolve([wide]);
    expect(bench.cache.state.bytes - small).toBeGreaterThan(2_400);
  });

  it('asks as seldom as a plain model says, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('ask' as const),
        who: fc.nat({ max: 2 }),
        maxAgeMs: fc.option(fc.nat({ max: 400_000 }), { nil: undefined }),
      }),
      fc.record({ do: fc.constant('send' as const), who: fc.nat({ max: 2 }) }),
      fc.record({ do: fc.constant('answer' as const), who: fc.nat({ max: 2 }) }),
      fc.record({ do: fc.constant('fail' as const), who: fc.nat({ max: 2 }) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 400_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const bench = new Bench({ staleMs: 0 });
        const open = new Map<string, { sentAt: number | undefined; call: number }[]>();
        const kept = new Map<string, number>();
        let expected = 0;
        for (const one of steps) {
          if (one.do === 'pass') {
            bench.now += one.ms;
            continue;
          }
          const lookup: Lookup = { customerId: `${one.who}` };
          const key = lookupKey(lookup);
          const flights = open.get(key) ?? [];
          if (one.do === 'ask') {
            const { maxAgeMs } = one;
            const at = kept.get(key);
            const isKnown = at !== undefined && bench.now - at < Math.min(FRESH, maxAgeMs ?? Infinity);
            const joins = flights.some(
              ({ sentAt }) => maxAgeMs === undefined || sentAt === undefined || bench.now - sentAt < maxAgeMs,
            );
            if (!isKnown && !joins) {
              open.set(key, [...flights, { sentAt: undefined, call: expected }]);
              expected += 1;
            }
            await bench.ask(lookup, maxAgeMs);
          } else {
            const flight = flights[0];
            if (flight === undefined) continue;
            if (one.do === 'send') {
              flight.sentAt ??= bench.now;
              bench.calls[flight.call]?.asking.onSent();
              continue;
            }
            open.set(key, flights.slice(1));
            if (one.do === 'fail') await bench.calls[flight.call]?.reject(down);
            else {
              kept.set(key, bench.now);
              await bench.calls[flight.call]?.resolve();
            }
          }
          expect(bench.calls).toHaveLength(expected);
        }
      }),
      { numRuns: 300 },
    );
  });
});
