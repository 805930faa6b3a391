import { createMemoryCache, type MemoryCache } from './cache/memory.js';
import type { Config } from './config.js';
import { createGuard } from './graphql/guard.js';
import { createGraph } from './graphql/server.js';
import { createHttpServer } from './http/server.js';
import { readExamples } from './playground/examples.js';
import { createPlayground } from './playground/playground.js';
import type { Observe } from './records/events.js';
import { createShared } from './redis/shared.js';
import { SIMULATOR_TOKEN } from './simulator/settings.js';
import { createSimulator, type Simulator } from './simulator/server.js';
import { describeBug, type Log } from './telemetry/log.js';
import { createMetrics } from './telemetry/metrics.js';
import { createReport } from './telemetry/report.js';
import { createDayBudget } from './wolkvox/budget.js';
import type { ProbeDelays } from './wolkvox/breaker.js';
import { createWolkvox, type Wolkvox } from './wolkvox/source.js';
import { unsharedPlaces } from './wolkvox/turnstile.js';

/** Records that a list of the graph may hold. */
const MAX_RECORDS = 1_000;
const EXAMPLES = new URL('../examples/queries/', import.meta.url);

export interface ServiceDependencies {
  readonly log: Log;
  /** When an open circuit is probed; absent: as it suits Wolkvox. */
  readonly probes?: ProbeDelays;
  /** Epoch milliseconds: of deadlines, of answers' ages and of the account's day. */
  readonly now?: () => number;
}

export interface Service {
  /** Listens; resolves to the address. */
  start(): Promise<{ readonly url: string }>;
  /** Turns unready, answers what is under way, and ends everything. */
  stop(): Promise<void>;
}

/**
 * Joins the rooms. A query's way: http → graph (resolver, loader) → memory (kept answers, shared flights) → Redis, where replicas share
 * → Wolkvox (second attempt, circuit, turn, place, day's count, one GET).
 */
export function createService(config: Config, { log, probes, now = Date.now }: ServiceDependencies): Service {
  const report = createReport(log);
  const simulator = config.upstream.kind === 'simulator' ? createSimulator() : undefined;
  let running: { stop(): Promise<void> } | undefined;

  return {
    async start() {
      const account = await accountOf(config, simulator);
      const metrics = createMetrics(() => ({
        queue: wolkvox.state,
        circuit: wolkvox.state.circuit,
        budget: budget.state,
        cache: memory.state,
        redis: shared?.health,
      }));
      const observe: Observe = (event) => {
        report(event);
        metrics.observe(event);
      };
      const { zone, dailyLimit, stateDir, concurrency, freshness } = config;
      const shared =
        config.redis &&
        createShared({
          ...config.redis,
          account: account.server,
          token: account.token,
          secret: config.recordIdSecret + account.token,
          concurrency,
          callTimeoutMs: config.callTimeoutMs,
          dailyLimit,
          timeZone: zone,
          freshness,
          log,
          observe,
        });
      const budget =
        shared?.budget ?? createDayBudget({ limit: dailyLimit, zone, stateDir, account: account.server, observe, now });
      const wolkvox: Wolkvox = createWolkvox({
        baseUrl: account.baseUrl,
        account,
        concurrency,
        timeoutMs: config.callTimeoutMs,
        zone,
        maxRecords: MAX_RECORDS,
        maxBytes: config.responseMaxBytes,
        queueLimit: config.queueLimit,
        places: shared?.places ?? unsharedPlaces,
        budget,
        observe,
        probes,
        now,
      });
      const memory: MemoryCache = createMemoryCache(shared?.around(wolkvox) ?? wolkvox, {
        freshness,
        maxBytes: config.cacheMaxBytes,
        observe,
        now,
      });
      shared?.onForget((person) => memory.forget(person));
      await shared?.start();
      const onBug = (error: unknown): void => log.error('unexpected error', describeBug(error));
      const graph = createGraph({
        source: memory,
        limits: { deadlineMs: config.operationDeadlineMs, calls: config.lookupsPerOperation },
        freshMs: config.freshness.freshMs,
        recordIdSecret: config.recordIdSecret,
        explorable: config.playground,
        onBug,
        now,
      });
      await graph.apollo.start();
      const http = createHttpServer({
        apollo: graph.apollo,
        begin() {
          const { operation, context } = graph.begin();
          return { context, end: () => operation.end() };
        },
        guard: createGuard(),
        routerSecrets: config.routerSecrets,
        playground: config.playground
          ? createPlayground({ title: 'Wolkvox campaigns', endpoint: '/graphql', examples: readExamples(EXAMPLES) })
          : undefined,
        health: () => ({ wolkvox: wolkvox.state, budget: budget.state, ...(shared && { redis: shared.health }) }),
        metrics,
        metricsPublic: config.metricsPublic,
        operationMs: config.operationDeadlineMs,
        forget: async (person) => memory.forget(person) + ((await shared?.forget(person)) ?? 0),
        onBug,
      });
      const url = await http.listen(config.listen);
      running = {
        async stop() {
          await http.drain();
          await graph.apollo.stop();
          await wolkvox.close();
          await shared?.close();
          await simulator?.close();
        },
      };
      return { url };
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
}

async function accountOf(
  { upstream }: Config,
  simulator: Simulator | undefined,
): Promise<{ readonly server: string; readonly token: string; readonly baseUrl: string }> {
  if (upstream.kind === 'account') return upstream;
  const baseUrl = (await simulator?.listen())?.url ?? '';
  return { server: '0000', token: SIMULATOR_TOKEN, baseUrl };
}
