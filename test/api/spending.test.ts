import { describe, expect, it } from 'vitest';
import { createMovableClock, noonZone } from '../support/clock.js';
import { codesOf } from '../support/graphql-client.js';
import { logLines, startService, type TestService } from '../support/service.js';
import { holdCalls, startSimulator } from '../support/simulator-client.js';

const SECRET = 'a-secret-of-the-router-for-tests';
const WITH_SECRET = { 'router-authorization': SECRET };
const STATUS = `query Status {
  wolkvoxStatus {
    version circuit
    queue { waiting running concurrency }
    dailyQuota { limit used usedByOthers remaining resetsAt projectedUse }
    redis
    clients { name calls refusals operations { name calls refusals } }
  }
}`;

/** A named operation with one lookup of a customer without records. */
function find(name: string, customer: number): string {
  return `query ${name} { findCampaignRecords(customerId: "${50_000_000 + customer}") { id } }`;
}

async function statusOf({ ask }: TestService, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const { data, errors } = await ask(STATUS, {}, { headers });
  expect(errors).toEqual([]);
  return data?.['wolkvoxStatus'] as Record<string, unknown>;
}

async function metricsOf({ get }: TestService, headers: Record<string, string> = {}): Promise<string[]> {
  const text = await (await get('/metrics', headers)).text();
  return text.split('\n').filter((line) => /^wolkvox_(client|operation)_\w+\{/.test(line));
}

describe('who spends the calls', () => {
  it('is told by the names of clients and operations behind a router secret', async () => {
    const service = await startService({ env: { ROUTER_SECRET: SECRET, WOLKVOX_DAILY_LIMIT: '3' } });
    const ask = (client: string, query: string): ReturnType<TestService['ask']> =>
      service.ask(query, {}, { headers: { ...WITH_SECRET, 'apollographql-client-name': client } });
    await ask('web', find('Find', 1));
    await ask('web', find('Find', 1));
    await ask('web', find('Other', 2));
    await service.ask(find('Find', 3), {}, { headers: { ...WITH_SECRET, 'graphql-client-name': 'reports' } });
    expect(codesOf(await ask('reports', find('Find', 4)))).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
    expect(codesOf(await ask('web', 'query Wrong { unknown }'))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const refused = await service.ask(find('Find', 5), {}, { headers: { 'graphql-client-name': 'stranger' } });
    expect(refused.status).toBe(401);

    expect(await statusOf(service, WITH_SECRET)).toMatchObject({
      clients: [
        {
          ...{ name: 'web', calls: 2, refusals: 0 },
          operations: [
            { name: 'Find', calls: 1, refusals: 0 },
            { name: 'Other', calls: 1, refusals: 0 },
          ],
        },
        { name: 'reports', calls: 1, refusals: 1, operations: [{ name: 'Find', calls: 1, refusals: 1 }] },
      ],
    });
    expect(await metricsOf(service, WITH_SECRET)).toEqual([
      'wolkvox_client_calls_total{client="unnamed"} 0',
      'wolkvox_client_calls_total{client="web"} 2',
      'wolkvox_client_calls_total{client="reports"} 1',
      'wolkvox_client_refused_total{client="unnamed"} 0',
      'wolkvox_client_refused_total{client="web"} 0',
      'wolkvox_client_refused_total{client="reports"} 1',
      'wolkvox_operation_calls_total{operation="unnamed"} 0',
      'wolkvox_operation_calls_total{operation="Find"} 2',
      'wolkvox_operation_calls_total{operation="Other"} 1',
      'wolkvox_operation_refused_total{operation="unnamed"} 0',
      'wolkvox_operation_refused_total{operation="Find"} 1',
      'wolkvox_operation_refused_total{operation="Other"} 0',
    ]);
    expect(logLines(service, 'call.answered').map((line) => [line['clientName'], line['operationName']])).toEqual([
      ['web', 'Find'],
      ['web', 'Other'],
      ['reports', 'Find'],
    ]);
    expect(logLines(service, 'lookup.refused')).toMatchObject([{ clientName: 'reports', operationName: 'Find' }]);
    expect(logLines(service, 'operation.failed')).toMatchObject([
      { clientName: 'reports', operationName: 'Find' },
      { clientName: 'web', code: 'GRAPHQL_VALIDATION_FAILED' },
    ]);
    expect(service.lines.join('')).not.toContain('stranger');
  });

  it('is not told without a router secret, because anybody could choose the names', async () => {
    const service = await startService();
    await service.ask(find('Find', 1), {}, { headers: { 'apollographql-client-name': 'stranger' } });
    expect(await statusOf(service)).toMatchObject({
      clients: [{ name: 'unnamed', calls: 1, operations: [{ name: 'unnamed', calls: 1 }] }],
    });
    expect(await metricsOf(service)).toContain('wolkvox_client_calls_total{client="unnamed"} 1');
    expect(service.lines.join('') + (await metricsOf(service)).join('')).not.toMatch(/stranger|Find/);
  });

  it.each(['+57 306 482 1975', 'tel-306.482.1975', 'ana@example.com', 'x'.repeat(61)])(
    'has no name such as %s in the log, the metrics and the status',
    async (name) => {
      const service = await startService({ env: { ROUTER_SECRET: SECRET } });
      const headers = { ...WITH_SECRET, 'apollographql-client-name': name };
      await service.ask(find('Find3064821975', 1), {}, { headers });
      const status = await statusOf(service, WITH_SECRET);
      expect(status).toMatchObject({ clients: [{ name: 'unnamed', operations: [{ name: 'Find0', calls: 1 }] }] });
      const shown = [...service.lines, ...(await metricsOf(service, WITH_SECRET)), JSON.stringify(status)].join('');
      expect(shown).toContain('Find0');
      expect(shown).not.toContain(name);
      expect(shown).not.toContain('3064821975');
    },
  );

  it('names the service itself, and the calls of other programs', async () => {
    const { url: upstream, ask: askWolkvox } = await startSimulator({ settings: { dailyLimit: 100 } });
    for (let call = 0; call < 12; call += 1) await askWolkvox('customer_id=1');
    const env = { WOLKVOX_QUOTA_SYNC_MINUTES: '60', WOLKVOX_TIME_ZONE: noonZone(), WOLKVOX_BASE_URL: upstream };
    const service = await startService({ env });
    await expect
      .poll(() => statusOf(service), { interval: 10, timeout: 20_000 })
      .toMatchObject({
        ...{ circuit: 'CLOSED', redis: null, queue: { waiting: 0, running: 0, concurrency: 2 } },
        dailyQuota: { limit: 100, used: 13, usedByOthers: 12, remaining: 87, projectedUse: null },
        clients: [{ name: 'service', calls: 1, operations: [{ name: 'QuotaSync', calls: 1, refusals: 0 }] }],
      });
    const { resetsAt } = (await statusOf(service))['dailyQuota'] as { resetsAt: string };
    const midnight = new Date(Date.parse(resetsAt) + Number(noonZone().slice(3)) * 3_600_000);
    expect(midnight.toISOString()).toMatch(/T00:00:00\.000Z$/);
    expect(midnight.getTime()).toBeGreaterThan(Date.now());
  });
});

describe('the cost of an operation', () => {
  const TWO = `{ ${[1, 2].map((customer) => `a${customer}: findCampaignRecords(customerId: "${customer}") { id }`).join(' ')} }`;

  /** The part `extensions.wolkvox` of the response. */
  async function costOf(service: TestService, query: string, asked = '1'): Promise<unknown> {
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', 'wolkvox-cost': asked },
      body: JSON.stringify({ query }),
    });
    const { extensions } = (await response.json()) as { extensions?: Record<string, unknown> };
    return extensions?.['wolkvox'];
  }

  it('is shown on request, and only then', async () => {
    const service = await startService({ env: { WOLKVOX_DAILY_LIMIT: '10' } });
    expect(await costOf(service, TWO, '0')).toBeUndefined();
    expect(await costOf(service, TWO)).toEqual({
      ...{ calls: 0, answersFromCache: 2, sharedAnswers: 0, staleAnswers: 0, callsLeftToday: 8 },
      waitedMs: expect.any(Number) as number,
    });
  });

  it('has the calls, the time that they took, and no limit if there is none', async () => {
    const service = await startService({ settings: { latency: { minMs: 30, maxMs: 30 } } });
    const cost = await costOf(service, TWO);
    expect(cost).toMatchObject({ calls: 2, answersFromCache: 0, sharedAnswers: 0, staleAnswers: 0 });
    expect((cost as { waitedMs: number }).waitedMs).toBeGreaterThan(0);
    expect(cost).toMatchObject({ callsLeftToday: null });
  });

  it('has the answers of calls that were under way', async () => {
    const service = await startService();
    const query =
      '{ all: findCampaignRecords(customerId: "1") { id } one: findCampaignRecords(customerId: "1", campaignId: "7") { id } }';
    expect(await costOf(service, query)).toMatchObject({ calls: 1, answersFromCache: 0, sharedAnswers: 1 });
  });

  it('has no call that another operation caused', async () => {
    const service = await startService();
    const gate = holdCalls(service.simulator);
    const first = costOf(service, TWO);
    await expect.poll(() => service.simulator.requestLog.inFlight, { timeout: 20_000 }).toBe(2);
    const second = costOf(service, `query Later ${TWO}`);
    const later = costOf(service, '{ campaigns { name } }');
    await expect
      .poll(async () => (await statusOf(service))['queue'], { interval: 10, timeout: 20_000 })
      .toMatchObject({ running: 2, waiting: 1 });
    gate.open();
    expect(await first).toMatchObject({ calls: 2, sharedAnswers: 0 });
    expect(await second).toMatchObject({ calls: 0 });
    expect(await later).toMatchObject({ calls: 1 });
  });

  it('has stale answers, and the calls that failed before', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock });
    expect(await costOf(service, TWO)).toMatchObject({ calls: 2 });
    clock.advance(301_000);
    service.simulator.faults.always('503');
    service.simulator.requestLog.reset();
    expect(await costOf(service, TWO)).toMatchObject({
      ...{ answersFromCache: 0, sharedAnswers: 0, staleAnswers: 2 },
      calls: service.simulator.requestLog.calls.length,
    });
    expect(service.simulator.requestLog.calls.length).toBeGreaterThanOrEqual(2);
  });
});
