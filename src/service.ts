import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createCampaigns } from './cache/campaign-list.js';
import { createCampaignSizeLimit } from './cache/campaign-size-limit.js';
import { createLookupCache, type LookupCache } from './cache/lookup-cache.js';
import { createCallLimit } from './calls/call-limit.js';
import { createCallQueue, type CallQueue } from './calls/call-queue.js';
import { createCircuitBreaker, type CircuitBreaker, type ProbeDelays } from './calls/circuit-breaker.js';
import { createLocalQuota } from './calls/local-quota.js';
import { createQuotaProjection, type QuotaProjection } from './calls/quota-projection.js';
import { createQuotaSync, type QuotaSync } from './calls/quota-sync.js';
import { withQuota } from './calls/quota.js';
import { createRetry } from './calls/retry.js';
import { createLocalSlots, withSlots } from './calls/slots.js';
import { ConfigError, type Config } from './config.js';
import type { CallLayer, CallOptions, Layer, LookupSource, SharedCallLayer } from './core/answer.js';
import type { CampaignList, CampaignListSource, Campaigns } from './core/campaign.js';
import { createClock, type Clock } from './core/clock.js';
import type { Observe } from './core/events.js';
import type { DailyQuota, QuotaSource, Slots } from './core/limits.js';
import type { Log } from './core/log.js';
import type { OptLabels } from './core/opt-labels.js';
import type { Person } from './core/person.js';
import type { ServiceStatus } from './core/status.js';
import { createTimeSlices } from './core/time-slices.js';
import { createRecordIds, type RecordIds } from './graphql/record-ids.js';
import { answerOf } from './graphql/record-lists.js';
import { createGraph } from './graphql/server.js';
import { createTextCache, type TextCache } from './graphql/text-cache.js';
import { createHttpServer } from './http/server.js';
import { LabelFileError, NO_LABELS, watchLabels } from './labels/opt-labels.js';
import { readExamples } from './playground/examples.js';
import { createPlayground } from './playground/playground.js';
import type { SharedRedis } from './redis/redis.js';
import { createStatusPage } from './status/page.js';
import { createCallerCounts } from './telemetry/caller-counts.js';
import { createEventLog } from './telemetry/event-log.js';
import { describeBug } from './telemetry/log.js';
import { createMetrics, type Metrics, type Readings } from './telemetry/metrics.js';
import { createOperationCosts, type CountedOperationCosts } from './telemetry/operation-costs.js';
import { createRecentActivity } from './telemetry/recent-activity.js';
import type { Tracing } from './telemetry/tracing.js';
import { createWolkvoxClient, type WolkvoxClient } from './wolkvox/client.js';

/** The part of CACHE_MAX_MB that holds texts of answers. They never take the room of answers, which cost calls. */
const TEXTS_SHARE = 0.25;
/** Records that a list of the graph may hold. */
const MAX_RECORDS = 1_000;
/** The title of the pages for browsers. */
const TITLE = 'Wolkvox campaigns';
const EXAMPLES = new URL('../operations/', import.meta.url);
const PACKAGE = new URL('../package.json', import.meta.url);
/** The labels of the simulator's campaigns. */
const EXAMPLE_LABELS = fileURLToPath(new URL('../examples/campaigns.json', import.meta.url));

/** The version of the service, from `package.json`. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };
  return version;
}

export interface ServiceDependencies {
  readonly log: Log;
  readonly clock?: Clock;
  /** How long an open circuit waits before a probe; by default as long as suits Wolkvox. */
  readonly probeDelays?: ProbeDelays;
}

export interface Service {
  /** Starts everything and listens; resolves to the address. If it fails, nothing is left running. */
  start(): Promise<{ readonly url: string }>;
  /**
   * Turns unready, finishes the operations under way, and ends everything. It works at any moment. A stopped service
   * cannot be started again.
   */
  stop(): Promise<void>;
}

/** What the parts of the service need in common. */
interface PartOptions {
  readonly config: Config;
  readonly account: Account;
  readonly labels: OptLabels;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Undefined: operations are not traced. */
  readonly tracing: Tracing | undefined;
  readonly onBug: (error: unknown) => void;
  readonly onClose: (close: () => Promise<void>) => void;
}

