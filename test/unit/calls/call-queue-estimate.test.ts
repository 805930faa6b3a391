import { describe, expect, it } from 'vitest';
import { createTestQueue, operation } from '../../support/call-queue.js';
import { settle } from '../../support/lookup-source.js';

describe('The estimate of the wait', () => {
  it('refuses a call that would start after its deadline, and says when to try again', async () => {
    const { clock, queue, find, measure } = createTestQueue({ limit: 100 });
    await measure(20, 2_000);
    const big = operation();
    for (let call = 0; call < 12; call += 1) void find(`${call}`, { operation: big });
    await settle();
    expect(queue.state().waiting).toBe(10);
    // Ten calls of 2 s go before it, two at a time.
    const late = find('late', { operation: big, deadline: clock.monotonicMs() + 7_500 });
    await expect(late).rejects.toMatchObject({ kind: 'wait-too-long', code: 'UPSTREAM_BUSY', retryAfterSeconds: 3 });
    void find('in time', { operation: big, deadline: clock.monotonicMs() + 10_000 });
    await settle();
    expect(queue.state().waiting).toBe(11);
  });

  it('counts only the calls that start earlier', async () => {
    const { clock, queue, find, measure } = createTestQueue({ limit: 100 });
    await measure(20, 2_000);
    const big = operation();
    for (let call = 0; call < 30; call += 1) void find(`${call}`, { operation: big });
    await settle();
    // The first call of another operation goes before the waiting calls of the big one.
    void find('small', { deadline: clock.monotonicMs() });
    await settle();
    expect(queue.state().waiting).toBe(29);
    // One call of 2 s goes before the next one, with two slots.
    void find('in time', { deadline: clock.monotonicMs() + 1_000 });
    await settle();
    expect(queue.state().waiting).toBe(30);
    const hurried = find('hurried', { deadline: clock.monotonicMs() + 1_999 });
    await expect(hurried).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 1 });
  });

  it('adds the time that calls are held back', async () => {
    let pausedForMs = 30_000;
    const { clock, find, sent } = createTestQueue({ pausedForMs: () => pausedForMs });
    const deadline = clock.monotonicMs() + 25_000;
    await expect(find('1', { deadline })).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 5 });
    pausedForMs = 25_000;
    void find('2', { deadline });
    await settle();
    expect(sent()).toEqual(['2']);
  });

  it('assumes a duration before the first call has ended', async () => {
    const { clock, queue, find } = createTestQueue({ limit: 1_000 });
    const big = operation();
    const deadline = clock.monotonicMs() + 5_000;
    // At 100 ms a call and two at a time, 100 calls can go before one that starts in time.
    const found = Array.from({ length: 150 }, (_, call) => find(`${call}`, { operation: big, deadline }));
    await settle();
    expect(queue.state().waiting).toBe(101);
    await expect(found.at(-1)).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 1 });
  });

  it('is the mean of the latest twenty calls', async () => {
    for (const [fastCalls, seconds] of [
      [20, 1],
      [19, 3],
    ] as const) {
      const { find, measure } = createTestQueue({ concurrency: 1, limit: 1 });
      await measure(1, 40_000);
      await measure(fastCalls, 1_000);
      const big = operation();
      for (const call of ['running', 'waiting']) void find(call, { operation: big });
      await settle();
      await expect(find('3', { operation: big })).rejects.toMatchObject({ retryAfterSeconds: seconds });
    }
  });

  it('leaves out calls that were refused before they were sent', async () => {
    const { clock, queue, source, find } = createTestQueue({ concurrency: 1 });
    void find('refused');
    await settle();
    clock.advance(50_000);
    await source.call(0).fail('quota-used');
    void find('running');
    void find('waiting');
    await settle();
    const deadline = clock.monotonicMs() + 1_000;
    void find('in time', { deadline });
    await settle();
    expect(queue.state().waiting).toBe(2);
    await source.call(1).fail('server');
    clock.advance(50_000);
    await source.call(2).fail('server');
    // The mean of 0 s and 50 s.
    void find('running');
    void find('waiting');
    await settle();
    const late = find('late', { deadline: clock.monotonicMs() + 1_000 });
    await expect(late).rejects.toMatchObject({ kind: 'wait-too-long' });
  });

  it('refuses no call while a slot is free, however slow the latest calls were', async () => {
    const { clock, find, measure, sent } = createTestQueue();
    await measure(20, 50_000);
    const deadline = clock.monotonicMs() + 1;
    void find('1', { deadline });
    void find('2', { deadline });
    await settle();
    expect(sent().slice(-2)).toEqual(['1', '2']);
  });
});
