import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { logLines, startService, type TestService } from '../support/service.js';
import { eventually, holdCalls } from '../support/simulator-client.js';
import { codesOf } from '../support/graphql-client.js';

const times = (count: number, write: (index: number) => string, between = ' '): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(between);

describe('a response (defect 44)', () => {
  it.each<[string, string]>([
    [
      '400 aliases of a field',
      `{ findCampaignRecords(campaignId: "4821") { ${times(400, (index) => `a${index}: id`)} } }`,
    ],
    [
      '490 aliases of a list',
      `{ findCampaignRecords(campaignId: "4821") { ${times(490, (index) => `a${index}: opts { name value }`)} } }`,
    ],
    [
      '60 lists',
      `{ ${times(60, (index) => `a${index}: findCampaignRecords(campaignId: "4821") { ...r }`)} }
      fragment r on CampaignRecord { id customerName opts { position name value } phones { number } }`,
    ],
    [
      '2,000 copies of the SDL',
      `{ ${times(200, (index) => `a${index}: _service { ...s }`)} }
      fragment s on _Service { ${times(10, (index) => `b${index}: sdl`)} }`,
    ],
  ])('is refused before it is resolved if it is too large: %s', async (_, query) => {
    const { ask, post, simulator, lines } = await startMeasured();
    const response = await ask(query);
    expect(codesOf(response)).toContain('RESULT_TOO_LARGE');
    expect(response.errors[0]?.message).toBe(
      'The response to one operation may have at most 10 MB (RESPONSE_LIMIT_MB); this one would have more. Select fewer fields, or split the operation.',
    );
    expect(Buffer.byteLength(await post(query))).toBeLessThanOrEqual(10_000_000);
    expect(simulator.requestLog.calls.length).toBeLessThanOrEqual(1);
    expect(lines.join('')).not.toContain('service.bug');
  });

  it('may have the size of RESPONSE_LIMIT_MB, about', async () => {
    const query = `{ findCampaignRecords(campaignId: "4821") { ${times(60, (index) => `a${index}: id`)} } }`;
    const { ask, post } = await startMeasured();
    expect((await ask(query)).errors).toEqual([]);
    const bytes = Buffer.byteLength(await post(query));
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(bytes).toBeLessThan(3_000_000);
    const small = await startService({ env: { RESPONSE_LIMIT_MB: '2' } });
    const refused = await small.ask(query);
    expect(codesOf(refused)).toEqual(['RESULT_TOO_LARGE']);
    expect(refused.errors[0]?.message).toContain('at most 2 MB');
    const large = await startService({ env: { RESPONSE_LIMIT_MB: '4' } });
    expect((await large.ask(query)).errors).toEqual([]);
  });

  it('is replaced if it is larger than was estimated', async () => {
    const { ask, get, simulator } = await startService({ env: { RESPONSE_LIMIT_MB: '1' } });
    // JSON writes a quote as two bytes.
    const text = '"'.repeat(500);
    for (let index = 0; index < 600; index += 1) {
      simulator.add({ campaign_id: '9999', customer_id: `${80_000_000 + index}`, opt1: text, opt2: text });
    }
    const query = (field: string): string => `{ findCampaignRecords(campaignId: "9999") { ${field} } }`;
    const fitting = await ask(query('customerId'));
    expect(fitting.data?.['findCampaignRecords']).toHaveLength(600);
    expect(fitting.headers.get('cache-control')).toMatch(/^max-age=/);
    const replaced = await ask(query('customerId opts { value }'));
    expect(codesOf(replaced)).toEqual(['RESULT_TOO_LARGE']);
    expect(replaced.data).toBeUndefined();
    expect(replaced.headers.get('cache-control')).toBe('no-store');
    expect(await (await get('/metrics')).text()).toContain('graphql_errors_total{code="RESULT_TOO_LARGE"} 1');
  });

  it('that nests lists in lists ends at the limit', async () => {
    const { ask, simulator } = await startService();
    const nest = (depth: number): string =>
      depth === 0 ? '{ id }' : `{ campaign { findRecords ${nest(depth - 1)} } }`;
    const deep = await ask(`{ findCampaignRecords(campaignId: "4821") ${nest(10)} }`);
    expect(new Set(codesOf(deep))).toEqual(new Set(['RESULT_TOO_LARGE']));
    expect(simulator.requestLog.calls).toHaveLength(1);
  });

  it('has at most 100 errors, and the last one says how many are left out (defect 43)', async () => {
    const { ask } = await startService();
    const many = await ask(
      `{ findCampaignRecords(campaignId: "4821") { campaign { findRecords(maxAge: -1) { id } } } }`,
    );
    const records = many.data?.['findCampaignRecords'] as unknown[];
    expect(records.length).toBeGreaterThan(200);
    expect(many.errors).toHaveLength(100);
    expect(many.errors.at(-1)).toEqual({
      message: `A response lists at most 100 errors; ${records.length - 99} more are left out. The first of them has this code.`,
      extensions: { code: 'BAD_USER_INPUT', retryable: false },
    });
    const { errors } = await ask(`{ ${times(100, (index) => `a${index}: findCampaignRecords { id }`)} }`);
    expect(errors).toHaveLength(100);
    expect(errors.at(-1)?.path).toEqual(['a99']);
  });
});

describe('clients that send several requests at once on a connection and leave', () => {
  it('leave no response behind that counts towards the limit of all responses (defect 44)', async () => {
    const service = await startService({ env: { RESPONSE_LIMIT_MB: '1' } });
    const large = `{ findCampaignRecords(campaignId: "4821") { ${times(15, (index) => `a${index}: id`)} } }`;
    expect((await service.ask(large)).errors).toEqual([]);
    const gate = holdCalls(service.simulator);
    const { hostname, port } = new URL(service.url);
    for (let client = 0; client < 12; client += 1) {
      // The first response waits for Wolkvox, and the second one, which is ready, waits for the first.
      const waiting = `{ findCampaignRecords(customerId: "${40_000_000 + client}") { id } }`;
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write([waiting, large].map(postRequest).join(''));
      await eventually(() => logLines(service, 'answer.served').length).toBe(client + 2);
      socket.destroy();
    }
    await eventually(async () => (await service.ask(large)).errors).toEqual([]);
    gate.open();
  });
});

function postRequest(query: string): string {
  const body = JSON.stringify({ query });
  const head = ['POST /graphql HTTP/1.1', 'host: localhost', 'content-type: application/json'];
  return [...head, `content-length: ${body.length}`, '', body].join('\r\n');
}

/** A service, and the texts of its responses. */
async function startMeasured(): Promise<TestService & { readonly post: (query: string) => Promise<string> }> {
  const service = await startService();
  return {
    ...service,
    async post(query) {
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const body = JSON.stringify({ query });
      return (await fetch(`${service.url}/graphql`, { method: 'POST', headers, body })).text();
    },
  };
}
