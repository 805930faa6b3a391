import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { FAULT_NAMES } from '../../src/simulator/faults.js';
import { eventually, startSimulator } from '../support/simulator-client.js';

const FOUND = `customer_id=${EXAMPLES.undialled.customerId}`;

interface Control {
  get(route: string): Promise<unknown>;
  post(route: string, body?: unknown): Promise<{ status: number; body: unknown }>;
}

function controlOf(url: string): Control {
  return {
    get: async (route) => (await fetch(`${url}/_simulator/${route}`)).json(),
    async post(route, body = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const reply = await fetch(`${url}/_simulator/${route}`, { method: 'POST', body: text });
      return { status: reply.status, body: await reply.json() };
    },
  };
}

describe('The control routes', () => {
  it('show the request log, whole or as a summary, and cost no call', async () => {
    const { ask, simulator, url } = await startSimulator();
    const control = controlOf(url);
    await ask(FOUND);
    const whole = await control.get('request-log');
    expect(whole).toMatchObject({ mostAtOnce: 1, usedToday: 1, counts: { requests: 1, attempts: 1, calls: 1 } });
    expect(whole).toMatchObject({ calls: [{ api: 'find_record', outcome: 'match' }] });
    expect(await control.get('request-log?summary')).toEqual({
      ...{ counts: { requests: 1, attempts: 1, calls: 1, information: 0 }, mostAtOnce: 1, inFlight: 0 },
      ...{ refusedThird: 0, refusedQuota: 0, usedToday: 1 },
    });
    await control.post('reset-request-log');
    expect(simulator.requestLog.counts.requests).toBe(0);
    expect(simulator.usedToday()).toBe(1);
  });

  it('change settings, or name each wrong setting and change none', async () => {
    const { ask, simulator, url } = await startSimulator();
    const control = controlOf(url);
    expect(await control.post('settings', { noMatch: '200', dailyLimit: 1 })).toMatchObject({ status: 200 });
    expect(await control.get('settings')).toMatchObject({ noMatch: '200', dailyLimit: 1 });
    expect((await ask(`customer_id=${EXAMPLES.nobody.customerId}`)).status).toBe(200);
    expect((await ask(FOUND)).status).toBe(403);
    const wrong = {
      noMatch: 'never',
      latency: { minMs: 2, maxMs: 1 },
      tokens: 'a',
      fault: 'none',
      colour: 1,
      gzip: false,
    };
    const { status, body } = await control.post('settings', wrong);
    expect(status).toBe(400);
    const { error } = body as { error: string };
    for (const name of Object.keys(wrong).filter((key) => key !== 'gzip')) expect(error).toContain(name);
    expect(simulator.settings.gzip).toBe(true);
  });

  it('schedule faults and list them', async () => {
    const { ask, url } = await startSimulator();
    const control = controlOf(url);
    expect(Object.keys((await control.get('faults')) as object)).toEqual(FAULT_NAMES);
    await control.post('faults', { next: '503', times: 2, when: { customerId: 'x' } });
    expect([(await ask(FOUND)).status, (await ask('customer_id=x')).status]).toEqual([200, 503]);
    await control.post('faults', { always: '500' });
    expect([(await ask('customer_id=x')).status, (await ask(FOUND)).status]).toEqual([503, 500]);
    await control.post('faults', { clear: true });
    await control.post('faults', { random: { '502': 1 }, seed: 3 });
    expect((await ask(FOUND)).status).toBe(502);
    await control.post('faults', { clear: true });
    expect((await ask(FOUND)).status).toBe(200);
    const mistakes = [
      {},
      { next: 'none' },
      { next: '500', times: 0.5 },
      { next: '500', always: '500' },
      { random: { '500': 2 } },
      { clear: false },
      { next: '500', when: 1 },
      { always: '500', when: { colour: 'x' } },
    ];
    for (const mistake of [...mistakes, 'no json', []]) {
      expect((await control.post('faults', mistake)).status).toBe(400);
    }
    expect((await ask(FOUND)).status).toBe(200);
  });

  it('dial records, add records and reset everything', async () => {
    const { ask, records, url } = await startSimulator();
    const control = controlOf(url);
    const { phone } = EXAMPLES.undialled;
    expect(await control.post('dial', { match: { phone }, call: { result: 'BUSY' } })).toMatchObject({ status: 200 });
    expect(await records(FOUND)).toMatchObject([{ result: 'BUSY', calls: '1' }]);
    expect(await control.post('records', { campaign_id: '3333', customer_id: 'nuevo' })).toMatchObject({ status: 200 });
    expect(await records('campaign_id=3333')).toMatchObject([{ customer_id: 'nuevo' }]);
    for (const wrong of [{ customer_id: 'x' }, { campaign_id: 1 }, { campaign_id: '1', opt99: '' }]) {
      expect((await control.post('records', wrong)).status).toBe(400);
    }
    for (const wrong of [{}, { match: {} }, { match: { phone: 1 } }, { match: { phone }, call: { colour: 'x' } }]) {
      expect((await control.post('dial', wrong)).status).toBe(400);
    }
    await control.post('reset');
    expect(await records(FOUND)).toMatchObject([{ result: 'CLEAN' }]);
    expect((await ask('campaign_id=3333')).status).toBe(404);
    expect((await control.post('nowhere')).status).toBe(404);
  });
});

