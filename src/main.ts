import { ConfigError, readConfig, type Config } from './config.js';
import { createService } from './service.js';
import { createLog, describeBug, type Log } from './telemetry/log.js';

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
    log.warn('ALLOW_UNAUTHENTICATED: whoever reaches this address may ask', {});
  }
  if (config.redis === undefined && config.stateDir === undefined) {
    log.info("no STATE_DIR and no REDIS_URL: the day's count of calls does not survive a restart");
  }
}

/** The first signal drains, the second ends at once. A rejection that nobody handles is a bug: it drains and ends with 1. */
function endOnSignals(service: { stop(): Promise<void> }, log: Log): void {
  let isEnding = false;
  const end = async (exitCode: number): Promise<void> => {
    if (isEnding) process.exit(exitCode === 0 ? 130 : exitCode);
    isEnding = true;
    await service.stop();
    process.exit(exitCode);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info(isEnding ? 'ending at once' : 'draining', { signal });
      void end(0);
    });
  }
  const onCrash = (error: unknown): void => {
    log.error('a bug: nobody handled this error', describeBug(error));
    void end(1);
  };
  process.on('unhandledRejection', onCrash);
  process.on('uncaughtException', onCrash);
}

function secretsOf(config: Config): string[] {
  const token = config.upstream.kind === 'account' ? [config.upstream.token] : [];
  return [
    ...token,
    ...config.routerSecrets,
    config.recordIdSecret,
    ...(config.redis === undefined ? [] : [config.redis.url]),
  ];
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) console.error(error.message);
  else console.error('The service cannot start:', describeBug(error));
  process.exitCode = 1;
}