interface Account {
  readonly server: string;
  readonly token: string;
  readonly baseUrl: string;
}

export function createService(
  config: Config,
  { log, clock = createClock(), probeDelays }: ServiceDependencies,
): Service {
  const closers: (() => Promise<void>)[] = [];
  const onClose: PartOptions['onClose'] = (close) => closers.push(close);
  let started: Promise<{ readonly url: string }> | undefined;
  let stopped: Promise<void> | undefined;

  return {
    start() {
      started ??= startAll().catch(async (error: unknown) => {
        await closeAll();
        throw error;
      });
      return started;
    },
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
  };

  async function stopAll(): Promise<void> {
    await started?.catch(reportedByStart);
    await closeAll();
  }

  async function startAll(): Promise<{ url: string }> {
    if (stopped !== undefined) throw new Error('A stopped service cannot be started.');
    const metrics = createMetrics();
    const callers = createCallerCounts();
    const recent = createRecentActivity(clock);
    const observers: Observe[] = [createEventLog(log, clock), metrics.observe, callers.observe, recent.observe];
    const observe: Observe = (event) => observers.forEach((observer) => observer(event));
    const onBug = (error: unknown): void => log.error('service.bug', describeBug(error));
    const tracing = await openTracing({ config, clock, observe, onClose });
    const labels = await openLabels({ config, observe, onBug, onClose });
    const account = await openAccount(config, onClose);
    const world = { config, account, labels, clock, observe, tracing, onBug, onClose };
    const path = await createLookupPath(world, probeDelays);
    observers.push(path.costs.observe);
    if (tracing !== undefined) observers.push(tracing.observe);
    metrics.addGauges(() => readings(path));
    metrics.addCallers(() => callers.read());
    const version = readVersion();
    const readStatus = (): ServiceStatus => ({
      ...{ version, clients: callers.read(), recent: recent.read() },
      ...statusOf(path),
    });
    const url = await startHttp(config, path, metrics, { ...world, readStatus });
    observers.push(path.quotaSync.observe);
    // The start does not wait for the first sync.
    path.quotaSync.start();
    return { url };
  }

  /** Ends what was started, the last first. What cannot be ended does not keep the others. */
  async function closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Some parts of the service did not stop.');
  }
}

/**
 * The labels of CAMPAIGNS_FILE. The built-in simulator has example labels.
 *
 * @throws ConfigError if the file cannot be used
 */
async function openLabels({
  config,
  observe,
  onBug,
  onClose,
}: Pick<PartOptions, 'config' | 'observe' | 'onBug' | 'onClose'>): Promise<OptLabels> {
  const path = config.campaignsFile ?? (config.upstream.kind === 'simulator' ? EXAMPLE_LABELS : undefined);
  if (path === undefined) return NO_LABELS;
  try {
    // The example labels are part of the simulator, and nobody changes them.
    const report = config.campaignsFile === undefined ? () => undefined : observe;
    const watched = await watchLabels({ path, observe: report, onBug });
    onClose(async () => watched.close());
    return watched.labels;
  } catch (error) {
    if (!(error instanceof LabelFileError)) throw error;
    throw new ConfigError(error.problems.map((problem) => `CAMPAIGNS_FILE: ${problem}`));
  }
}

/** Sends traces, if they are asked for. Its code is loaded only then. */
async function openTracing({
  config: { traceEndpoint },
  clock,
  observe,
  onClose,
}: Pick<PartOptions, 'config' | 'clock' | 'observe' | 'onClose'>): Promise<Tracing | undefined> {
  if (traceEndpoint === undefined) return undefined;
  const { createTracing } = await import('./telemetry/tracing.js');
  const tracing = createTracing({ endpoint: traceEndpoint, version: readVersion(), clock, observe });
  onClose(() => tracing.close());
  return tracing;
}

