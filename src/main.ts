import { unescape } from 'node:querystring';
import { ConfigError, readConfig, type Config } from './config.js';
import { createService, type Service } from './service.js';
import { createLog, describeBug, type Log } from './telemetry/log.js';

/** As a shell reports the end by a signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** One Ctrl-C under `npm start` comes twice: from the terminal, and from npm, which hands on what it gets. */
const SAME_KEY_PRESS_MS = 250;

/** Joins the process and the service: reads the environment, listens, ends on a signal. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  const service = createService(config, { log });
  endOnSignals(service, log);
  const { url } = await service.start();
  announce(config, url, log);
}

function announce(config: Config, url: string, log: Log): void {
  log.info('listening', { url, playground: config.playground });
  if (config.upstream.kind === 'simulator') {
    log.warn('no WOLKVOX_TOKEN: running over the built-in simulator, with invented people', {
      findsSomebody: [
        '{ findCampaignRecords(phone: "3064821975") { id } }',
        '{ findCampaignRecords(customerId: "22461203") { id } }',
      ],
    });
  }
  if (config.routerSecrets.length === 0 && (config.production || config.allowUnauthenticated)) {
    log.warn('ALLOW_UNAUTHENTICATED: whoever reaches this address may ask');
  }
  if (config.traceEndpoint !== undefined) log.warn('OTEL_EXPORTER_OTLP_ENDPOINT: this version sends no traces');
  if (config.redis === undefined && config.stateDir === undefined) {
    log.info("no STATE_DIR and no REDIS_URL: the day's count of calls does not survive a restart");
  }
}

/** The first signal drains, the second ends at once. An error that nobody handles is a bug: it drains and ends with 1. */
function endOnSignals(service: Service, log: Log): void {
  let exitCode: number | undefined;
  const drain = async (code: number): Promise<void> => {
    // A bug while draining changes how it ends, not that whoever waits gets an answer.
    const isDraining = exitCode !== undefined;
    exitCode = Math.max(exitCode ?? 0, code);
    if (isDraining) return;
    try {
      await service.stop();
    } catch (error) {
      log.error('the end failed', describeBug(error));
      exitCode = 1;
    }
    process.exit(exitCode);
  };
  let signalledAt = -Infinity;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const isSecond = exitCode !== undefined;
      const isSameKeyPress = signal === 'SIGINT' && performance.now() - signalledAt < SAME_KEY_PRESS_MS;
      signalledAt = performance.now();
      if (isSecond && isSameKeyPress) return;
      log.info(isSecond ? 'ending at once' : 'draining', { signal });
      if (isSecond) process.exit(EXIT_CODES[signal]);
      void drain(0);
    });
  }
  const onCrash = (error: unknown): void => {
    log.error('a bug: nobody handled this error', describeBug(error));
    void drain(1);
  };
  process.on('unhandledRejection', onCrash);
  process.on('uncaughtException', onCrash);
}

function secretsOf({ upstream, routerSecrets, recordIdSecret, redis }: Config): string[] {
  const token = upstream.kind === 'account' ? [upstream.token] : [];
  const password = redis === undefined ? '' : new URL(redis.url).password;
  return [
    ...token,
    ...routerSecrets,
    recordIdSecret,
    ...(redis === undefined ? [] : [redis.url, password, unescape(password)]),
  ];
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) console.error(error.message);
  else console.error('The service cannot start:', describeBug(error));
  // What was started before the failure, such as the simulator, would keep the process.
  process.exit(1);
}
