import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { createRetry } from '../../../src/calls/retry.js';
import type { Clock } from '../../../src/core/clock.js';
import { FAILURES, type FailureKind } from '../../../src/core/failure.js';
import { ANA, BEA, FRESH_MS, createTestCache, fill, type TestCache } from '../../support/lookup-cache.js';
import { caller, settle } from '../../support/lookup-source.js';
import { campaignRecord } from '../../support/record.js';

/** Starts a lookup whose caller leaves when its call is sent. */
async function leaveCall(test: TestCache<Clock>): Promise<void> {
  const { signal, leave } = caller();
  const left = test.find(ANA, { signal });
  await settle();
  leave();
  await expect(left).rejects.toMatchObject({ kind: 'deadline' });
}

describe('Callers of one lookup', () => {
  it('share a call, also if they belong to different operations', async () => {
    const test = createTestCache();
    const found = [test.find(ANA), test.find(ANA), test.find(ANA)];
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer({ records: [campaignRecord()] });
    expect(new Set(await Promise.all(found)).size).toBe(1);
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['wolkvox', 'flight', 'flight']);
  });

  it('decide for themselves: a strict caller joins a waiting call and looks again if it was sent too early (defect 3)', async () => {
    const test = createTestCache();
    const lenient = test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    test.queue.hasWaitingCall = true;
    const minSentAt = test.clock.epochMs();
    const strict = test.find(ANA, { minSentAt });
    await settle();
    expect(test.source.calls).toHaveLength(1);
    expect(test.queue.promoted).toEqual([ANA]);
    test.queue.hasWaitingCall = false;
    await test.source.call(0).answer({ sentAt: minSentAt - 1 });
    await expect(lenient).resolves.toMatchObject({ sentAt: minSentAt - 1 });
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer({ sentAt: minSentAt });
    await expect(strict).resolves.toMatchObject({ sentAt: minSentAt });
  });

  it('decide for themselves: a strict caller starts a later call if the one under way was sent too early (defect 2)', async () => {
    const test = createTestCache();
    const lenient = test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    const strict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    const equallyStrict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(0).answer();
    await lenient;
    await test.source.call(1).answer({ records: [campaignRecord()] });
    await expect(strict).resolves.toMatchObject({ records: [{}] });
    expect(await equallyStrict).toBe(await strict);
  });

  it('join the latest call if one waits in the queue, because it will be sent from now on', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    void test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    test.clock.advance(1_000);
    test.queue.hasWaitingCall = true;
    const minSentAt = test.clock.epochMs();
    const strict = test.find(ANA, { minSentAt });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer({ sentAt: minSentAt });
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['wolkvox', 'flight']);
    await expect(strict).resolves.toMatchObject({ sentAt: minSentAt });
    expect(test.source.calls).toHaveLength(2);
  });

  it('decide for themselves after a failure: only the lenient one accepts the stale answer (defect 3)', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    test.clock.advance(FRESH_MS);
    const strict = test.find(ANA, { minSentAt: sentAt + 1, minStaleSentAt: sentAt + 1 });
    const lenient = test.find(ANA, { minSentAt: sentAt + 1, minStaleSentAt: sentAt });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).fail('server');
    await expect(strict).rejects.toMatchObject({ kind: 'server' });
    await expect(lenient).resolves.toMatchObject({ sentAt });
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'UPSTREAM_UNAVAILABLE' });
  });

  it.each(Object.entries(FAILURES).filter(([, { isOfCaller }]) => isOfCaller === true))(
    'start a call of their own if the call that they joined failed with %s, which concerns its starter',
    async (kind) => {
      const test = createTestCache();
      const starter = test.find(ANA);
      const joined = test.find(ANA);
      await settle();
      await test.source.call(0).fail(kind as FailureKind);
      await expect(starter).rejects.toMatchObject({ kind });
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(joined).resolves.toMatchObject({ records: [] });
    },
  );

  it('start few flights if every one is refused, however many callers wait', async () => {
    const test = createTestCache();
    const callers = Array.from({ length: 200 }, () => test.find(ANA));
    const ended = Promise.allSettled(callers);
    await settle();
    for (let flight = 0; flight < test.source.calls.length; flight += 1) {
      await test.source.call(flight).fail('displaced');
      await settle();
    }
    expect((await ended).map(({ status }) => status)).toEqual(callers.map(() => 'rejected'));
    expect(test.source.calls.length).toBeGreaterThan(1);
    expect(test.source.calls.length).toBeLessThan(5);
  });

  it('share a failure that concerns all of them', async () => {
    const test = createTestCache();
    const found = [test.find(ANA), test.find(ANA)];
    await settle();
    await test.source.call(0).fail('circuit-open');
    for (const each of found) await expect(each).rejects.toMatchObject({ kind: 'circuit-open' });
    expect(test.source.calls).toHaveLength(1);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });
});

