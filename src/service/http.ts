import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import type { LookupSource } from '../core/answer.js';
import type { Campaigns } from '../core/campaign.js';
import type { Person } from '../core/person.js';
import type { ServiceStatus } from '../core/status.js';
import { createTimeSlices, type TimeSlices } from '../core/time-slices.js';
import { createGraph, type Graph } from '../graphql/server.js';
import { createHttpServer, type HttpServer } from '../http/server.js';
import { readExamples } from '../playground/examples.js';
import { createPlayground, type Playground } from '../playground/playground.js';
import { createStatusPage } from '../status/page.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { PartOptions, Parts } from './parts.js';
import { readHealth } from './readings.js';

/** The title of the pages for browsers. */
const TITLE = 'Wolkvox campaigns';
const EXAMPLES = new URL('../../operations/', import.meta.url);

/** How often documents and the contents of record ids are dropped from memory. They may hold personal data. */
const CLEAR_REQUESTS_MS = 3_600_000;

/** What the graph and its HTTP server show. */
export interface Shown {
  readonly lookups: LookupSource;
  readonly campaigns: Campaigns;
  readonly metrics: Metrics;
  readonly readStatus: () => ServiceStatus;
}

/** Puts the graph and its HTTP server before the layers, and listens. Resolves to the address. */
export async function startHttp(options: PartOptions, parts: Parts, shown: Shown): Promise<string> {
  const { config, onClose } = options;
  const slices = createTimeSlices();
  const graph = openGraph(options, parts, shown, slices);
  await graph.apollo.start();
  onClose(() => graph.apollo.stop());
  const timer = setInterval(() => graph.clearRequests(), CLEAR_REQUESTS_MS).unref();
  onClose(async () => clearInterval(timer));
  const http = openServer(options, parts, shown, slices, graph);
  onClose(() => http.drain());
  return http.listen(config.listen);
}

function openGraph(
  { config, clock, observe, tracing, onBug }: PartOptions,
  { cache, costs, ids, labels, texts }: Parts,
  { lookups, campaigns, readStatus }: Shown,
  slices: TimeSlices,
): Graph {
  return createGraph({
    source: lookups,
    campaigns,
    campaignsFreshMs: config.campaignFreshness.freshMs,
    cache,
    texts,
    ids,
    labels,
    costs,
    readStatus,
    freshness: config.freshness,
    minMaxAgeMs: config.minMaxAgeMs,
    countryCode: config.countryCode,
    deadlineMs: config.operationDeadlineMs,
    responseLimitBytes: config.responseLimitBytes,
    cacheControlScope: config.cacheControlScope,
    explorable: config.playground,
    slices,
    tracer: tracing,
    onBug,
    clock,
    observe,
  });
}

function openServer(
  { config, clock, observe, onBug }: PartOptions,
  parts: Parts,
  { metrics, readStatus }: Shown,
  slices: TimeSlices,
  graph: Graph,
): HttpServer {
  const { version } = readStatus();
  return createHttpServer({
    apollo: graph.apollo,
    begin: graph.begin,
    checkDocument: graph.checkDocument,
    slices,
    responseLimitBytes: config.responseLimitBytes,
    operationDeadlineMs: config.operationDeadlineMs,
    drainGraceMs: config.drainGraceMs,
    routerSecrets: config.routerSecrets,
    allowedHosts: config.allowedHosts,
    metricsToken: config.metricsToken,
    metricsPublic: config.metricsPublic,
    countryCode: config.countryCode,
    metrics,
    health: () => ({ version, ...readHealth(parts) }),
    forget: createErasure(parts, graph),
    playground: config.playground ? openPlayground(config) : undefined,
    statusPage: createStatusPage({
      title: TITLE,
      replica: parts.redis?.slotHolders.replica ?? hostname(),
      playground: config.playground,
      readStatus,
      readHolders: () => parts.redis?.slotHolders.read(),
      epochMs: () => clock.epochMs(),
    }),
    wallMs: () => clock.wallMs(),
    onBug,
    observe,
  });
}

function openPlayground({ routerSecrets }: Config): Playground {
  return createPlayground({
    title: TITLE,
    endpoint: '/graphql',
    examples: readExamples(EXAMPLES),
    headerNames: routerSecrets.length === 0 ? [] : ['Router-Authorization'],
  });
}

/**
 * Makes what is cached about a person unreachable, on all replicas. Replicas are told that something was erased, not
 * who: with Redis the whole cache is dropped everywhere.
 *
 * @returns a function that resolves to the number of answers that were dropped from the memory of this replica
 */
function createErasure({ cache, texts, redis }: Parts, graph: Graph): (person: Person) => Promise<number> {
  const erase = (person?: Person): number => {
    graph.clearRequests();
    texts.clear();
    return cache.erase(person);
  };
  redis?.onErased(() => erase());
  return async (person) => {
    const erased = erase(redis === undefined ? person : undefined);
    await redis?.erase();
    return erased;
  };
}
