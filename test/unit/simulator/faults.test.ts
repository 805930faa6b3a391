import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/example-people.js';
import { FAULT_NAMES } from '../../../src/simulator/faults.js';
import type { FaultName } from '../../../src/simulator/faults.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { eventually, startSimulator } from '../../support/simulator-client.js';
import type { AskOptions, Reply, Started } from '../../support/simulator-client.js';

const { customerId } = EXAMPLES.inSeveralCampaigns;
const FOUND = `customer_id=${customerId}`;
const refusal = (code: number, error: string, msg: string): unknown => ({ code: `${code}`, error, msg });

/** What a client sees of each fault. A fault without an entry does not compile. */
const EXPECTATIONS: Readonly<Record<FaultName, (faulty: FaultyRequest) => Promise<void> | void>> = {
  slow: (faulty) => faulty.isStillOpen(null),
  cut: (faulty) => faulty.fails('other side closed'),
  reset: (faulty) => faulty.fails('ECONNRESET'),
  'cut-body': (faulty) => faulty.fails('other side closed'),
  silence: (faulty) => faulty.isStillOpen(null),
  'silence-body': (faulty) => faulty.isStillOpen(200),
  '500': html(500),
  '502': html(502),
  '503': html(503),
  '504': html(504),
  '404-html': html(404),
  'html-200': html(200),
  '429-seconds': async (faulty) => {
    const { status, headers } = await faulty.answers();
    expect([status, headers['retry-after']]).toEqual([429, '7']);
  },
  '429-date': async (faulty) => {
    const { status, headers } = await faulty.answers();
    expect(status).toBe(429);
    expect(headers['retry-after']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  },
  'truncated-json': async (faulty) => {
    const { status, text } = await faulty.answers();
    expect(status).toBe(200);
    expect(text.startsWith('{"code":"200","error":null,"msg":"3 records were found","data":[{')).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  },
  bom: async (faulty) => {
    const { body } = await faulty.answers();
    expect(body.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(JSON.parse(body.subarray(3).toString('utf8'))).toMatchObject({ code: '200' });
  },
  'empty-body': async (faulty) => {
    const { status, body } = await faulty.answers();
    expect([status, body.length]).toEqual([200, 0]);
  },
  'code-number': envelope({ code: 200, error: null }),
  'code-zero': envelope({ code: '0', error: null }),
  'error-null-text': envelope({ code: '200', error: 'null' }),
  'code-403-in-200': exactly(200, refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED')),
  'code-500-in-200': exactly(200, refusal(500, 'INTERNAL SERVER ERROR', 'PLEASE TRY AGAIN')),
  'maintenance-json': exactly(403, refusal(403, 'FORBIDDEN', 'SERVER UNDER MAINTENANCE')),
  'maintenance-html': html(403),
  'maintenance-empty': async (faulty) => {
    const { status, body } = await faulty.answers();
    expect([status, body.length]).toEqual([403, 0]);
  },
  'missing-keys': async (faulty) => {
    const [record] = (await faulty.answers()).json().data ?? [];
    expect(Object.keys(record ?? {})).toEqual(['customer_id', 'tel1', 'tel2', 'tel3', 'campaign_id']);
  },
  'missing-campaign': async (faulty) => {
    const [record] = (await faulty.answers()).json().data ?? [];
    expect(record).toMatchObject({ customer_id: customerId });
    expect(record).not.toHaveProperty('campaign_id');
  },
  'null-values': async (faulty) => {
    const [record] = (await faulty.answers()).json().data ?? [];
    expect(record).toMatchObject({ customer_id: customerId, campaign_id: '4821', tel1: '3064821975' });
    expect(record).toMatchObject({
      customer_name: null,
      opt1: null,
      tel2: null,
      date: null,
      calls: null,
      result: null,
    });
    expect(Object.keys(record ?? {})).toHaveLength(23);
  },
  'unknown-keys': async (faulty) => {
    const [record] = (await faulty.answers()).json().data ?? [];
    expect(record).toMatchObject({ customer_id: customerId, agent_id: '1042', attempts_left: 3, skill: { id: '77' } });
  },
  'gzip-bomb': async (faulty) => {
    const { headers, body } = await faulty.answers();
    expect(headers['content-encoding']).toBe('gzip');
    expect(body.length).toBeLessThan(200_000);
    const unpacked = gunzipSync(body);
    expect(unpacked.length).toBeGreaterThan(20_000_000);
    expect(JSON.parse(unpacked.toString('utf8'))).toMatchObject({ code: '200' });
  },
  // Half of the body has less than 700 bytes.
  'endless-body': (faulty) => faulty.goesOn(1_000),
  flood: (faulty) => faulty.goesOn(5_000_000),
  'token-refused': exactly(403, refusal(403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN')),
  'simultaneous-refused': exactly(
    403,
    refusal(403, 'FORBIDDEN', 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)'),
  ),
  'quota-refused': exactly(403, refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED')),
};

/** A fault at a check costs nothing up to the quota check, one attempt after it. Other faults are accepted calls. */
const COSTS: Readonly<Partial<Record<FaultName, { attempts: number; calls: number }>>> = {
  reset: { attempts: 0, calls: 0 },
  'maintenance-json': { attempts: 0, calls: 0 },
  'maintenance-html': { attempts: 0, calls: 0 },
  'maintenance-empty': { attempts: 0, calls: 0 },
  'token-refused': { attempts: 0, calls: 0 },
  'quota-refused': { attempts: 0, calls: 0 },
  'simultaneous-refused': { attempts: 1, calls: 0 },
};

const HANGING: readonly FaultName[] = ['slow', 'silence', 'silence-body', 'endless-body', 'flood'];
const SETTINGS = { retryAfterSeconds: 7, bombMb: 20, slowMs: 600_000, dripMs: 1 };

describe.each(FAULT_NAMES)('The fault %s', (name) => {
  it('applies to one request by a header or by the schedule, and by a setting until it is cleared', async () => {
    const started = await startSimulator({ settings: SETTINGS });
    const { ask, simulator } = started;
    const check = async (options: AskOptions = {}): Promise<void> => {
      await EXPECTATIONS[name](send(started, options));
      await wasLogged(started, name);
      simulator.requestLog.reset();
    };
    const checkOthers = async (): Promise<void> => {
      expect((await ask(FOUND)).status).toBe(200);
      simulator.requestLog.reset();
    };

    await check({ headers: { 'x-simulator-fault': name } });
    await checkOthers();
    simulator.faults.next(name);
    await check();
    await checkOthers();
    simulator.settings.fault = name;
    await check();
    await check();
    simulator.faults.clear();
    await checkOthers();
  });
});

describe('The schedule of faults', () => {
  it('applies faults to as many requests as scheduled, in their order', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.faults.next('503', { times: 2 });
    simulator.faults.next('500');
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await ask(FOUND)).status);
    expect(statuses).toEqual([503, 503, 500, 200]);
  });

  it('applies faults only to the requests that match', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.faults.next('502', { when: { customerId: 'other' } });
    simulator.faults.always('504', { when: { campaignId: '4821' } });
    expect((await ask(FOUND)).status).toBe(200);
    expect((await ask('customer_id=other')).status).toBe(502);
    expect((await ask('customer_id=other')).status).toBe(404);
    expect([(await ask('campaign_id=4821')).status, (await ask('campaign_id=4821')).status]).toEqual([504, 504]);
    simulator.faults.clear();
    expect((await ask('campaign_id=4821')).status).toBe(200);
  });

  it('applies faults by chance with their probabilities, and the same faults for the same seed', async () => {
    const { ask, simulator } = await startSimulator();
    const run = async (seed: number): Promise<string> => {
      simulator.faults.random({ '500': 0.3, '503': 0.2 }, seed);
      const statuses: number[] = [];
      for (let count = 0; count < 100; count += 1) statuses.push((await ask(FOUND)).status);
      return statuses.join();
    };
    const first = await run(5);
    expect(await run(5)).toBe(first);
    expect(await run(6)).not.toBe(first);
    const count = (status: number): number => first.split(`${status}`).length - 1;
    expect(count(500)).toBeGreaterThan(20);
    expect(count(500)).toBeLessThan(40);
    expect(count(503)).toBeGreaterThan(10);
    expect(count(503)).toBeLessThan(30);
  });

  it('imitates refusals without counting them as refusals', async () => {
    const { ask, simulator } = await startSimulator();
    for (const name of ['simultaneous-refused', 'quota-refused'] as const) {
      simulator.faults.next(name);
      expect((await ask(FOUND)).status).toBe(403);
    }
    expect([simulator.requestLog.refusedThird, simulator.requestLog.refusedQuota]).toEqual([0, 0]);
  });

  it('refuses a header that names an unknown fault', async () => {
    const { ask } = await startSimulator();
    const reply = await ask(FOUND, { headers: { 'x-simulator-fault': 'nonsense' } });
    expect([reply.status, reply.json().msg]).toEqual([400, 'NO SUCH FAULT']);
  });

  it('applies faults also to a response without records', async () => {
    const { ask } = await startSimulator();
    const reply = await ask(`customer_id=${EXAMPLES.nobody.customerId}`, {
      headers: { 'x-simulator-fault': 'code-number' },
    });
    expect([reply.status, reply.json()]).toEqual([
      404,
      { code: 404, error: 'NOT FOUND', msg: '0 records were found', data: [] },
    ]);
  });
});

describe('The latency', () => {
  it('delays accepted calls, but not refusals; a header sets it for one request', async () => {
    const { ask, simulator } = await startSimulator({ settings: { latency: { minMs: 600_000, maxMs: 900_000 } } });
    const caller = new AbortController();
    const held = ask(FOUND, { signal: caller.signal });
    await eventually(() => simulator.requestLog.counts.calls).toBe(1);
    expect((await ask('')).status).toBe(400);
    expect((await ask(FOUND, { headers: { 'x-simulator-latency': '0' } })).status).toBe(200);
    expect((await ask(FOUND, { headers: { 'x-simulator-latency': '1-3' } })).status).toBe(200);
    expect(simulator.requestLog.calls[0]).toMatchObject({ outcome: 'pending', endedAt: null });
    caller.abort();
    await expect(held).rejects.toThrow();
  });
});

/** A request with a fault. */
interface FaultyRequest {
  answers(): Promise<Reply>;
  fails(reason: string): Promise<void>;
  /** The response does not end. The status is null if no status line came. */
  isStillOpen(status: number | null): Promise<void>;
  /** The body continues after this many bytes. */
  goesOn(bytes: number): Promise<void>;
}

function send({ ask, simulator, url }: Started, options: AskOptions = {}): FaultyRequest {
  return {
    answers: () => ask(FOUND, options),
    async fails(reason) {
      const error = await ask(FOUND, options).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(String(error)).toContain(reason);
    },
    async isStillOpen(status) {
      const caller = new AbortController();
      const asked = ask(FOUND, { ...options, signal: caller.signal });
      await eventually(() => simulator.requestLog.counts.calls).toBe(1);
      // Meanwhile another request is answered.
      expect((await ask(FOUND, { headers: { 'x-simulator-fault': 'empty-body' } })).status).toBe(200);
      expect(simulator.requestLog.inFlight).toBe(1);
      expect(simulator.requestLog.calls[0]).toMatchObject({ status, endedAt: null });
      caller.abort();
      await expect(asked).rejects.toThrow();
      await eventually(() => simulator.requestLog.inFlight).toBe(0);
    },
    async goesOn(bytes) {
      const { body } = await request(`${url}/api/v2/campaign.php?api=find_record&${FOUND}`, {
        headers: { 'wolkvox-token': SIMULATOR_TOKEN, ...options.headers },
      });
      let received = 0;
      for await (const part of body) {
        received += (part as Buffer).length;
        if (received > bytes) break;
      }
      body.destroy();
      if (!body.closed) await once(body, 'close');
      expect(received).toBeGreaterThan(bytes);
      await eventually(() => simulator.requestLog.inFlight).toBe(0);
    },
  };
}

async function wasLogged({ simulator }: Started, name: FaultName): Promise<void> {
  await eventually(() => simulator.requestLog.inFlight).toBe(0);
  const { requests, counts } = simulator.requestLog;
  const asked = requests.filter(({ outcome }) => outcome !== 'fault: empty-body' || name === 'empty-body');
  // The test does not wait for the end of a slow response.
  expect(asked.map(({ outcome }) => outcome)).toEqual([name === 'slow' ? 'hung up' : `fault: ${name}`]);
  const others = counts.requests - asked.length;
  const { attempts, calls } = COSTS[name] ?? { attempts: 1, calls: 1 };
  expect({ attempts: counts.attempts - others, calls: counts.calls - others }).toEqual({ attempts, calls });
  expect(HANGING.includes(name) || asked[0]?.endedAt !== null).toBe(true);
}

function html(status: number): (faulty: FaultyRequest) => Promise<void> {
  return async (faulty) => {
    const reply = await faulty.answers();
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'text/html; charset=iso-8859-1']);
    expect(reply.text).toMatch(/^<!DOCTYPE HTML/);
  };
}

function exactly(status: number, body: unknown): (faulty: FaultyRequest) => Promise<void> {
  return async (faulty) => {
    const reply = await faulty.answers();
    expect([reply.status, reply.json()]).toEqual([status, body]);
  };
}

function envelope(expected: { code: unknown; error: unknown }): (faulty: FaultyRequest) => Promise<void> {
  return async (faulty) => {
    const reply = await faulty.answers();
    const { code, error, data } = reply.json();
    expect({ status: reply.status, code, error, count: data?.length }).toEqual({ status: 200, ...expected, count: 3 });
  };
}
