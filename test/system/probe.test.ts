import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../src/probe/report.js';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { eventually, startSimulator, type Started } from '../support/simulator-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
const { customerId, phone, campaignIds } = EXAMPLES.inSeveralCampaigns;
const [campaignId] = campaignIds;
/** The example person: bare in one campaign, with 9 as the second number of another one, with 957 in the third. */
const PERSON = ['--customer-id', customerId, '--phone', phone, '--campaign-id', campaignId];
/** What no output may hold: parts of numbers, ids and names of the person. */
const PERSONAL = /2183|482197|601109|Mar[ií]a|Fernanda|G[oó]mez|R[ií]os|Tarjeta/;

interface Run {
  readonly output: () => string;
  readonly file: string;
  /** Answers a question of the terminal when it is asked. */
  answer(question: string, text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves to its exit code, or to the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly output?: string;
  /** Whether its input counts as a terminal. */
  readonly terminal?: boolean;
}

/** Starts the built probe with PATH and this environment only. */
function startProbe(args: readonly string[], { env = {}, output, terminal = false }: RunOptions = {}): Run {
  const file = output ?? path.join(temporaryFolder('probe-'), 'result.json');
  const preload = terminal ? ['--import', 'data:text/javascript,process.stdin.isTTY=true'] : [];
  const child = spawn(process.execPath, [...preload, 'dist/probe/main.js', ...args, '--output', file], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: [terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    output: () => text,
    file,
    async answer(question, answer) {
      await eventually(() => text).toContain(question);
      child.stdin?.write(`${answer}\n`);
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

function accountOf({ url }: Started, token = SIMULATOR_TOKEN): Record<string, string> {
  return { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: token, WOLKVOX_BASE_URL: url };
}

function readReport({ file }: Run): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

function verdicts({ questions }: Report): Record<string, string> {
  return Object.fromEntries(questions.map(({ id, verdict }) => [id, verdict]));
}

function settingsOf({ settings }: Report): Record<string, string | null> {
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

/** The searches that a simulator answers as if an empty campaign id meant no campaign. */
function searchNoCampaign(simulator: Simulator): void {
  simulator.respondWith(({ api, lookup }) =>
    api !== 'find_record' || lookup.campaignId !== ''
      ? undefined
      : { status: 404, body: '{"code":"404","error":"NOT FOUND","msg":"0 records were found","data":[]}' },
  );
}

interface Mode {
  readonly name: string;
  readonly prepare: (simulator: Simulator) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** The verdicts other than `as assumed`. */
  readonly differ: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | null>>;
}

const MODES: readonly Mode[] = [
  {
    name: 'phones without their prefix',
    prepare: () => undefined,
    differ: {},
    settings: { WOLKVOX_COUNTRY_CODE: '57' },
  },
  {
    name: 'phones exactly',
    prepare: ({ settings }) => Object.assign(settings, { phoneMatch: 'exact' }),
    env: { WOLKVOX_COUNTRY_CODE: '57' },
    differ: { 'bare-finds-prefixed': 'different' },
    settings: { WOLKVOX_COUNTRY_CODE: '' },
  },
  {
    name: 'the first phone only',
    prepare: ({ settings }) => Object.assign(settings, { phoneMatch: 'tel1', noMatch: '200-null' }),
    differ: { 'other-phones': 'different' },
    settings: { WOLKVOX_COUNTRY_CODE: '57' },
  },
  {
    name: 'phone or customer id',
    prepare: ({ settings }) => Object.assign(settings, { combine: 'or', tokenInfo: 'blank' }),
    differ: { 'phone-and-id': 'different', figures: 'different', cost: 'skipped' },
    settings: { WOLKVOX_COUNTRY_CODE: '57', WOLKVOX_DAILY_LIMIT: null, WOLKVOX_QUOTA_SYNC_MINUTES: '0' },
  },
  {
    name: 'no campaign if the campaign id is empty',
    prepare: searchNoCampaign,
    env: { WOLKVOX_TIME_ZONE: '-03:00' },
    differ: {
      rows: 'skipped',
      'all-campaigns': 'different',
      'other-phones': 'skipped',
      'bare-finds-prefixed': 'skipped',
      'time-zone': 'different',
    },
    settings: {
      WOLKVOX_SEARCHES_ALL_CAMPAIGNS: 'false',
      WOLKVOX_COUNTRY_CODE: null,
      WOLKVOX_TIME_ZONE: '-05:00',
    },
  },
];

describe('npm run probe', () => {
  it.each(MODES)('says the truth about an account that compares $name', async ({ prepare, env, differ, settings }) => {
    const started = await startSimulator();
    prepare(started.simulator);
    const run = startProbe([...PERSON, '--yes'], { env: { ...accountOf(started), ...env } });
    expect(await run.ended).toBe(0);
    const report = readReport(run);
    const all = verdicts(report);
    expect(Object.keys(all)).toHaveLength(14);
    expect(Object.fromEntries(Object.entries(all).filter(([, verdict]) => verdict !== 'as assumed'))).toEqual(differ);
    expect(settingsOf(report)).toEqual(settings);
    // The promise is shown first, and it holds.
    const { counts, mostAtOnce, requests } = started.simulator.requestLog;
    expect(run.output()).toMatch(/^The probe sends at most 12 calls to your account, one at a time/);
    expect(report.calls).toEqual({ made: counts.requests, atMost: 12 });
    expect(counts.requests).toBeGreaterThan(7);
    expect(counts.requests).toBeLessThanOrEqual(12);
    expect(mostAtOnce).toBe(1);
    expect(new Set(requests.map(({ api }) => api))).toEqual(new Set(['token_info', 'find_record']));
    // The outputs have each finding and each setting, and nothing of the person.
    for (const { known, verdict } of report.questions) {
      expect(run.output()).toContain(`known    ${known}\n      result   ${verdict}`);
    }
    for (const { name } of report.settings) expect(run.output()).toContain(name);
    expect(PERSON.join(' ')).toMatch(PERSONAL);
    expect(run.output()).not.toMatch(PERSONAL);
    expect(readFileSync(run.file, 'utf8')).not.toMatch(PERSONAL);
  });

  it('sends exactly the stated calls if each question needs its own, and reads the person from a file', async () => {
    const started = await startSimulator();
    const person = { customer_id: 'ZZ-77120', customer_name: 'Inventada' };
    started.simulator.add({ ...person, campaign_id: '4821', tel1: '3062200101', tel2: '6011220033', calls: '0' });
    started.simulator.add({ ...person, campaign_id: '7203', tel1: '573062200202', calls: '0' });
    const given = path.join(temporaryFolder('person-'), 'person.json');
    writeFileSync(given, JSON.stringify({ customerId: 'ZZ-77120', campaignId: '4821' }));
    const run = startProbe(['--person', given, '--yes'], { env: accountOf(started) });
    expect(await run.ended).toBe(0);
    expect(readReport(run).calls).toEqual({ made: 12, atMost: 12 });
    expect(started.simulator.requestLog.counts.requests).toBe(12);
    expect(started.simulator.usedToday()).toBe(12);
    expect(run.output()).not.toMatch(/77120|22001|22002|22003|Inventada/);
  });

  it('skips and names the questions that need a person, if none is given', async () => {
    const started = await startSimulator();
    const run = startProbe(['--yes'], { env: accountOf(started) });
    expect(await run.ended).toBe(0);
    const report = readReport(run);
    expect(report.calls).toEqual({ made: 4, atMost: 4 });
    expect(started.simulator.requestLog.counts.requests).toBe(4);
    const skipped = report.questions.filter(({ verdict }) => verdict === 'skipped');
    expect(skipped).toHaveLength(8);
    const announced = run.output().split('[1/14]')[0] ?? '';
    for (const { question, known } of skipped) {
      expect(known).toBe('It needs --customer-id or --phone.');
      expect(announced).toContain(`  - ${question} ${known}`);
    }
  });

  it('uses the built-in simulator and an invented person without a token, and ends at SIGTERM', async () => {
    const run = startProbe(['--yes']);
    await eventually(run.output).toContain('[5/14]');
    run.kill('SIGTERM');
    expect(await run.ended).toBe(130);
    expect(run.output()).toMatch(/at most 12 calls to the built-in simulator, because WOLKVOX_TOKEN is not set, or/);
    expect(run.output()).toContain('They say nothing about Wolkvox.');
    expect(readReport(run)).toMatchObject({ upstream: 'simulator', ended: 'stopped' });
    expect(verdicts(readReport(run))).toMatchObject({ token: 'as assumed', rows: 'as assumed', cost: 'not asked' });
  });

  it('asks for the person and for a yes on a terminal', async () => {
    const started = await startSimulator();
    const run = startProbe([], { env: accountOf(started), terminal: true });
    await run.answer('Customer id: ', customerId);
    await run.answer('Phone, without a prefix: ', '');
    await run.answer('A campaign that the person is in (its number): ', campaignId);
    await eventually(run.output).toContain('Go on? [y/N] ');
    expect(started.simulator.requestLog.counts.requests).toBe(0);
    await run.answer('Go on? [y/N] ', 'y');
    expect(await run.ended).toBe(0);
    expect(readReport(run).calls.made).toBe(started.simulator.requestLog.counts.requests);
    expect(run.output()).not.toMatch(PERSONAL);
  });

  it('sends nothing if the answer is not yes', async () => {
    const started = await startSimulator();
    const run = startProbe(PERSON, { env: accountOf(started), terminal: true });
    await run.answer('Go on? [y/N] ', '');
    expect(await run.ended).toBe(0);
    expect(run.output()).toContain('Nothing was sent.');
    expect(started.simulator.requestLog.counts.requests).toBe(0);
    expect(existsSync(run.file)).toBe(false);
  });

  it('sends nothing without a terminal and without --yes', async () => {
    const started = await startSimulator();
    const run = startProbe(PERSON, { env: accountOf(started) });
    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(/no terminal.*--yes/);
    expect(started.simulator.requestLog.counts.requests).toBe(0);
  });

  it('ends after one call with a wrong token, and explains the code', async () => {
    const started = await startSimulator();
    const run = startProbe([...PERSON, '--yes'], { env: accountOf(started, 'another-token') });
    expect(await run.ended).toBe(1);
    expect(started.simulator.requestLog.counts.requests).toBe(1);
    const report = readReport(run);
    expect(report).toMatchObject({ calls: { made: 1 }, ended: { code: 'UPSTREAM_REFUSED', kind: 'token' } });
    expect(new Set(Object.values(verdicts(report)))).toEqual(new Set(['not asked']));
    expect(run.output()).toMatch(/UPSTREAM_REFUSED: Wolkvox does not accept the token.*\nCheck WOLKVOX_TOKEN/);
    expect(run.output()).not.toContain('another-token');
  });

  it('stops at once at Ctrl-C, with what is known until then', async () => {
    const started = await startSimulator();
    started.simulator.faults.always('silence', { when: { customerId } });
    const run = startProbe([...PERSON, '--yes'], { env: accountOf(started) });
    await eventually(() => started.simulator.requestLog.counts.requests).toBe(4);
    run.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(started.simulator.requestLog.counts.requests).toBe(4);
    const report = readReport(run);
    expect(report).toMatchObject({ ended: 'stopped', calls: { made: 4 } });
    expect(verdicts(report)).toMatchObject({ 'no-match': 'as assumed', rows: 'not asked', cost: 'not asked' });
  });

  it('refuses wrong options with code 1 and a message without their values', async () => {
    const number = '3064821975';
    const runs = [[`--planted=${number}`], [number], ['--phone', `${number}x`, '--yes']].map((args) =>
      startProbe(args),
    );
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([1, 1, 1]);
    expect(runs.map(({ output }) => output())).toEqual([
      expect.stringMatching(/^Unknown option\. The known options are --customer-id, .*--help, --version\.\n$/),
      expect.stringMatching(/^Unexpected argument\. The known options are --customer-id, .*--help, --version\.\n$/),
      expect.stringMatching(/^The person cannot be used: phone must contain 7 to 18 digits.*\n$/),
    ]);
    expect(runs.map(({ output }) => output()).join('')).not.toContain(number);
  });

  it('sends nothing if its file cannot be written', async () => {
    const started = await startSimulator();
    const run = startProbe(['--yes'], { env: accountOf(started), output: temporaryFolder('probe-') });
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain('--output: the file cannot be written (EISDIR).');
    expect(started.simulator.requestLog.counts.requests).toBe(0);
  });

  it('answers --help and --version', async () => {
    const [help, versionRun] = [startProbe(['--help']), startProbe(['--version'])];
    expect([await help.ended, await versionRun.ended]).toEqual([0, 0]);
    expect(help.output()).toMatch(/^Usage: npm run probe/);
    expect(versionRun.output()).toBe(`${version}\n`);
  });
});
