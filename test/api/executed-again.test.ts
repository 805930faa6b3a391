/**
 * An operation with an error is executed by the text executor first, and then by graphql-js. It counts once: in the
 * log, in the metrics and for the limits.
 */
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { codesOf } from '../support/graphql-client.js';
import { logLines, startService, type TestService } from '../support/service.js';

const { inSeveralCampaigns, severalPhones, nobody } = EXAMPLES;
const GOOD = `a: findCampaignRecords(customerId: "${inSeveralCampaigns.customerId}") { id campaign { name } }
  b: findCampaignRecords(phone: "${severalPhones.phones[0]}") { customerName }
  c: findCampaignRecords(customerId: "${inSeveralCampaigns.customerId}") { customer { campaignRecords { id } } }`;
/** What makes graphql-js execute the operation: an error of a resolver, at once and later. */
const WRONG = {
  'a wrong argument': 'wrong: findCampaignRecords(phone: "x") { id }',
  'a wrong argument in a list': `wrong: findCampaignRecords(customerId: "${inSeveralCampaigns.customerId}") {
    campaign { findRecords(phone: "x") { id } } }`,
  'a failed call': `wrong: findCampaignRecords(phone: "${nobody.phone}") { id }`,
} as const;

/** How often each event is in the log. */
function countsOf(service: TestService): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of ['answer.served', 'call.answered', 'call.failed', 'lookup.refused', 'operation.failed']) {
    counts[event] = logLines(service, event).length;
  }
  return counts;
}

/** A service whose calls for `nobody` are refused, so that they are not repeated. */
async function start(env: Record<string, string> = {}): Promise<TestService> {
  const service = await startService({ env });
  service.simulator.respondWith(({ lookup }) =>
    JSON.stringify(lookup).includes(nobody.phone)
      ? { status: 400, body: '{"code":"400","error":"refused"}' }
      : undefined,
  );
  return service;
}

async function metric(service: TestService, name: string): Promise<number> {
  const text = await (await service.get('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('An operation that is executed again', () => {
  it.each(Object.entries(WRONG))('reports and calls as the same operation without the error: %s', async (_, wrong) => {
    const isCall = wrong === WRONG['a failed call'];
    const control = await start();
    const service = await start();
    // Both run twice: without a cached answer, and with one.
    for (const attempt of [1, 2]) {
      const expected = await control.ask(`{ ${GOOD} }`);
      expect(codesOf(expected)).toEqual([]);
      const { data, errors } = await service.ask(`{ ${GOOD} ${wrong} }`);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.map(({ path }) => path?.[0])).toEqual(errors.map(() => 'wrong'));
      expect(data).toMatchObject(withoutTimes(expected.data));
      const counts = countsOf(control);
      expect(counts['answer.served']).toBeGreaterThan(2 * attempt);
      expect(countsOf(service)).toEqual({
        ...counts,
        'operation.failed': attempt,
        'call.failed': isCall ? 1 : 0,
        // The failure is remembered.
        'lookup.refused': isCall && attempt === 2 ? 1 : 0,
      });
      const calls = control.simulator.requestLog.requests.length;
      expect(service.simulator.requestLog.requests).toHaveLength(calls + (isCall ? 1 : 0));
      expect(await metric(service, 'wolkvox_answers_total')).toBe(counts['answer.served']);
      expect(await metric(service, 'graphql_errors_total')).toBe(attempt * errors.length);
    }
  });

  it('has its calls counted once for LOOKUPS_PER_OPERATION', async () => {
    const lookups = [1, 2, 3].map((index) => `a${index}: findCampaignRecords(customerId: "2100000${index}") { id }`);
    for (const [limit, codes] of [
      ['3', ['BAD_USER_INPUT']],
      ['2', ['TOO_MANY_LOOKUPS', 'BAD_USER_INPUT']],
    ] as const) {
      const service = await start({ LOOKUPS_PER_OPERATION: limit });
      const response = await service.ask(`{ ${lookups.join(' ')} ${WRONG['a wrong argument']} }`);
      expect(codesOf(response).sort()).toEqual([...codes].sort());
      expect(service.simulator.requestLog.requests).toHaveLength(Number(limit));
      expect(logLines(service, 'operation.failed')).toHaveLength(1);
    }
  });

  it('shares a call among the campaigns of a person, as the same operation without the error', async () => {
    const service = await start();
    const field = (name: string, campaignId: string): string =>
      `${name}: findCampaignRecords(customerId: "${inSeveralCampaigns.customerId}", campaignId: "${campaignId}") { id }`;
    const { data, errors } = await service.ask(
      `{ ${field('a', '4821')} ${WRONG['a wrong argument']} ${field('b', '7203')} }`,
    );
    expect(errors).toHaveLength(1);
    expect(data).toMatchObject({ a: [{}], b: [{}] });
    expect(service.simulator.requestLog.requests).toHaveLength(1);
  });

  it('counts once as a response, also if it is refused before its execution', async () => {
    const service = await start();
    const refused = await service.ask(
      'query ($a: Int) { findCampaignRecords(phone: "3064821975", maxAge: $a) { id } }',
      {
        a: 'x',
      },
    );
    expect(refused.status).toBe(400);
    expect(codesOf(refused)).toEqual(['BAD_USER_INPUT']);
    expect(await metric(service, 'graphql_errors_total')).toBe(1);
    const lines = [...logLines(service, 'operation.failed'), ...logLines(service, 'request.refused')];
    expect(lines).toHaveLength(1);
    expect(service.simulator.requestLog.requests).toHaveLength(0);
  });
});

/** The times of two services differ. */
function withoutTimes(data: unknown): object {
  return JSON.parse(JSON.stringify(data)) as object;
}
