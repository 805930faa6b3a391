import { fileURLToPath } from 'node:url';
import { createLookupCache, type LookupCache } from '../cache/lookup-cache.js';
import { createCallQueue, type CallQueue } from '../calls/call-queue.js';
import { createCircuitBreaker, type CircuitBreaker, type ProbeDelays } from '../calls/circuit-breaker.js';
import { createLocalQuota } from '../calls/local-quota.js';
import { createQuotaProjection, type QuotaProjection } from '../calls/quota-projection.js';
import { createLocalSlots } from '../calls/slots.js';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/problems.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import type { DailyQuota, Slots } from '../core/limits.js';
import type { OptLabels } from '../core/opt-labels.js';
import { createRecordIds, type RecordIds } from '../graphql/record-ids.js';
import { answerOf } from '../graphql/record-lists.js';
import { createTextCache, type TextCache } from '../graphql/text-cache.js';
import { LabelFileError, NO_LABELS, watchLabels } from '../labels/opt-labels.js';
import type { SharedRedis } from '../redis/redis.js';
import { createOperationCosts, type CountedOperationCosts } from '../telemetry/operation-costs.js';
import type { Tracing } from '../telemetry/tracing.js';
import { createWolkvoxClient, type WolkvoxClient } from '../wolkvox/client.js';

/** Records that a list of the graph may hold. */
export const MAX_RECORDS = 1_000;
/** The part of CACHE_MAX_MB that holds texts of answers. They never take the room of answers, which cost calls. */
const TEXTS_SHARE = 0.25;
/** The labels of the simulator's campaigns. */
const EXAMPLE_LABELS = fileURLToPath(new URL('../../examples/campaigns.json', import.meta.url));

/** What the parts of the service need in common. */
export interface PartOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Undefined: operations are not traced. */
  readonly tracing: Tracing | undefined;
  readonly onBug: (error: unknown) => void;
  /** Called with what ends a part, as soon as the part runs. */
  readonly onClose: (close: () => Promise<void>) => void;
}

/** The parts that have a state. */
export interface Parts {
  readonly labels: OptLabels;
  readonly client: WolkvoxClient;
  readonly ids: RecordIds;
  readonly cache: LookupCache;
  /** Texts of the cached answers. */
  readonly texts: TextCache;
  readonly circuit: CircuitBreaker;
  readonly queue: CallQueue;
  readonly slots: Slots;
  readonly quota: DailyQuota;
  readonly projection: QuotaProjection;
  /** What operations cost, for the callers who ask. */
  readonly costs: CountedOperationCosts;
  readonly redis: SharedRedis | undefined;
}

interface Account {
  readonly server: string;
  readonly token: string;
  readonly baseUrl: string;
}

/**
 * Builds the parts, and starts those that work by themselves.
 *
 * @throws ConfigError if a file or folder of the configuration cannot be used
 */
export async function openParts(options: PartOptions, probeDelays: ProbeDelays | undefined): Promise<Parts> {
  const { config, clock, observe, onClose } = options;
  const labels = await openLabels(options);
  const account = await openAccount(options);
  // Closed after the client, so that the slots of calls that are cut off are released last.
  const redis = config.redisUrls.length === 0 ? undefined : await openRedis(options, account);
  const slots = redis?.slots ?? createLocalSlots(clock);
  const quota = redis?.quota ?? (await openLocalQuota(options, account));
  const client = openClient(options, account);
  const ids = createRecordIds(config.recordIdSecrets, config.countryCode);
  const circuit = createCircuitBreaker({ clock, observe, probeDelays });
  // Before the client, so that no waiting call takes a slot when those that run are cut off.
  onClose(async () => circuit.stop());
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
  const texts = openTexts(options, cache, labels);
  const costs = createOperationCosts({ callsLeftToday: () => callsLeftToday(quota), clock });
  const projection = createQuotaProjection({ quota, clock });
  projection.start();
  onClose(async () => projection.stop());
  return { labels, client, ids, cache, texts, circuit, queue, slots, quota, projection, costs, redis };
}

/**
 * The labels of CAMPAIGNS_FILE. The built-in simulator has example labels.
 *
 * @throws ConfigError if the file cannot be used
 */
async function openLabels({ config, observe, onBug, onClose }: PartOptions): Promise<OptLabels> {
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

/** The account of Wolkvox, or a simulator that stands for one. The simulator is loaded only if it is used. */
async function openAccount({ config: { upstream }, onClose }: PartOptions): Promise<Account> {
  if (upstream.kind === 'account') return upstream;
  const { createSimulator } = await import('../simulator/server.js');
  const { SIMULATOR_TOKEN } = await import('../simulator/settings.js');
  const simulator = createSimulator();
  onClose(() => simulator.close());
  const { url } = await simulator.listen();
  return { server: '0000', token: SIMULATOR_TOKEN, baseUrl: url };
}

/** The client of Redis is loaded only if it is used. */
async function openRedis({ config, clock, observe, onClose }: PartOptions, account: Account): Promise<SharedRedis> {
  const { createRedis } = await import('../redis/redis.js');
  const redis = createRedis({
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
  onClose(() => redis.stop());
  await redis.start();
  return redis;
}

/** @throws ConfigError if the folder of STATE_DIR cannot be written */
async function openLocalQuota({ config, clock, observe }: PartOptions, account: Account): Promise<DailyQuota> {
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

function openClient({ config, clock, observe, onClose }: PartOptions, account: Account): WolkvoxClient {
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

/** A text is kept as long as its answer is cached, and while the labels stay the same. */
function openTexts({ config, clock }: PartOptions, cache: LookupCache, labels: OptLabels): TextCache {
  const { freshMs, staleMs } = config.freshness;
  return createTextCache({
    maxBytes: config.cacheMaxBytes * TEXTS_SHARE,
    keepMsOf(source) {
      const answer = answerOf(source);
      return answer !== undefined && cache.has(answer) ? answer.sentAt + freshMs + staleMs - clock.epochMs() : 0;
    },
    version: () => labels.version(),
  });
}

/** Calls that the account has left today; undefined: they are not limited. */
export function callsLeftToday(quota: DailyQuota): number | undefined {
  const { limit, used, isExhausted } = quota.state();
  if (isExhausted) return 0;
  return limit === undefined ? undefined : Math.max(0, limit - used);
}
