import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/core/answer.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { createCallerCounts, operationsOf, type CallerCounts } from '../../../src/telemetry/caller-counts.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';

function answered(caller?: Caller): ServiceEvent {
  return { event: 'call.answered', ms: 1, records: 0, operation: caller && { startedAt: 0, ...caller } };
}

function refused(caller: Caller): ServiceEvent {
  const operation = { startedAt: 0, ...caller };
  return { event: 'lookup.refused', code: 'UPSTREAM_BUSY', reason: 'queue-full', operation };
}

function failed(reason: 'server' | 'not-connected', caller: Caller): ServiceEvent {
  const operation = { startedAt: 0, ...caller };
  return { event: 'call.failed', code: 'UPSTREAM_UNAVAILABLE', reason, ms: 1, operation };
}

function countAll(events: readonly ServiceEvent[]): CallerCounts {
  const counts = createCallerCounts();
  for (const event of events) counts.observe(event);
  return counts;
}

const WEB_FIND: Caller = { clientName: 'web', operationName: 'Find' };
const WEB_LIST: Caller = { clientName: 'web', operationName: 'List' };

describe('The counts of callers', () => {
  it('have calls and refusals by client and operation, the most calls first', () => {
    const counts = countAll([
      answered({ clientName: 'app' }),
      ...[answered(WEB_FIND), answered(WEB_LIST), answered(WEB_LIST)],
      ...[refused(WEB_FIND), failed('server', WEB_FIND)],
      ...[refused(WEB_FIND), refused({ clientName: 'reports' })],
    ]);
    expect(counts.read()).toEqual([
      {
        ...{ name: 'web', calls: 4, refusals: 2 },
        operations: [
          { name: 'Find', calls: 2, refusals: 2 },
          { name: 'List', calls: 2, refusals: 0 },
        ],
      },
      { name: 'app', calls: 1, refusals: 0, operations: [{ name: 'unnamed', calls: 1, refusals: 0 }] },
      { name: 'reports', calls: 0, refusals: 1, operations: [{ name: 'unnamed', calls: 0, refusals: 1 }] },
    ]);
    expect(countAll([]).read()).toEqual([]);
  });

  it('count no call of which no byte was sent, and no answer from the cache', () => {
    const operation = { startedAt: 0, ...WEB_FIND };
    const counts = countAll([
      failed('not-connected', WEB_FIND),
      { event: 'answer.served', from: 'memory', operation },
      { event: 'call.retried', reason: 'server', delayMs: 1, operation },
    ]);
    expect(counts.read()).toEqual([]);
    counts.observe(failed('server', WEB_FIND));
    expect(counts.read()).toMatchObject([{ name: 'web', calls: 1 }]);
  });

  it('count a caller without a name as unnamed', () => {
    const counts = countAll([answered(), answered({}), answered({ operationName: 'Find' })]);
    expect(counts.read()).toMatchObject([
      {
        ...{ name: 'unnamed', calls: 3 },
        operations: [
          { name: 'unnamed', calls: 2 },
          { name: 'Find', calls: 1 },
        ],
      },
    ]);
  });

  it('have at most 50 names of clients and of operations, however many there are; later ones are other', () => {
    const counts = createCallerCounts();
    for (let index = 0; index < 10_000; index += 1) {
      counts.observe(answered({ clientName: `client-${index % 200}`, operationName: `Find${index % 300}` }));
    }
    counts.observe(answered());
    const clients = counts.read();
    expect(clients).toHaveLength(52);
    expect(clients[0]).toMatchObject({ name: 'other', calls: 7_500 });
    expect(clients.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['unnamed', ...Array.from({ length: 50 }, (_, index) => `client-${index}`)]),
    );
    const operations = operationsOf(clients);
    expect(operations).toHaveLength(52);
    expect(operations.reduce((total, { calls }) => total + calls, 0)).toBe(10_001);
    expect(Math.max(...clients.map(({ operations: own }) => own.length))).toBeLessThanOrEqual(52);
  });

  it('are the same in the metrics each time they are read', async () => {
    const counts = countAll([answered(WEB_FIND), answered({ ...WEB_FIND, clientName: 'app' }), refused(WEB_LIST)]);
    const metrics = createMetrics();
    metrics.addCallers(() => counts.read());
    const samples = async (): Promise<string[]> =>
      (await metrics.render()).split('\n').filter((line) => /^wolkvox_(client|operation)_/.test(line));
    const expected = [
      'wolkvox_client_calls_total{client="unnamed"} 0',
      'wolkvox_client_calls_total{client="web"} 1',
      'wolkvox_client_calls_total{client="app"} 1',
      'wolkvox_client_refused_total{client="unnamed"} 0',
      'wolkvox_client_refused_total{client="web"} 1',
      'wolkvox_client_refused_total{client="app"} 0',
      'wolkvox_operation_calls_total{operation="unnamed"} 0',
      'wolkvox_operation_calls_total{operation="Find"} 2',
      'wolkvox_operation_calls_total{operation="List"} 0',
      'wolkvox_operation_refused_total{operation="unnamed"} 0',
      'wolkvox_operation_refused_total{operation="Find"} 0',
      'wolkvox_operation_refused_total{operation="List"} 1',
    ];
    expect((await samples()).sort()).toEqual([...expected].sort());
    expect((await samples()).sort()).toEqual([...expected].sort());
    counts.observe(answered(WEB_FIND));
    expect(await samples()).toContain('wolkvox_client_calls_total{client="web"} 2');
  });
});
