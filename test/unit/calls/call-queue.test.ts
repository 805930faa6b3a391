import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Answer, CallOptions, Reply } from '../../../src/core/answer.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { createTestQueue, kindOf, operation } from '../../support/call-queue.js';
import { lookupOptions, settle } from '../../support/lookup-source.js';

describe('The call queue', () => {
  it('sends two calls at once, and the next one when a call has ended, well or not', async () => {
    const { queue, source, find, sent } = createTestQueue();
    const found = ['1', '2', '3', '4'].map((phone) => find(phone));
    await settle();
    expect(sent()).toEqual(['1', '2']);
    expect(queue.state()).toEqual({ running: 2, waiting: 2 });
    await source.call(1).answer();
    await source.call(0).fail('server');
    expect(sent()).toEqual(['1', '2', '3', '4']);
    expect(await kindOf(found[0] as Promise<Answer>)).toBe('server');
    await expect(found[1]).resolves.toMatchObject({ records: [] });
    expect(queue.state()).toEqual({ running: 2, waiting: 0 });
  });

  it('puts a request of another kind among the lookups, as the call of an operation', async () => {
    const { queue, clock, find, endFirst, sent } = createTestQueue({ concurrency: 1 });
    const large = operation();
    for (const phone of ['1', '2', '3']) void find(phone, { operation: large });
    const sentBefore: unknown[] = [];
    const quota = queue.layer<'quota', CallOptions, Reply>({
      async find() {
        sentBefore.push(sent());
        return { sentAt: 17, source: 'wolkvox' };
      },
    });
    const reply = quota.find('quota', lookupOptions(clock));
    await settle();
    expect(queue.state()).toEqual({ running: 1, waiting: 3 });
    expect(queue.promote('quota', operation())).toBe(true);
    await endFirst();
    expect(await reply).toEqual({ sentAt: 17, source: 'wolkvox' });
    expect(sentBefore).toEqual([['1']]);
    await settle();
    expect(sent()).toEqual(['1', '2']);
  });

  it('passes the options of the caller on as they are', async () => {
    const { clock, source, find } = createTestQueue();
    const options = lookupOptions(clock, { minSentAt: 17 });
    void find('1', options);
    await settle();
    expect(source.call(0).options).toEqual(options);
  });

  it('never sends a call whose signal aborts while it waits', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    void find('running');
    const left = find('left', { signal: controller.signal });
    void find('next');
    await settle();
    controller.abort(new LookupFailure('abandoned'));
    expect(queue.state()).toEqual({ running: 1, waiting: 1 });
    expect(await kindOf(left)).toBe('abandoned');
    await source.call(0).answer();
    expect(sent()).toEqual(['running', 'next']);
  });

  it('never sends a call whose signal aborted before', async () => {
    const { queue, find, sent } = createTestQueue();
    const signal = AbortSignal.abort(new LookupFailure('deadline'));
    expect(await kindOf(find('late', { signal }))).toBe('deadline');
    expect(queue.state()).toEqual({ running: 0, waiting: 0 });
    void find('in time');
    await settle();
    expect(sent()).toEqual(['in time']);
  });

  it('keeps the slot of a call that runs although its signal aborts', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    const running = find('running', { signal: controller.signal });
    void find('next');
    await settle();
    controller.abort(new LookupFailure('abandoned'));
    await settle();
    expect(queue.state()).toEqual({ running: 1, waiting: 1 });
    expect(sent()).toEqual(['running']);
    await source.call(0).answer();
    await expect(running).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['running', 'next']);
  });

  it('leaves no listener on a signal', async () => {
    const { source, find } = createTestQueue();
    const { signal } = new AbortController();
    const found = ['1', '2', '3'].map((phone) => find(phone, { signal }));
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const call of [0, 1, 2]) await source.call(call).fail('server');
    await Promise.allSettled(found);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('A full queue', () => {
  it('refuses a call that is no better than the waiting ones, and says when there will be room', async () => {
    const { queue, find, measure } = createTestQueue({ limit: 4 });
    await measure(20, 3_000);
    const big = operation();
    for (let call = 0; call < 6; call += 1) void find(`${call}`, { operation: big });
    await settle();
    expect(queue.state().waiting).toBe(4);
    // Four calls of 3 s, two at a time.
    const refused = find('one too many', { operation: big });
    await expect(refused).rejects.toMatchObject({ kind: 'queue-full', code: 'UPSTREAM_BUSY', retryAfterSeconds: 6 });
    expect(queue.state().waiting).toBe(4);
  });

  it('displaces no call for one of the same priority', async () => {
    const { find, sent, source } = createTestQueue({ concurrency: 1, limit: 1 });
    void find('running');
    const first = find('first');
    await settle();
    await expect(find('second')).rejects.toMatchObject({ kind: 'queue-full' });
    await source.call(0).answer();
    await source.call(1).answer();
    await expect(first).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['running', 'first']);
  });

  it('displaces its worst call for a better one', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1, limit: 3 });
    const big = operation();
    const found = [1, 2, 3, 4].map((call) => find(`big ${call}`, { operation: big }));
    await settle();
    const small = find('small');
    await settle();
    const displaced = found[3] as Promise<Answer>;
    await expect(displaced).rejects.toMatchObject({ kind: 'displaced', code: 'UPSTREAM_BUSY', retryAfterSeconds: 1 });
    expect(queue.state().waiting).toBe(3);
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    await expect(small).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['big 1', 'small', 'big 2', 'big 3']);
  });

  it('serves single lookups of others beside operations that fill it', async () => {
    const { queue, find, endFirst, sent } = createTestQueue({ limit: 50 });
    const refusals: (string | undefined)[] = [];
    for (let big = 0; big < 20; big += 1) {
      const own = operation();
      for (let call = 0; call < 250; call += 1) {
        void kindOf(find(`big ${big}`, { operation: own })).then((kind) => refusals.push(kind));
      }
    }
    await settle();
    expect(queue.state().waiting).toBe(50);
    const single = find('single');
    for (let call = 0; call < 25 && !sent().includes('single'); call += 1) await endFirst();
    expect(sent()).toContain('single');
    expect(refusals).toContain('displaced');
    expect(refusals).toContain('queue-full');
    expect(await Promise.race([kindOf(single), settle()])).toBeUndefined();
  });
});