/** The account of Wolkvox, or a simulator that stands for one. The simulator is loaded only if it is used. */
async function openAccount({ upstream }: Config, onClose: PartOptions['onClose']): Promise<Account> {
  if (upstream.kind === 'account') return upstream;
  const { createSimulator } = await import('./simulator/server.js');
  const { SIMULATOR_TOKEN } = await import('./simulator/settings.js');
  const simulator = createSimulator();
  onClose(() => simulator.close());
  const { url } = await simulator.listen();
  return { server: '0000', token: SIMULATOR_TOKEN, baseUrl: url };
}

/** The path of a lookup, and the parts of it that have a state. */
interface LookupPath {
  readonly source: LookupSource;
  readonly ids: RecordIds;
  readonly cache: LookupCache;
  readonly campaigns: Campaigns;
  /** Texts of the cached answers. */
  readonly texts: TextCache;
  readonly circuit: CircuitBreaker;
  readonly queue: CallQueue;
  readonly quota: DailyQuota;
  readonly quotaSync: QuotaSync;
  readonly projection: QuotaProjection;
  /** What operations cost, for the callers who ask. */
  readonly costs: CountedOperationCosts;
  readonly redis: SharedRedis | undefined;
}

/** Builds the layers between the graph and Wolkvox. A lookup passes them from the first to the last. */
async function createLookupPath(world: PartOptions, probeDelays: ProbeDelays | undefined): Promise<LookupPath> {
  const { config, labels, clock, observe, onBug, onClose } = world;
  const redis = config.redisUrls.length === 0 ? undefined : await openRedis(world);
  const slots = redis?.slots ?? createLocalSlots(clock);
  const quota = redis?.quota ?? (await openLocalQuota(world));
  // Closed after the client, so that the slots of calls that are cut off are released last.
  if (redis !== undefined) onClose(() => redis.stop());
  const client = openClient(world);
  const circuit = createCircuitBreaker({ clock, observe, probeDelays });
  const ids = createRecordIds(config.recordIdSecrets, config.countryCode);
  const queue = createCallQueue({
    concurrency: config.concurrency,
    limit: config.queueLimit,
    pausedForMs: () => slots.pausedForMs(),
    clock,
  });
  const cache = createLookupCache({
    freshness: config.freshness,
    staleAfterMs: config.staleAfterMs,
    maxBytes: config.cacheMaxBytes * (1 - TEXTS_SHARE),
    searchesAllCampaigns: config.searchesAllCampaigns,
    fingerprintsOf: (answer) => ids.fingerprintsOf(answer),
    sharedCache: redis?.cache,
    queue,
    clock,
    observe,
  });
  const { freshMs, staleMs } = config.freshness;
  const texts = createTextCache({
    maxBytes: config.cacheMaxBytes * TEXTS_SHARE,
    keepMsOf(source) {
      const answer = answerOf(source);
      return answer !== undefined && cache.has(answer) ? answer.sentAt + freshMs + staleMs - clock.epochMs() : 0;
    },
    version: () => labels.version(),
  });
  if (redis !== undefined) {
    redis.onErased(() => {
      cache.erase();
      texts.clear();
    });
    await redis.start();
  }

  const costs = createOperationCosts({ callsLeftToday: () => callsLeftToday(quota), clock });
  const projection = createQuotaProjection({ quota, clock });
  projection.start();
  onClose(async () => projection.stop());
  const parts = { client, cache, circuit, queue, slots, quota, costs, redis };
  const { source, campaigns } = joinLayers(world, parts);
  // The service's own request for the account's figures costs a call, so it passes the layers of calls, too.
  const callLayers: readonly CallLayer[] = [circuit.layer, queue.layer, withSlots(slots, observe), withQuota(quota)];
  const quotaSync = createQuotaSync({
    source: callLayers.reduceRight<QuotaSource>((next, layer) => layer(next), client.quota),
    quota,
    intervalMs: config.quotaSyncMs,
    schedule: redis?.quotaSyncSchedule,
    clock,
    observe,
    onBug,
  });
  onClose(async () => quotaSync.stop());
  return { source, ids, cache, campaigns, texts, circuit, queue, quota, quotaSync, projection, costs, redis };
}

