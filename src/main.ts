import { unescape } from 'node:querystring';
import { parseArgs } from 'node:util';
import { readConfig, type Config } from './config/config.js';
import { ConfigError } from './config/problems.js';
import type { Log, LogFields } from './core/log.js';
import { createService, readVersion, type Service } from './service.js';
import { createLog, describeBug } from './telemetry/log.js';

const HELP = `Usage: npm start [-- --help | --version]
Starts the campaign subgraph. Environment variables configure it; docs/configuration.md describes them. Without
WOLKVOX_TOKEN it uses a built-in simulator with invented people. \`npm run dev\` starts it again when a file changes.

Exit codes: 0 a signal stopped it; 1 it cannot start, or an error ended it; 130, 143 a second signal ended it at once.`;

/** The exit codes by which a shell reports the end by a signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C under `npm start` sends SIGINT twice: the terminal sends one, and npm passes its own on. */
const SAME_KEY_PRESS_MS = 250;

/** Prints what `--help` and `--version` ask for, or starts the service. Other options are refused with code 1. */
async function main(): Promise<void> {
  const options = { help: { type: 'boolean' }, version: { type: 'boolean' } } as const;
  const { values, tokens } = parseArgs({ options, strict: false, tokens: true });
  const isKnown = tokens.every((token) => token.kind === 'option' && Object.hasOwn(options, token.name));
  if (!isKnown) {
    console.error('Unknown option. The known options are --help, --version.');
    process.exitCode = 1;
  } else if (values.help === true) console.log(HELP);
  else if (values.version === true) console.log(readVersion());
  else await start();
}

/** Reads the environment, starts the service, and stops it on a signal. */
async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config), version: readVersion() });
  const service = createService(config, { log });
  stopOnSignals(service, log);
  const { url } = await service.start();
  announce(config, url, log);
}

function announce(config: Config, url: string, log: Log): void {
  log.info('service.listening', { url, ...summaryOf(config) });
  if (config.upstream.kind === 'simulator') {
    log.warn('service.simulated', {
      advice:
        'The service uses the built-in simulator with invented people, because WOLKVOX_TOKEN is not set, or WOLKVOX_SIMULATOR is true.',
      examples: [
        '{ findCampaignRecords(phone: "3064821975") { id } }',
        '{ findCampaignRecords(customerId: "22461203") { id } }',
      ],
    });
  }
  if (config.routerSecrets.length === 0 && (config.production || config.allowUnauthenticated)) {
    log.warn('service.unauthenticated', {
      advice:
        'ALLOW_UNAUTHENTICATED is set. Every client that reaches this address with a Host header of loopback or of ' +
        'ALLOWED_HOSTS can read the records.',
    });
  }
  if (config.redisUrls.length === 0 && config.stateDir === undefined) {
    log.info('quota.volatile', {
      advice: 'Neither STATE_DIR nor REDIS_URL is set. The count of daily calls is lost when the service restarts.',
    });
  }
}

/** What the service was started with, for its first line. */
function summaryOf({ upstream, dailyLimit, quotaSyncMs, ...config }: Config): LogFields {
  return {
    server: upstream.kind === 'simulator' ? 'simulator' : nameOfServer(upstream.server),
    limit: dailyLimit ?? (quotaSyncMs === 0 ? 'none' : 'asked of Wolkvox'),
    cacheSeconds: config.freshness.freshMs / 1_000,
    redis: config.redisUrls.length > 0,
    proxy: config.proxyUrl !== undefined,
    playground: config.playground,
    missing: config.missing,
  };
}

/** Its number. The log shows no address: neither that of `WOLKVOX_SERVER`, if it is one, nor `WOLKVOX_BASE_URL`. */
function nameOfServer(server: string): string {
  if (server === '') return 'WOLKVOX_BASE_URL';
  return server.includes('.') ? 'WOLKVOX_SERVER' : server;
}

/**
 * The first signal drains the service, the second one ends the process at once. An error that nothing handles is a bug:
 * the service drains and the process ends with code 1.
 */
function stopOnSignals(service: Service, log: Log): void {
  let exitCode: number | undefined;
  let signalledAt = -Infinity;

  const drain = async (code: number): Promise<void> => {
    const isDraining = exitCode !== undefined;
    exitCode = Math.max(exitCode ?? 0, code);
    if (isDraining) return;
    try {
      await service.stop();
    } catch (error) {
      log.error('service.stop-failed', describeBug(error));
      exitCode = 1;
    }
    process.exit(exitCode);
  };
  const onSignal = (signal: keyof typeof EXIT_CODES): void => {
    const isSecond = exitCode !== undefined;
    const isSameKeyPress = signal === 'SIGINT' && performance.now() - signalledAt < SAME_KEY_PRESS_MS;
    signalledAt = performance.now();
    if (isSecond && isSameKeyPress) return;
    log.info(isSecond ? 'service.killed' : 'service.draining', { signal });
    if (isSecond) process.exit(EXIT_CODES[signal]);
    void drain(0);
  };
  const onBug = (error: unknown): void => {
    log.error('service.bug', describeBug(error));
    void drain(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('unhandledRejection', onBug);
  process.on('uncaughtException', onBug);
}

function secretsOf({ upstream, proxyUrl, routerSecrets, recordIdSecrets, redisUrls, metricsToken }: Config): string[] {
  const addresses = [...redisUrls, ...(proxyUrl === undefined ? [] : [proxyUrl])];
  const passwords = addresses.map((url) => new URL(url).password);
  return [
    ...(upstream.kind === 'account' ? [upstream.token] : []),
    ...routerSecrets,
    ...recordIdSecrets,
    ...(metricsToken === undefined ? [] : [metricsToken]),
    ...addresses,
    ...passwords,
    ...passwords.map(unescape),
  ];
}

function isListenError(error: unknown): error is Error & Record<'address' | 'port' | 'code', string | number> {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen';
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) console.error(error.message);
  else if (isListenError(error)) {
    console.error(`The service cannot listen on ${error.address}:${error.port} (${error.code}). Check HOST and PORT.`);
  } else console.error('The service cannot start:', describeBug(error));
  process.exit(1);
}
