import { expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../../src/cache/memory-store.js';
import type { Answer, Freshness } from '../../../src/core/answer.js';
import { inAllCampaigns, inWholeCampaign } from '../../../src/core/broader-lookup.js';
import { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import { createManualClock } from '../../support/lookup-source.js';
import { campaignRecord, fingerprintsOf } from '../../support/record.js';

const ANA: Lookup = { customerId: '20111222' };
const clock = createManualClock();

function createStore(freshness: Freshness, maxBytes = 1_000_000): MemoryStore {
  const broaderLookups = (lookup: Lookup): Lookup[] =>
    [inAllCampaigns(lookup), inWholeCampaign(lookup)].filter((broader) => broader !== undefined);
  return createMemoryStore({ freshness, maxBytes, broaderLookups, fingerprintsOf, clock });
}

function answerOf(text: string, sentAt = clock.epochMs()): Answer {
  return { records: [campaignRecord({ customerName: text })], sentAt, source: 'wolkvox' };
}

it('The store stays within its bytes, and drops the least recently used answer first', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 }, 50_000);
  for (let index = 0; index < 10; index += 1) {
    store.putAnswer({ customerId: `${index}` }, answerOf('x'.repeat(4_000)));
    expect(store.answer({ customerId: '0' })).toBeDefined();
  }
  const { entries, bytes } = store.state();
  expect(bytes).toBeLessThanOrEqual(50_000);
  expect(bytes).toBeGreaterThan(entries * 8_000);
  expect(entries).toBeGreaterThan(3);
  expect(entries).toBeLessThan(10);
  expect(store.answer({ customerId: '1' })).toBeUndefined();
  expect(store.answer({ customerId: '9' })).toBeDefined();
});

it('The store does not keep an answer that is larger than itself', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 }, 5_000);
  store.putAnswer(ANA, answerOf('x'.repeat(4_000)));
  expect(store.state()).toEqual({ entries: 0, bytes: 0 });
  store.putAnswer(ANA, answerOf('x'));
  expect(store.state().entries).toBe(1);
});

it('The size of an answer counts two bytes for each character of every text', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 });
  store.putAnswer(ANA, answerOf(''));
  const empty = store.state().bytes;
  const record = campaignRecord({
    customerName: 'x'.repeat(1_000),
    opts: Array.from({ length: 12 }, () => 'y'.repeat(100)),
    phones: [{ position: 1, number: '3'.repeat(18) }],
  });
  store.putAnswer(ANA, { records: [record], sentAt: clock.epochMs(), source: 'wolkvox' });
  const added = store.state().bytes - empty;
  expect(added).toBeGreaterThanOrEqual(2 * (1_000 + 1_200 + 18));
  expect(added).toBeLessThan(2 * (1_000 + 1_200 + 18) + 1_000);
});

it('An answer is dropped when its time is over, although no lookup asks for it', async () => {
  const store = createStore({ freshMs: 20, staleMs: 20 });
  store.putAnswer(ANA, answerOf('short'));
  expect(store.state().entries).toBe(1);
  await expect.poll(() => store.state().entries, { interval: 5, timeout: 30_000 }).toBe(0);
});

it('The time of an answer counts from its call, also if the answer says that it was sent later than now', async () => {
  const store = createStore({ freshMs: 30, staleMs: 10 });
  store.putAnswer(ANA, answerOf('future', clock.epochMs() + 3_600_000));
  store.putAnswer({ customerId: 'past' }, answerOf('past', clock.epochMs() - 40));
  expect(store.state().entries).toBe(1);
  await expect.poll(() => store.state().entries, { interval: 5, timeout: 30_000 }).toBe(0);
});

it.each([
  [300_000, 60_000],
  [10_000, 10_000],
])('With answers that are fresh for %i ms a failure is remembered for %i ms', (freshMs, rememberMs) => {
  const store = createStore({ freshMs, staleMs: 0 });
  const failure = new LookupFailure('malformed');
  store.putFailure(ANA, failure, clock.epochMs());
  clock.advance(rememberMs - 1);
  expect(store.failure(ANA, 0)).toBe(failure);
  clock.advance(1);
  expect(store.failure(ANA, 0)).toBeUndefined();
});

it('A failure is dropped with a later answer, and with an erasure', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 });
  const failure = new LookupFailure('malformed');
  store.putFailure(ANA, failure, clock.epochMs());
  expect(store.failure(ANA, clock.epochMs())).toBe(failure);
  expect(store.failure(ANA, clock.epochMs() + 1)).toBeUndefined();
  store.putAnswer(ANA, answerOf('later'));
  expect(store.failure(ANA, 0)).toBeUndefined();
  store.putFailure(ANA, failure, clock.epochMs());
  store.erase({ customerId: 'somebody else' });
  expect(store.failure(ANA, 0)).toBeUndefined();
});

it('An erasure drops the answers whose lookup or records name the person, and no others', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 });
  const record = campaignRecord({ customerId: '1', phones: [{ position: 1, number: '573001112233' }] });
  store.putAnswer({ customerId: '1' }, answerOf('by customer id'));
  store.putAnswer({ phone: '3001112233' }, answerOf('by phone'));
  store.putAnswer({ campaignId: '4821' }, { records: [record], sentAt: clock.epochMs(), source: 'wolkvox' });
  store.putAnswer({ customerId: '2' }, answerOf('somebody else'));
  expect(store.erase({ phone: '3001112233' })).toBe(2);
  expect(store.answer({ phone: '3001112233' })).toBeUndefined();
  expect(store.answer({ campaignId: '4821' })).toBeUndefined();
  expect(store.erase({ customerId: '1' })).toBe(1);
  expect(store.answer({ customerId: '2' })).toBeDefined();
  expect(store.erase()).toBe(1);
  expect(store.state()).toEqual({ entries: 0, bytes: 0 });
});

it('The store finds a record in each answer that holds it, until the answers are gone', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 });
  const [fingerprint = ''] = fingerprintsOf(answerOf('Ana'));
  expect(store.answerWith(fingerprint, 0)).toBeUndefined();
  const early = answerOf('Ana', clock.epochMs() - 1_000);
  const late = answerOf('Ana');
  store.putAnswer(ANA, early);
  store.putAnswer({ campaignId: '1' }, late);
  // The latest one, in whatever order they came.
  expect(store.answerWith(fingerprint, 0)).toBe(late);
  expect(store.answerWith(fingerprint, late.sentAt)).toBe(late);
  expect(store.answerWith(fingerprint, late.sentAt + 1)).toBeUndefined();
  store.putAnswer(ANA, answerOf('Bea'));
  expect(store.answerWith(fingerprint, 0)).toBe(late);
  store.erase();
  expect(store.answerWith(fingerprint, 0)).toBeUndefined();
});

it('The store finds no record of an answer that it does not keep', () => {
  const store = createStore({ freshMs: 300_000, staleMs: 0 }, 2_000);
  const large = answerOf('x'.repeat(4_000));
  store.putAnswer(ANA, large);
  expect(store.answerWith(fingerprintsOf(large)[0] ?? '', 0)).toBeUndefined();
});
