import { expect, it } from 'vitest';
import { createCallQueue } from '../../../src/calls/call-queue.js';
import type { Operation } from '../../../src/core/answer.js';
import { createManualClock, createManualSource, lookupOptions, settle } from '../../support/lookup-source.js';

it('says which calls wait, for how long, and whether they are paused', async () => {
  const clock = createManualClock();
  const source = createManualSource(clock);
  let pausedForMs = 0;
  const queue = createCallQueue({ concurrency: 2, limit: 10, pausedForMs: () => pausedForMs, clock });
  const top = queue.layer(source);
  const find = (phone: string, operation: Operation = { startedAt: 0 }): void => {
    top.find({ phone }, lookupOptions(clock, { operation })).catch(() => undefined);
  };
  expect(queue.status()).toEqual({
    ...{ waiting: 0, running: 0, concurrency: 2, oldestWaitMs: 0, pausedForMs: 0 },
    waitingByPriority: { next: 0, later: 0, background: 0 },
  });

  find('1');
  find('2');
  const large = { startedAt: 0 };
  for (const phone of ['3', '4', '5']) find(phone, large);
  clock.advance(700);
  find('6');
  find('7');
  queue.demote({ phone: '7' });
  clock.advance(50);
  pausedForMs = 4_000;
  await settle();
  expect(queue.status()).toEqual({
    ...{ waiting: 5, running: 2, concurrency: 2, oldestWaitMs: 750, pausedForMs: 4_000 },
    waitingByPriority: { next: 2, later: 2, background: 1 },
  });

  // The calls of the large operation start, and the call for the cache last.
  for (const call of [0, 1, 2, 3]) await source.call(call).answer();
  expect(source.calls.map(({ lookup }) => lookup.phone)).toHaveLength(6);
  expect(queue.status()).toMatchObject({ waiting: 1, running: 2, oldestWaitMs: 50 });
  expect(queue.status().waitingByPriority).toEqual({ next: 0, later: 0, background: 1 });
});