describe('A caller that leaves', () => {
  it('does not cancel the call while another one waits', async () => {
    const test = createTestCache();
    const [one, other] = [caller(), caller()];
    const first = test.find(ANA, one);
    const second = test.find(ANA, other);
    await settle();
    const { signal } = test.source.call(0).options;
    one.leave();
    await expect(first).rejects.toMatchObject({ kind: 'deadline' });
    expect(signal.aborted).toBe(false);
    other.leave('abandoned');
    await expect(second).rejects.toMatchObject({ kind: 'abandoned' });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ kind: 'abandoned' });
  });

  it('ends its own wait only, if it had joined the call of another caller', async () => {
    const test = createTestCache();
    const joiner = caller();
    const starter = test.find(ANA);
    const joined = test.find(ANA, joiner);
    await settle();
    joiner.leave();
    await expect(joined).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await expect(starter).resolves.toMatchObject({ records: [] });
  });

  it('leaves a sent call behind that a later caller joins', async () => {
    const test = createTestCache();
    await leaveCall(test);
    const later = test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await expect(later).resolves.toMatchObject({ records: [] });
    expect(test.source.calls).toHaveLength(1);
  });

  it.each(['abandoned', 'server'] as const)(
    'leaves a call behind that fails with %s: a later caller that joined it makes its own',
    async (kind) => {
      const test = createTestCache();
      await leaveCall(test);
      const later = test.find(ANA);
      await settle();
      await test.source.call(0).fail(kind);
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(later).resolves.toMatchObject({ records: [] });
    },
  );

  it('does not keep the answer of a sent call out of the cache', async () => {
    const test = createTestCache();
    await leaveCall(test);
    await test.source.call(0).answer({ records: [campaignRecord()] });
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [{}] });
    expect(test.source.calls).toHaveLength(1);
  });

  it('gets a stale answer at its deadline', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    const { signal, leave } = caller();
    const found = test.find(ANA, { signal, minSentAt: sentAt + 1 });
    await settle();
    leave();
    await expect(found).resolves.toMatchObject({ sentAt });
    expect(test.source.calls).toHaveLength(2);
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'UPSTREAM_TIMEOUT' });
  });

  it('starts no call if it left before it asked', async () => {
    const test = createTestCache();
    const { signal, leave } = caller();
    leave();
    await expect(test.find(ANA, { signal })).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.calls).toHaveLength(0);
    await fill(test, ANA);
    await expect(test.find(ANA, { signal })).resolves.toMatchObject({ records: [{}] });
  });

  it('does not prevent the second attempt that another caller needs (defect 10)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const test = createTestCache({ layer: createRetry({ observe: () => undefined, random: () => 1 }) });
      const { signal, leave } = caller();
      const starter = test.find(ANA, { signal });
      await settle();
      const joined = test.find(ANA);
      await settle();
      leave();
      await expect(starter).rejects.toMatchObject({ kind: 'deadline' });
      await test.source.call(0).fail('server');
      await vi.advanceTimersByTimeAsync(400);
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(joined).resolves.toMatchObject({ records: [] });
    } finally {
      vi.useRealTimers();
    }
  });

  it('has one listener on its signal, however often it waits', async () => {
    const test = createTestCache();
    const [one, other] = [caller(), caller()];
    const found = [test.find(ANA, one), test.find(ANA, other), test.find(BEA, other)];
    await settle();
    await test.source.call(0).answer();
    await test.source.call(1).fail('server');
    await Promise.allSettled(found);
    expect(getEventListeners(one.signal, 'abort')).toHaveLength(1);
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(1);
  });
});