/** Joins the layers, from the first to the last. The list of campaigns passes those after the cache of lookups. */
function joinLayers(
  { config, clock, observe, tracing }: PartOptions,
  parts: Pick<LookupPath, 'cache' | 'circuit' | 'queue' | 'quota' | 'costs' | 'redis'> & {
    readonly client: WolkvoxClient;
    readonly slots: Slots;
  },
): Pick<LookupPath, 'source' | 'campaigns'> {
  const { client, cache, circuit, queue, slots, quota, costs, redis } = parts;
  const traceWait: Tracing['traceWait'] = (name, layer) => tracing?.traceWait(name, layer) ?? layer;
  const layers: readonly [Layer, ...SharedCallLayer[]] = [
    cache.layer,
    createRetry({ observe }),
    circuit.layer,
    ...(redis === undefined ? [] : [redis.awaitOthers]),
    createCallLimit(config.lookupsPerOperation),
    traceWait('queue', queue.layer),
    ...(redis === undefined ? [] : [redis.lead]),
    traceWait('slot', withSlots(slots, observe)),
    withQuota(quota),
    costs.countCalls,
    ...(tracing === undefined ? [] : [tracing.traceCalls]),
  ];
  const [, ...callLayers] = layers;
  const campaigns = createCampaigns({
    source: callLayers.reduceRight<CampaignListSource>((next, layer) => layer(next), client.campaigns),
    freshness: config.campaignFreshness,
    staleAfterMs: config.staleAfterMs,
    sharedCache: redis?.cache,
    queue,
    clock,
    observe,
  });
  const lookups = layers.reduceRight<LookupSource>((next, layer) => layer(next), client);
  return {
    source: costs.measureWait(createCampaignSizeLimit(campaigns, MAX_RECORDS)(lookups)),
    campaigns: measureCampaigns(campaigns, costs),
  };
}

/** The list of campaigns, with the time that operations wait for it. */
function measureCampaigns(campaigns: Campaigns, { measureWait }: CountedOperationCosts): Campaigns {
  const measured = measureWait<'campaigns', CallOptions, CampaignList>({
    find: (_request, options) => campaigns.find(options),
  });
  return { ...campaigns, find: (options) => measured.find('campaigns', options) };
}

function openClient({ config, account, clock, observe, onClose }: PartOptions): WolkvoxClient {
  const client = createWolkvoxClient({
    baseUrl: account.baseUrl,
    proxyUrl: config.proxyUrl,
    account,
    concurrency: config.concurrency,
    timeoutMs: config.callTimeoutMs,
    zone: config.zone,
    maxRecords: MAX_RECORDS,
    maxBytes: config.responseMaxBytes,
    clock,
    observe,
  });
  onClose(() => client.close());
  return client;
}

