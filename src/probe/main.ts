import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readConfig, type Config } from '../config/config.js';
import { ConfigError } from '../config/problems.js';
import { createClock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';
import type { Criteria, Lookup } from '../core/lookup.js';
import { createCalls } from './calls.js';
import { OptionError, readGiven, readOptions, readPerson, type Options } from './options.js';
import { DEFAULT_COUNTRY_CODE } from './phones.js';
import { QUESTIONS, askQuestions, countCalls, notBegun, questionsWithoutOption } from './questions.js';
import { createReport, explain, formatReport, type Report } from './report.js';
import { openTerminal } from './terminal.js';

/** `npm run probe`: asks the owner's account what is only assumed of Wolkvox. docs/probe.md describes it. */

const HELP = `Usage: npm run probe [-- options]
Asks your account of Wolkvox a few read-only questions, one call at a time, and prints what is known beside what the
service assumes, and the settings to change. It shows the number of calls first and asks whether to go on. It reads the
same environment variables as the service; without WOLKVOX_TOKEN it asks the built-in simulator.

  --customer-id <id>      a person whom you know to be in a campaign; better known by the id than by the phone
  --phone <number>        a phone of this person, without a prefix
  --campaign-id <digits>  a campaign that this person is in
  --person <file>         a JSON file with customerId, phone and campaignId, so that they are in no shell history
  --output <file>         where the result is written as JSON, without personal data; probe.json by default
  --yes                   does not ask whether to go on, and asks for no person
  --help, --version

See docs/probe.md.

Exit codes: 0 all was asked, or nothing was because you did not agree; 1 something failed; 130 a signal stopped it.`;
const MANIFEST = new URL('../../package.json', import.meta.url);
const EXIT_STOPPED = 130;

/** Prints what `--help` and `--version` ask for, or runs the probe. Resolves to the exit code. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else if (options.version) console.log(readVersion());
  else return run(options);
  return 0;
}

async function run(options: Options): Promise<number> {
  // The probe serves nobody, so it needs none of the secrets that these two variables ask for.
  const config = readConfig({ ...process.env, NODE_ENV: undefined, HOST: undefined });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => stop.abort(new LookupFailure('abandoned')));
  }
  const upstream = await openUpstream(config);
  try {
    const given = await prepare(options, config, upstream, stop.signal);
    if (given !== undefined) return await probe(given, options, config, upstream, stop.signal);
    console.error('Nothing was sent.');
    return 0;
  } finally {
    await upstream.close();
  }
}

/** The account, or the simulator if there is none. */
interface ProbedUpstream {
  readonly kind: Report['upstream'];
  readonly baseUrl: string;
  readonly account: { readonly token: string; readonly server: string };
  /** An invented person, if all people are invented. */
  readonly example: Criteria | undefined;
  close(): Promise<void>;
}

async function openUpstream({ upstream }: Config): Promise<ProbedUpstream> {
  if (upstream.kind === 'account') {
    const nothingToClose = async (): Promise<void> => undefined;
    return { kind: 'account', baseUrl: upstream.baseUrl, account: upstream, example: undefined, close: nothingToClose };
  }
  const { createSimulator } = await import('../simulator/server.js');
  const { SIMULATOR_TOKEN } = await import('../simulator/settings.js');
  const { EXAMPLES } = await import('../simulator/example-people.js');
  const { customerId, campaignIds } = EXAMPLES.inSeveralCampaigns;
  const simulator = createSimulator();
  const { url } = await simulator.listen();
  return {
    kind: 'simulator',
    baseUrl: url,
    account: { token: SIMULATOR_TOKEN, server: '0000' },
    example: { customerId, campaignId: campaignIds[0] },
    close: () => simulator.close(),
  };
}

/**
 * Reads the known person, shows the cost and asks whether to go on.
 *
 * @returns the person; undefined if the answer is not yes
 */
async function prepare(
  options: Options,
  config: Config,
  { kind, example }: ProbedUpstream,
  signal: AbortSignal,
): Promise<Partial<Lookup> | undefined> {
  if (!options.yes && !process.stdin.isTTY) {
    throw new OptionError('The probe asks before it sends calls, and there is no terminal. --yes sends them unasked.');
  }
  const terminal = options.yes ? undefined : openTerminal(process.stdin, process.stderr, signal);
  try {
    const criteria = readGiven(options) ?? example ?? (await terminal?.askPerson()) ?? {};
    const given = readPerson(criteria, config.countryCode);
    announce(given, kind);
    return terminal === undefined || (await terminal.confirm('Go on?')) ? given : undefined;
  } finally {
    terminal?.close();
  }
}

function announce(given: Partial<Lookup>, kind: Report['upstream']): void {
  const account =
    kind === 'account'
      ? 'your account'
      : 'the built-in simulator, because WOLKVOX_TOKEN is not set, or WOLKVOX_SIMULATOR is true';
  const withoutOption = questionsWithoutOption(given).map(({ question, needs }) => `  - ${question} ${needs}`);
  console.error(
    [
      `The probe sends at most ${countCalls(given)} calls to ${account}, one at a time. They only read.`,
      'Each of them may count as one of the calls of the day.',
      ...(withoutOption.length === 0 ? [] : ['These questions will be skipped:', ...withoutOption]),
    ].join('\n'),
  );
}

/** Asks the questions, and prints and writes the report. */
async function probe(
  given: Partial<Lookup>,
  { output }: Options,
  config: Config,
  { kind, baseUrl, account }: ProbedUpstream,
  signal: AbortSignal,
): Promise<number> {
  const atMost = countCalls(given);
  const facts = { version: readVersion(), startedAt: new Date().toISOString(), upstream: kind };
  // Written before the first call, so that no call is wasted if the file cannot be written.
  write(output, createReport({ ...facts, ...notBegun(), calls: { made: 0, atMost }, durationsMs: [] }));
  const { proxyUrl, callTimeoutMs: timeoutMs, zone } = config;
  const calls = createCalls({ baseUrl, proxyUrl, account, timeoutMs, zone, clock: createClock(), atMost, signal });
  try {
    const outcome = await askQuestions(
      {
        calls,
        given,
        nobody: { phone: `19${randomDigits(8)}`, customerId: `19${randomDigits(13)}` },
        settings: config,
        countryCode: config.countryCode ?? DEFAULT_COUNTRY_CODE,
      },
      ({ id, question }) =>
        console.error(`${progressOf(id)} ${question} (calls: ${calls.made()} of at most ${atMost})`),
    );
    const made = { made: calls.made(), atMost };
    const report = createReport({ ...facts, ...outcome, calls: made, durationsMs: calls.durationsMs() });
    write(output, report);
    console.log(`\n${formatReport(report)}`);
    console.error(`The result is in ${output}.`);
    if (outcome.failure === undefined) return 0;
    if (outcome.failure.kind === 'abandoned') return EXIT_STOPPED;
    console.error(explain(outcome.failure));
    return 1;
  } finally {
    await calls.close();
  }
}

function progressOf(id: string): string {
  return `[${QUESTIONS.findIndex((question) => question.id === id) + 1}/${QUESTIONS.length}]`;
}

/** A number that begins with 19, as no phone and no id is known to do, and ends at random. */
function randomDigits(length: number): string {
  return Array.from({ length }, () => randomInt(10)).join('');
}

function write(path: string, report: Report): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new OptionError(`--output: the file cannot be written (${code}).`);
  }
}

function readVersion(): string {
  return (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { readonly version: string }).version;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof LookupFailure && error.kind === 'abandoned') {
    console.error('\nStopped. Nothing was sent.');
    process.exitCode = EXIT_STOPPED;
  } else if (error instanceof OptionError || error instanceof ConfigError) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
