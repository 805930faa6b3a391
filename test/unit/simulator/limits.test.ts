import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/example-people.js';
import { instantOf } from '../../../src/simulator/columns.js';
import { eventually, holdCalls, startSimulator } from '../../support/simulator-client.js';

const FOUND = `customer_id=${EXAMPLES.undialled.customerId}`;
const refusal = (code: number, error: string, msg: string): unknown => ({ code: `${code}`, error, msg });
const THIRD = 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)';

describe('The token', () => {
  it('must be sent and must belong to the account', async () => {
    const { ask, simulator } = await startSimulator();
    const without = await ask(FOUND, { headers: { 'wolkvox-token': undefined } });
    expect([without.status, without.json()]).toEqual([
      401,
      refusal(401, 'UNAUTHORIZED', 'PLEASE ENTER THE WOLKVOX-TOKEN'),
    ]);
    const wrong = await ask(FOUND, { headers: { 'wolkvox-token': 'wrong' } });
    expect([wrong.status, wrong.json()]).toEqual([403, refusal(403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN')]);
    expect(simulator.requestLog.requests.map(({ outcome }) => outcome)).toEqual([
      'refused: no token',
      'refused: unknown token',
    ]);
    expect([simulator.usedToday(), simulator.requestLog.counts.attempts]).toEqual([0, 0]);
  });
});

describe('Simultaneous requests', () => {
  it('are limited to two per token: of ten, eight are refused, and each of the ten costs a call', async () => {
    const { ask, simulator } = await startSimulator();
    const gate = holdCalls(simulator);
    const asked = Array.from({ length: 10 }, () => ask(FOUND));
    await eventually(() => simulator.requestLog.refusedThird).toBe(8);
    expect(simulator.requestLog.inFlight).toBeGreaterThanOrEqual(2);
    gate.open();
    const replies = await Promise.all(asked);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(2);
    const refused = replies.filter(({ status }) => status === 403);
    expect(refused.map((reply) => reply.json())).toEqual(Array(8).fill(refusal(403, 'FORBIDDEN', THIRD)));
    const { counts, mostAtOnce } = simulator.requestLog;
    expect({ ...counts, mostAtOnce, used: simulator.usedToday() }).toMatchObject({
      ...{ calls: 2, attempts: 10, requests: 10, used: 10 },
    });
    expect(mostAtOnce).toBeGreaterThan(2);
  });

  it('count a refused third one in mostAtOnce', async () => {
    const { ask, simulator } = await startSimulator();
    const gate = holdCalls(simulator);
    const asked = [ask(FOUND), ask(FOUND)];
    await eventually(() => simulator.requestLog.inFlight).toBe(2);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
    expect((await ask(FOUND)).status).toBe(403);
    expect([simulator.requestLog.mostAtOnce, simulator.requestLog.refusedThird]).toEqual([3, 1]);
    gate.open();
    await Promise.all(asked);
  });

  it('are counted per token', async () => {
    const { ask, simulator } = await startSimulator({ settings: { tokens: ['a', 'b'] } });
    const gate = holdCalls(simulator);
    const asked = ['a', 'a', 'b', 'b'].map((token) => ask(FOUND, { headers: { 'wolkvox-token': token } }));
    await eventually(() => simulator.requestLog.inFlight).toBe(4);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
    gate.open();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('end when the response has been sent or the caller hangs up', async () => {
    const { ask, simulator } = await startSimulator({ settings: { concurrency: 1 } });
    for (let count = 0; count < 20; count += 1) expect((await ask(FOUND)).status).toBe(200);
    expect([simulator.requestLog.mostAtOnce, simulator.requestLog.refusedThird]).toEqual([1, 0]);

    const gate = holdCalls(simulator);
    const caller = new AbortController();
    const held = ask(FOUND, { signal: caller.signal });
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    caller.abort();
    await expect(held).rejects.toThrow();
    await eventually(() => simulator.requestLog.inFlight).toBe(0);
    expect(simulator.requestLog.calls.at(-1)).toMatchObject({ outcome: 'hung up' });
    gate.open();
    expect((await ask(FOUND)).status).toBe(200);
  });
});

describe("The day's calls", () => {
  it('are refused beyond the limit', async () => {
    const { ask, simulator } = await startSimulator({ settings: { dailyLimit: 3 } });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await ask(FOUND)).status);
    expect(statuses).toEqual([200, 200, 200, 403, 403]);
    expect((await ask(FOUND)).json()).toEqual(refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED'));
    expect([simulator.usedToday(), simulator.requestLog.refusedQuota]).toEqual([3, 3]);
    expect(simulator.requestLog.attempts).toHaveLength(3);
  });

  it('are shared by the tokens of the account and counted per token', async () => {
    const { ask } = await startSimulator({ settings: { tokens: ['a', 'b'], dailyLimit: 3 } });
    const asToken = (token: string): { headers: Record<string, string> } => ({ headers: { 'wolkvox-token': token } });
    await ask(FOUND, asToken('a'));
    await ask(FOUND, asToken('a'));
    const info = await ask('api=token_info', { page: 'information', ...asToken('b') });
    expect(info.json().data).toMatchObject([{ token_use_today: '1', all_token_today: '3' }]);
    expect((await ask(FOUND, asToken('b'))).status).toBe(403);
  });

  it('start again at midnight GMT-5', async () => {
    let now = instantOf('2026-11-23 23:59:59');
    const { ask } = await startSimulator({ now: () => now, settings: { dailyLimit: 1 } });
    expect([(await ask(FOUND)).status, (await ask(FOUND)).status]).toEqual([200, 403]);
    now += 1_000;
    expect((await ask(FOUND)).status).toBe(200);
  });
});

describe('The order of the checks', () => {
  it('is maintenance, token header, token, quota, simultaneous requests, api, parameters', async () => {
    const { ask, simulator } = await startSimulator({
      settings: { maintenance: 'json', dailyLimit: 0, concurrency: 0 },
    });
    // At first everything is wrong; each step corrects one thing.
    const bad = 'api=none';
    let headers: Record<string, string | undefined> = { 'wolkvox-token': undefined };
    const msg = async (query: string): Promise<unknown> => (await ask(query, { headers })).json().msg;
    expect(await msg(bad)).toBe('SERVER UNDER MAINTENANCE');
    simulator.settings.maintenance = 'off';
    expect(await msg(bad)).toBe('PLEASE ENTER THE WOLKVOX-TOKEN');
    headers = { 'wolkvox-token': 'wrong' };
    expect(await msg(bad)).toBe('PLEASE VALIDATE TOKEN');
    headers = {};
    expect(await msg(bad)).toBe('TOKEN LIMIT EXCEEDED');
    simulator.settings.dailyLimit = null;
    expect(await msg(bad)).toBe(THIRD);
    simulator.settings.concurrency = 2;
    expect(await msg(bad)).toBe('THE API YOU WANT TO CONSULT DOES NOT EXIST');
    expect(await msg('campaign_id=')).toBe('SOME PARAMETERS ARE REQUIRED');
    expect(await msg(FOUND)).toBe('1 records were found');
    // Each request that passed the quota check costs a call: third request, unknown api, missing criterion, search.
    expect(simulator.usedToday()).toBe(4);
    expect(simulator.requestLog.counts).toEqual({ requests: 8, attempts: 4, calls: 1, information: 0 });
  });

  it('begins with maintenance, which costs no call, with each of its bodies', async () => {
    const { ask, simulator } = await startSimulator();
    const seen: unknown[] = [];
    for (const maintenance of ['json', 'html', 'empty'] as const) {
      simulator.settings.maintenance = maintenance;
      const reply = await ask(FOUND);
      seen.push([reply.status, reply.headers['content-type'], reply.text.length > 0]);
    }
    expect(seen).toEqual([
      [403, 'application/json; charset=utf-8', true],
      [403, 'text/html; charset=iso-8859-1', true],
      [403, undefined, false],
    ]);
    expect(simulator.usedToday()).toBe(0);
  });
});

describe('The request log', () => {
  it('has the criteria, the times, the outcome and the status of each request', async () => {
    const { ask, simulator } = await startSimulator();
    await ask(`campaign_id=4821&customer_phone=${EXAMPLES.undialled.phone}&customer_id=`);
    await ask(`customer_phone=${EXAMPLES.nobody.phone}`);
    await eventually(() => simulator.requestLog.inFlight).toBe(0);
    const [first, second] = simulator.requestLog.calls;
    expect(first).toMatchObject({
      ...{ page: 'campaign', api: 'find_record', method: 'GET', outcome: 'match', status: 200 },
      lookup: { campaignId: '4821', phone: EXAMPLES.undialled.phone, customerId: '' },
    });
    expect(second).toMatchObject({ outcome: 'no match', status: 404 });
    expect(first?.endedAt).toBeGreaterThanOrEqual(first?.receivedAt ?? Infinity);
    simulator.requestLog.reset();
    expect([simulator.requestLog.calls, simulator.requestLog.mostAtOnce]).toEqual([[], 0]);
    expect(simulator.usedToday()).toBe(2);
  });
});
