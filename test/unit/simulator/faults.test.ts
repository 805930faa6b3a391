import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/cast.js';
import { FAULT_NAMES } from '../../../src/simulator/faults.js';
import type { FaultName } from '../../../src/simulator/faults.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { eventually, startSimulator } from '../../support/simulator-client.js';
import type { AskOptions, Reply, Started } from '../../support/simulator-client.js';

const { customerId } = EXAMPLES.inSeveralCampaigns;
const FOUND = `customer_id=${customerId}`;
const refusal = (code: number, error: string, msg: string): unknown => ({ code: `${code}`, error, msg });

/** What one fault looks like from outside. Every fault has its row, or this does not compile. */
const LOOKS: Readonly<Record<FaultName, (answer: Struck) => Promise<void> | void>> = {
  slow: (struck) => struck.isStillOpen(null),
  cut: (struck) => struck.fails('other side closed'),
  reset: (struck) => struck.fails('ECONNRESET'),
  'cut-body': (struck) => struck.fails('other side closed'),
  silence: (struck) => struck.isStillOpen(null),
  'silence-body': (struck) => struck.isStillOpen(200),
  '500': html(500),
  '502': html(502),
  '503': html(503),
  '504': html(504),
  '404-html': html(404),
  'html-200': html(200),
  '429-seconds': async (struck) => {
    const { status, headers } = await struck.answers();
    expect([status, headers['retry-after']]).toEqual([429, '7']);
  },
  '429-date': async (struck) => {
    const { status, headers } = await struck.answers();
    expect(status).toBe(429);
    expect(headers['retry-after']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  },
  'truncated-json': async (struck) => {
    const { status, text } = await struck.answers();
    expect(status).toBe(200);
    expect(text.startsWith('{"code":"200","error":null,"msg":"3 records were found","data":[{')).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  },
  bom: async (struck) => {
    const { body } = await struck.answers();
    expect(body.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(JSON.parse(body.subarray(3).toString('utf8'))).toMatchObject({ code: '200' });
  },
  'empty-body': async (struck) => {
    const { status, body } = await struck.answers();
    expect([status, body.length]).toEqual([200, 0]);
  },
  'code-number': envelope({ code: 200, error: null }),
  'code-zero': envelope({ code: '0', error: null }),
  'error-null-text': envelope({ code: '200', error: 'null' }),
  'code-403-in-200': exactly(200, refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED')),
  'code-500-in-200': exactly(200, refusal(500, 'INTERNAL SERVER ERROR', 'PLEASE TRY AGAIN')),
  'maintenance-json': exactly(403, refusal(403, 'FORBIDDEN', 'SERVER UNDER MAINTENANCE')),
  'maintenance-html': html(403),
  'maintenance-empty': async (struck) => {
    const { status, body } = await struck.answers();
    expect([status, body.length]).toEqual([403, 0]);
  },
  'missing-keys': async (struck) => {
    const [record] = (await struck.answers()).json().data ?? [];
    expect(Object.keys(record ?? {})).toEqual(['customer_id', 'tel1', 'tel2', 'tel3', 'campaign_id']);
  },
  'null-values': async (struck) => {
    const [record] = (await struck.answers()).json().data ?? [];
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
  'unknown-keys': async (struck) => {
    const [record] = (await struck.answers()).json().data ?? [];
    expect(record).toMatchObject({ customer_id: customerId, agent_id: '1042', attempts_left: 3, skill: { id: '77' } });
  },
  'gzip-bomb': async (struck) => {
    const { headers, body } = await struck.answers();
    expect(headers['content-encoding']).toBe('gzip');
    expect(body.length).toBeLessThan(50_000);
    const unpacked = gunzipSync(body);
    expect(unpacked.length).toBeGreaterThan(20_000_000);
    expect(JSON.parse(unpacked.toString('utf8'))).toMatchObject({ code: '200', data: [] });
  },
  'endless-body': (struck) => struck.goesOn(2_000),
  flood: (struck) => struck.goesOn(5_000_000),
  'token-refused': exactly(403, refusal(403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN')),
  'simultaneous-refused': exactly(
    403,
    refusal(403, 'FORBIDDEN', 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)'),
  ),
  'quota-refused': exactly(403, refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED')),
};

/** What a fault costs when it strikes at a check: nothing before the quota's, one call after. The others are accepted calls. */
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

describe.each(FAULT_NAMES)('The fault %s', { timeout: 30_000 }, (name) => {
  it('shows by a request header, for that request alone', async () => {
    const started = await startSimulator({ settings: SETTINGS });
    await LOOKS[name](strike(started, { headers: { 'x-simulator-fault': name } }));
    await saw(started, name);
    expect((await started.ask(FOUND)).status).toBe(200);
  });

  it('shows by a setting, until it is taken back', async () => {
    const started = await startSimulator({ settings: SETTINGS });
    started.simulator.settings.fault = name;
    await LOOKS[name](strike(started));
    await saw(started, name);
    started.simulator.faults.clear();
    expect((await started.ask(FOUND)).status).toBe(200);
  });

  it('shows once by the schedule', async () => {
    const started = await startSimulator({ settings: SETTINGS });
    started.simulator.faults.next(name);
    await LOOKS[name](strike(started));
    await saw(started, name);
    expect((await started.ask(FOUND)).status).toBe(200);
  });
});

describe('The schedule of faults', { timeout: 30_000 }, () => {
  it('strikes as many requests as it is told, in its order', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.faults.next('503', { times: 2 });
    simulator.faults.next('500');
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await ask(FOUND)).status);
    expect(statuses).toEqual([503, 503, 500, 200]);
  });

  it('strikes only the requests it is meant for', async () => {
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

  it('strikes by chance as often as it is told, and the same way for the same seed', async () => {
    const { ask, simulator } = await startSimulator();
    const run = async (seed: number): Promise<string> => {
      simulator.faults.random({ '500': 0.3, '503': 0.2 }, seed);
      const statuses: number[] = [];
      for (let count = 0; count < 200; count += 1) statuses.push((await ask(FOUND)).status);
      return statuses.join();
    };
    const first = await run(5);
    expect(await run(5)).toBe(first);
    expect(await run(6)).not.toBe(first);
    const count = (status: number): number => first.split(`${status}`).length - 1;
    expect(count(500)).toBeGreaterThan(40);
    expect(count(500)).toBeLessThan(80);
    expect(count(503)).toBeGreaterThan(20);
    expect(count(503)).toBeLessThan(60);
  });

  it('plays refusals without counting them as the caller’s fault', async () => {
    const { ask, simulator } = await startSimulator();
    for (const name of ['simultaneous-refused', 'quota-refused'] as const) {
      simulator.faults.next(name);
      expect((await ask(FOUND)).status).toBe(403);
    }
    expect([simulator.witness.refusedThird, simulator.witness.refusedQuota]).toEqual([0, 0]);
  });

  it('says so when a header names a fault that does not exist', async () => {
    const { ask } = await startSimulator();
    const reply = await ask(FOUND, { headers: { 'x-simulator-fault': 'nonsense' } });
    expect([reply.status, reply.json().msg]).toEqual([400, 'NO SUCH FAULT']);
  });

  it('strikes an answer that finds nobody as well', async () => {
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
  it('holds accepted calls back, and refusals not; a header sets it for one request', async () => {
    const { ask, simulator } = await startSimulator({ settings: { latency: { minMs: 600_000, maxMs: 900_000 } } });
    const caller = new AbortController();
    const held = ask(FOUND, { signal: caller.signal });
    await eventually(() => simulator.witness.counts.calls).toBe(1);
    expect((await ask('')).status).toBe(400);
    expect((await ask(FOUND, { headers: { 'x-simulator-latency': '0' } })).status).toBe(200);
    expect((await ask(FOUND, { headers: { 'x-simulator-latency': '1-3' } })).status).toBe(200);
    expect(simulator.witness.calls[0]).toMatchObject({ outcome: 'pending', endedAt: null });
    caller.abort();
    await expect(held).rejects.toThrow();
  });
});

/** A request that a fault strikes, and what may be said of it. */
interface Struck {
  answers(): Promise<Reply>;
  fails(reason: string): Promise<void>;
  /** The connection stays open without an end; the status says how far the answer came. */
  isStillOpen(status: number | null): Promise<void>;
  /** The body goes on after this many bytes. */
  goesOn(bytes: number): Promise<void>;
}

function strike({ ask, simulator, url }: Started, options: AskOptions = {}): Struck {
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
      await eventually(() => simulator.witness.counts.calls).toBe(1);
      // A whole other exchange goes by meanwhile.
      expect((await ask(FOUND, { headers: { 'x-simulator-fault': 'empty-body' } })).status).toBe(200);
      expect(simulator.witness.inFlight).toBe(1);
      expect(simulator.witness.calls[0]).toMatchObject({ status, endedAt: null });
      caller.abort();
      await expect(asked).rejects.toThrow();
      await eventually(() => simulator.witness.inFlight).toBe(0);
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
      await eventually(() => simulator.witness.inFlight).toBe(0);
    },
  };
}

async function saw({ simulator }: Started, name: FaultName): Promise<void> {
  await eventually(() => simulator.witness.inFlight).toBe(0);
  const { requests, counts } = simulator.witness;
  const asked = requests.filter(({ outcome }) => outcome !== 'fault: empty-body' || name === 'empty-body');
  // A late answer that nobody waited for is no answer; the others are known by their fault.
  expect(asked.map(({ outcome }) => outcome)).toEqual([name === 'slow' ? 'hung up' : `fault: ${name}`]);
  const others = counts.requests - asked.length;
  const { attempts, calls } = COSTS[name] ?? { attempts: 1, calls: 1 };
  expect({ attempts: counts.attempts - others, calls: counts.calls - others }).toEqual({ attempts, calls });
  expect(HANGING.includes(name) || asked[0]?.endedAt !== null).toBe(true);
}

function html(status: number): (struck: Struck) => Promise<void> {
  return async (struck) => {
    const reply = await struck.answers();
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'text/html; charset=iso-8859-1']);
    expect(reply.text).toMatch(/^<!DOCTYPE HTML/);
  };
}

function exactly(status: number, body: unknown): (struck: Struck) => Promise<void> {
  return async (struck) => {
    const reply = await struck.answers();
    expect([reply.status, reply.json()]).toEqual([status, body]);
  };
}

function envelope(expected: { code: unknown; error: unknown }): (struck: Struck) => Promise<void> {
  return async (struck) => {
    const reply = await struck.answers();
    const { code, error, data } = reply.json();
    expect({ status: reply.status, code, error, count: data?.length }).toEqual({ status: 200, ...expected, count: 3 });
  };
}
