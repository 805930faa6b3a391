import { describe, expect, it } from 'vitest';
import type { LookupSource, Operation } from '../../../src/core/answer.js';
import type { AnswerSource, ServiceEvent } from '../../../src/core/events.js';
import { createOperationCosts } from '../../../src/telemetry/operation-costs.js';
import { createManualClock, createManualSource, lookupOptions, settle } from '../../support/lookup-source.js';

const NOTHING = { calls: 0, answersFromCache: 0, sharedAnswers: 0, staleAnswers: 0, waitedMs: 0, callsLeftToday: 7 };

function createTestCosts() {
  const clock = createManualClock();
  const source = createManualSource(clock);
  const costs = createOperationCosts({ callsLeftToday: () => 7, clock });
  const find = (layer: 'countCalls' | 'measureWait', operation: Operation): Promise<unknown> => {
    const top: LookupSource = costs[layer](source);
    return top.find({ phone: '1' }, lookupOptions(clock, { operation })).catch((error: unknown) => error);
  };
  return { clock, source, costs, find };
}

/** An operation whose cost is asked for. */
function track({ costs }: ReturnType<typeof createTestCosts>): Operation {
  const operation = { startedAt: 0 };
  costs.track(operation);
  return operation;
}

function served(from: AnswerSource, operation?: Operation): ServiceEvent {
  return from === 'stale'
    ? { event: 'answer.served', from, reason: 'slow', operation }
    : { event: 'answer.served', from, operation };
}

describe('The cost of an operation', () => {
  it('is nothing at first', () => {
    const test = createTestCosts();
    expect(test.costs.read(track(test))).toEqual(NOTHING);
  });

  it('is undefined for an operation that is not tracked, which passes the layers as if there were none', async () => {
    const { costs, source, find } = createTestCosts();
    const operation = { startedAt: 0 };
    const found = [find('countCalls', operation), find('measureWait', operation)];
    costs.observe(served('memory', operation));
    await source.call(0).answer();
    await source.call(1).answer();
    await Promise.all(found);
    expect(costs.read(operation)).toBeUndefined();
  });

  it('has the answers by their source, of this operation only', () => {
    const test = createTestCosts();
    const operation = track(test);
    const other = track(test);
    const sources: AnswerSource[] = ['memory', 'memory', 'shared', 'flight', 'stale', 'stale', 'wolkvox'];
    for (const from of sources) test.costs.observe(served(from, operation));
    test.costs.observe(served('memory'));
    test.costs.observe({ event: 'circuit.closed' });
    expect(test.costs.read(operation)).toEqual({ ...NOTHING, answersFromCache: 3, sharedAnswers: 1, staleAnswers: 2 });
    expect(test.costs.read(other)).toEqual(NOTHING);
  });

  it('has a call as soon as it is sent, whether it ends well or not, and not one of which no byte was sent', async () => {
    const test = createTestCosts();
    const { source, costs, find } = test;
    const operation = track(test);
    const found = [1, 2, 3].map(() => find('countCalls', operation));
    expect(costs.read(operation)).toMatchObject({ calls: 3 });
    await source.call(0).answer();
    await source.call(1).fail('server');
    expect(costs.read(operation)).toMatchObject({ calls: 3 });
    await source.call(2).fail('not-connected');
    await Promise.all(found);
    expect(costs.read(operation)).toEqual({ ...NOTHING, calls: 2 });
  });

  it('has the time in which a lookup waits, once for lookups that wait at the same time', async () => {
    const test = createTestCosts();
    const { clock, source, costs, find } = test;
    const operation = track(test);
    const first = find('measureWait', operation);
    clock.advance(100);
    const second = find('measureWait', operation);
    clock.advance(50);
    expect(costs.read(operation)).toMatchObject({ waitedMs: 150 });
    await source.call(0).answer();
    clock.advance(20);
    await source.call(1).fail('server');
    await Promise.all([first, second]);
    clock.advance(1_000);
    expect(costs.read(operation)).toMatchObject({ waitedMs: 170 });
    const third = find('measureWait', operation);
    clock.advance(30);
    await source.call(2).answer();
    await third;
    await settle();
    expect(costs.read(operation)).toEqual({ ...NOTHING, waitedMs: 200 });
  });
});