describe('A waiting call', () => {
  it('moves up when another operation wants its answer, and says whether it waits', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const big = operation();
    for (const call of ['0', '1', '2', 'shared']) void find(call, { operation: big });
    await settle();
    expect(queue.promote({ phone: 'unknown' }, operation())).toBe(false);
    expect(queue.promote({ phone: '0' }, operation())).toBe(false);
    expect(queue.promote({ phone: 'shared' }, operation())).toBe(true);
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', 'shared', '1', '2']);
    expect(queue.promote({ phone: 'shared' }, operation())).toBe(false);
  });

  it('does not move down when a busier operation wants its answer', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const big = operation();
    void find('0');
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    void find('small');
    await settle();
    expect(queue.promote({ phone: 'small' }, big)).toBe(true);
    for (let call = 0; call < 3; call += 1) await source.call(call).answer();
    expect(sent().slice(0, 3)).toEqual(['0', '1', 'small']);
  });

  it('counts for the operation that moved it up', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const [big, joining, other] = [operation(), operation(), operation()];
    for (const call of ['0', '1', '2', '3']) void find(call, { operation: big });
    await settle();
    queue.promote({ phone: '3' }, joining);
    void find('second of joining', { operation: joining });
    void find('first of other', { operation: other });
    for (let call = 0; call < 6; call += 1) await source.call(call).answer();
    expect(sent().indexOf('first of other')).toBeLessThan(sent().indexOf('second of joining'));
  });

  it('goes to the end when no operation waits for it any more, and is the first to be displaced', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1, limit: 4 });
    void find('0');
    const demoted = find('demoted');
    const big = operation();
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    await settle();
    queue.demote({ phone: 'demoted' });
    for (let call = 0; call < 3; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', '1', '2', '3']);
    for (const call of ['4', '5', '6', '7']) void find(call, { operation: big });
    expect(await kindOf(demoted)).toBe('displaced');
  });

  it('is sent after all others when it was demoted, and moves up again when its answer is wanted', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    for (const call of ['0', 'a', 'b', 'c']) void find(call);
    await settle();
    queue.demote({ phone: 'a' });
    queue.demote({ phone: 'b' });
    queue.promote({ phone: 'b' }, operation());
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', 'c', 'b', 'a']);
    // The demoted call says nothing about the order of those that come later.
    const big = operation();
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    void find('small');
    for (let call = 4; call < 8; call += 1) await source.call(call).answer();
    expect(sent().slice(4)).toEqual(['1', 'small', '2', '3']);
  });

  it('can be neither moved nor displaced at the moment when its signal aborts', async () => {
    const { queue, find } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    void find('running');
    void find('left', { signal: controller.signal });
    await settle();
    controller.signal.addEventListener('abort', () => queue.demote({ phone: 'left' }));
    controller.abort(new LookupFailure('abandoned'));
    expect(queue.promote({ phone: 'left' }, operation())).toBe(false);
    expect(queue.state().waiting).toBe(0);
  });
});

describe('A lookup whose caller has left', () => {
  it('is refused before it displaces a waiting call', async () => {
    const { find, queue } = createTestQueue({ limit: 1 });
    const big = operation();
    void find('1', { operation: big });
    void find('2', { operation: big });
    const waiting = find('3', { operation: big });
    await settle();
    const failure = new LookupFailure('abandoned');
    await expect(find('4', { signal: AbortSignal.abort(failure) })).rejects.toBe(failure);
    expect(queue.state()).toEqual({ waiting: 1, running: 2 });
    // The control: a caller that waits displaces it.
    void find('5');
    await expect(waiting).rejects.toMatchObject({ kind: 'displaced' });
  });
});