describe('The simulator', () => {
  it('closes at once, also with requests in flight', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.faults.next('silence');
    const held = ask(FOUND).then(
      () => 'answered',
      () => 'cut',
    );
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    await simulator.close();
    expect(await held).toBe('cut');
    await eventually(() => simulator.requestLog.inFlight).toBe(0);
    await simulator.close();
  });

  it('rejects if the port is taken', async () => {
    const first = await startSimulator();
    const second = await startSimulator();
    await second.simulator.close();
    await expect(second.simulator.listen({ port: Number(new URL(first.url).port) })).rejects.toThrow('EADDRINUSE');
  });
});

describe('The simulator as a process of its own', () => {
  function start(
    env: Record<string, string>,
    options: readonly string[] = [],
  ): {
    child: ChildProcess;
    readonly firstLines: (count: number) => Promise<string[]>;
  } {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/simulator/main.ts', ...options], {
      env: { PATH: process.env['PATH'], SIMULATOR_PORT: '0', SIMULATOR_LATENCY_MS: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return {
      child,
      async firstLines(count) {
        const lines: string[] = [];
        for await (const line of createInterface({ input: child.stdout })) {
          lines.push(line);
          if (lines.length === count) break;
        }
        return lines;
      },
    };
  }

  it('prints two calls that find records, answers them, and ends with code 0 on SIGTERM', async () => {
    const { child, firstLines } = start({
      SIMULATOR_TOKEN: 'my-token',
      SIMULATOR_SEED: '42',
      SIMULATOR_DAILY_LIMIT: '2',
    });
    const lines = await firstLines(8);
    const calls = lines.flatMap((line) => /curl -H 'wolkvox-token: (\S+)' '(\S+)'/.exec(line)?.slice(1) ?? []);
    expect(calls).toHaveLength(4);
    const [token = '', several = '', , twice = ''] = calls;
    const headers = { 'wolkvox-token': token };
    expect(await (await fetch(several, { headers })).json()).toMatchObject({ msg: '3 records were found' });
    expect(await (await fetch(twice, { headers })).json()).toMatchObject({ msg: '2 records were found' });
    expect((await fetch(twice, { headers })).status).toBe(403);
    const control = controlOf(new URL(several).origin);
    expect(await control.get('request-log?summary')).toMatchObject({ usedToday: 2, refusedQuota: 1 });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('does not start with wrong environment variables, and names each of them', async () => {
    const { child } = start({ SIMULATOR_PORT: 'x', SIMULATOR_LATENCY_MS: '9-1', SIMULATOR_FAULT: 'none' });
    let output = '';
    child.stderr?.on('data', (part) => (output += String(part)));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    for (const name of ['SIMULATOR_PORT', 'SIMULATOR_LATENCY_MS', 'SIMULATOR_FAULT']) expect(output).toContain(name);
  });

  it.each([
    ['--help', 0, /^Usage: npm run simulator/],
    ['--version', 0, /^\d+\.\d+\.\d+$/m],
    ['--port=1', 1, /Unknown option.*--help.*--version/],
  ])('answers the option %s with exit code %d', async (option, exitCode, output) => {
    const { child } = start({}, [option]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += String(part)));
    expect(await once(child, 'close')).toEqual([exitCode, null]);
    expect(text).toMatch(output);
  });
});