/** @throws ConfigError if the folder of STATE_DIR cannot be written */
async function openLocalQuota({ config, account, clock, observe }: PartOptions): Promise<DailyQuota> {
  try {
    return await createLocalQuota({
      limit: config.dailyLimit,
      zone: config.zone,
      stateDir: config.stateDir,
      account: account.server,
      clock,
      observe,
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new ConfigError([`STATE_DIR: the folder cannot be written (${String(error.code)}).`]);
  }
}

/** The client of Redis is loaded only if it is used. */
async function openRedis({ config, account, clock, observe }: PartOptions): Promise<SharedRedis> {
  const { createRedis } = await import('./redis/redis.js');
  return createRedis({
    urls: config.redisUrls,
    account: account.server,
    token: account.token,
    secret: config.recordIdSecrets[0] + account.server,
    concurrency: config.concurrency,
    dailyLimit: config.dailyLimit,
    zone: config.zone,
    freshness: config.freshness,
    campaignFreshness: config.campaignFreshness,
    clock,
    observe,
  });
}

function readings({ queue, circuit, quota, cache, texts, redis }: LookupPath): Readings {
  const { entries, bytes } = cache.state();
  return {
    queue: queue.state(),
    circuit: circuit.state(),
    quota: quota.state(),
    cache: { entries, bytes: bytes + texts.bytes() },
    redis: redis?.state(),
  };
}

/** The state of the parts, for the graph and the status page. It causes no call. */
function statusOf(path: LookupPath): Omit<ServiceStatus, 'version' | 'clients' | 'recent'> {
  const { circuit, cache, redis } = readings(path);
  const { limit, used, usedByOthers, resetsAt, isExhausted } = path.quota.state();
  return {
    circuit,
    queue: path.queue.status(),
    dailyQuota: {
      ...{ limit, used, usedByOthers, resetsAt, isExhausted },
      remaining: callsLeftToday(path.quota),
      projectedUse: path.projection.projectedUse(),
    },
    redis: redis && { connection: redis.connection, slotsHeld: redis.slotsHeld, slotsWaiting: redis.slotsWaiting },
    cache,
  };
}

/** Calls that the account has left today; undefined: they are not limited. */
function callsLeftToday(quota: DailyQuota): number | undefined {
  const { limit, used, isExhausted } = quota.state();
  if (isExhausted) return 0;
  return limit === undefined ? undefined : Math.max(0, limit - used);
}

/** Puts the graph and its HTTP server before the path of lookups. */
async function startHttp(
  config: Config,
  path: LookupPath,
  metrics: Metrics,
  {
    labels,
    readStatus,
    clock,
    observe,
    tracing,
    onBug,
    onClose,
  }: Omit<PartOptions, 'config' | 'account'> & { readonly readStatus: () => ServiceStatus },
): Promise<string> {
  const { version } = readStatus();
  const slices = createTimeSlices();
  const graph = createGraph({
    source: path.source,
    texts: path.texts,
    labels,
    campaigns: path.campaigns,
    readStatus,
    costs: path.costs,
    tracer: tracing,
    campaignsFreshMs: config.campaignFreshness.freshMs,
    deadlineMs: config.operationDeadlineMs,
    cache: path.cache,
    ids: path.ids,
    freshness: config.freshness,
    minMaxAgeMs: config.minMaxAgeMs,
    countryCode: config.countryCode,
    responseLimitBytes: config.responseLimitBytes,
    cacheControlScope: config.cacheControlScope,
    slices,
    explorable: config.playground,
    onBug,
    clock,
    observe,
  });
  await graph.apollo.start();
  onClose(() => graph.apollo.stop());
  path.redis?.onErased(() => graph.clearDocuments());
  const http = createHttpServer({
    apollo: graph.apollo,
    begin: graph.begin,
    checkDocument: graph.checkDocument,
    responseLimitBytes: config.responseLimitBytes,
    slices,
    routerSecrets: config.routerSecrets,
    allowedHosts: config.allowedHosts,
    playground: config.playground
      ? createPlayground({
          title: TITLE,
          endpoint: '/graphql',
          examples: readExamples(EXAMPLES),
          headerNames: config.routerSecrets.length === 0 ? [] : ['Router-Authorization'],
        })
      : undefined,
    statusPage: createStatusPage({
      title: TITLE,
      replica: hostname(),
      playground: config.playground,
      readStatus,
      epochMs: () => clock.epochMs(),
    }),
    wallMs: () => clock.wallMs(),
    health: () => ({ version, ...health(path) }),
    metrics,
    metricsToken: config.metricsToken,
    metricsPublic: config.metricsPublic,
    drainGraceMs: config.drainGraceMs,
    operationDeadlineMs: config.operationDeadlineMs,
    forget(person) {
      graph.clearDocuments();
      return forget(path, person);
    },
    countryCode: config.countryCode,
    onBug,
    observe,
  });
  onClose(() => http.drain());
  return http.listen(config.listen);
}

function health({ circuit, queue, quota, redis }: LookupPath): object {
  const { day, used, limit, isExhausted } = quota.state();
  return {
    wolkvox: { circuit: circuit.state() },
    queue: queue.state(),
    quota: { day, used, limit, isExhausted },
    ...(redis === undefined ? {} : { redis: redis.state() }),
  };
}

/** @returns how many answers were dropped from the memory of this replica */
async function forget({ cache, texts, redis }: LookupPath, person: Person): Promise<number> {
  texts.clear();
  // Replicas are told that something was erased, not who: with Redis the whole cache is dropped everywhere.
  const erased = cache.erase(redis === undefined ? person : undefined);
  await redis?.erase();
  return erased;
}

function reportedByStart(): void {
  // The caller of start() has the error.
}
