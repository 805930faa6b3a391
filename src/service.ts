import { readFileSync } from 'node:fs';
import { createCampaigns } from './cache/campaign-list.js';
import { createCampaignSizeLimit } from './cache/campaign-size-limit.js';
import { createCallLimit } from './calls/call-limit.js';
import type { ProbeDelays } from './calls/circuit-breaker.js';
import { createQuotaSync, type QuotaSync } from './calls/quota-sync.js';
import { withQuota } from './calls/quota.js';
import { createRetry } from './calls/retry.js';
import { withSlots } from './calls/slots.js';
import type { Config } from './config/config.js';
import type { CallLayer, CallOptions, Layer, LookupSource, SharedCallLayer } from './core/answer.js';
import type { CampaignList, CampaignListSource, Campaigns } from './core/campaign.js';
import { createClock, type Clock } from './core/clock.js';
import type { Observe } from './core/events.js';
import type { QuotaSource } from './core/limits.js';
import type { Log } from './core/log.js';
import { startHttp } from './service/http.js';
import { MAX_RECORDS, openParts, type PartOptions, type Parts } from './service/parts.js';
import { readGauges, readStatus } from './service/readings.js';
import { createCallerCounts } from './telemetry/caller-counts.js';
import { createEventLog } from './telemetry/event-log.js';
import { describeBug } from './telemetry/log.js';
import { createMetrics } from './telemetry/metrics.js';
import type { CountedOperationCosts } from './telemetry/operation-costs.js';
import { createRecentActivity } from './telemetry/recent-activity.js';
import type { Tracing } from './telemetry/tracing.js';

const PACKAGE = new URL('../package.json', import.meta.url);

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
    const version = readVersion();
    const tracing = await openTracing({ config, clock, observe, onClose });
    const options = { config, clock, observe, tracing, onBug, onClose };

    const parts = await openParts(options, probeDelays);
    const { lookups, campaigns, quota } = joinLayers(options, parts);
    const quotaSync = openQuotaSync(options, parts, quota);
    observers.push(parts.costs.observe, quotaSync.observe);
    if (tracing !== undefined) observers.push(tracing.observe);
    metrics.addGauges(() => readGauges(parts));
    metrics.addCallers(() => callers.read());
    const url = await startHttp(options, parts, {
      ...{ lookups, campaigns, metrics },
      readStatus: () => ({ version, clients: callers.read(), recent: recent.read(), ...readStatus(parts) }),
    });
    // The start does not wait for the first sync.
    quotaSync.start();
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

/** What the layers give: records and campaigns for the graph, and the account's figures for the service itself. */
interface Sources {
  readonly lookups: LookupSource;
  readonly campaigns: Campaigns;
  readonly quota: QuotaSource;
}

/**
 * Joins the layers between the graph and Wolkvox, from the first to the last. The list of campaigns passes those after
 * the cache of lookups. The account's figures cost a call, too, so they pass the layers that bound the calls.
 */
function joinLayers({ config, clock, observe, tracing }: PartOptions, parts: Parts): Sources {
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
  const quotaLayers: readonly CallLayer[] = [circuit.layer, queue.layer, withSlots(slots, observe), withQuota(quota)];

  const lookups = layers.reduceRight<LookupSource>((next, layer) => layer(next), client);
  const campaigns = createCampaigns({
    source: callLayers.reduceRight<CampaignListSource>((next, layer) => layer(next), client.campaigns),
    freshness: config.campaignFreshness,
    staleAfterMs: config.staleAfterMs,
    sharedCache: redis?.cache,
    queue,
    clock,
    observe,
  });
  return {
    lookups: costs.measureWait(createCampaignSizeLimit(campaigns, MAX_RECORDS)(lookups)),
    campaigns: measureCampaigns(campaigns, costs),
    quota: quotaLayers.reduceRight<QuotaSource>((next, layer) => layer(next), client.quota),
  };
}

/** The list of campaigns, with the time that operations wait for it. */
function measureCampaigns(campaigns: Campaigns, { measureWait }: CountedOperationCosts): Campaigns {
  const measured = measureWait<'campaigns', CallOptions, CampaignList>({
    find: (_request, options) => campaigns.find(options),
  });
  return { ...campaigns, find: (options) => measured.find('campaigns', options) };
}

function openQuotaSync(
  { config, clock, observe, onBug, onClose }: PartOptions,
  { quota, redis }: Parts,
  source: QuotaSource,
): QuotaSync {
  const quotaSync = createQuotaSync({
    source,
    quota,
    intervalMs: config.quotaSyncMs,
    schedule: redis?.quotaSyncSchedule,
    clock,
    observe,
    onBug,
  });
  onClose(async () => quotaSync.stop());
  return quotaSync;
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

function reportedByStart(): void {
  // The caller of start() has the error.
}
