import { readFileSync } from 'node:fs';
import { readEnvironment, type Environment } from './environment.js';
import { checkNames } from './names.js';
import { Problems } from './problems.js';
import { readProxy } from './proxy.js';
import { readRecordIdSecrets, readRouterSecrets } from './secrets.js';
import { readUpstream, type Upstream } from './upstream.js';
import { readVariables, type Variables } from './variables.js';

/** The validated configuration. */
export interface Config {
  readonly production: boolean;
  readonly listen: { readonly port: number; readonly host: string };
  readonly upstream: Upstream;
  /** The proxy of the calls to Wolkvox, with its user and password; undefined: they are sent directly. */
  readonly proxyUrl: string | undefined;
  readonly concurrency: 1 | 2;
  /** Calls a day; undefined: the limit that Wolkvox names, else counted, not limited. */
  readonly dailyLimit: number | undefined;
  /** How often Wolkvox is asked for the account's limit and use, in milliseconds; 0: never. */
  readonly quotaSyncMs: number;
  /** Whether a call without a campaign searches all campaigns of the account. */
  readonly searchesAllCampaigns: boolean;
  /** Digits that are stripped from phones; undefined: none are. */
  readonly countryCode: string | undefined;
  /** A luxon zone name. */
  readonly zone: string;
  readonly callTimeoutMs: number;
  readonly operationDeadlineMs: number;
  readonly freshness: { readonly freshMs: number; readonly staleMs: number };
  /** How long the list of campaigns is used. */
  readonly campaignFreshness: { readonly freshMs: number; readonly staleMs: number };
  /** A smaller `maxAge` of a caller is raised to this, in milliseconds. */
  readonly minMaxAgeMs: number;
  /** Which caches may store a response, as its `cache-control` header says. */
  readonly cacheControlScope: 'private' | 'public';
  /** When a stale answer is served although its call still runs, in milliseconds from the start of the lookup. */
  readonly staleAfterMs: number;
  /** One node, or several nodes of a cluster; empty: there is no Redis. */
  readonly redisUrls: readonly string[];
  /** Secrets that the router may send; empty: requests need none. */
  readonly routerSecrets: readonly string[];
  /** The first one encrypts record ids, all of them decrypt. At least one. */
  readonly recordIdSecrets: readonly [string, ...string[]];
  readonly playground: boolean;
  readonly allowUnauthenticated: boolean;
  readonly lookupsPerOperation: number;
  readonly queueLimit: number;
  readonly cacheMaxBytes: number;
  /** One answer of Wolkvox, decompressed. */
  readonly responseMaxBytes: number;
  /** One GraphQL response. */
  readonly responseLimitBytes: number;
  /** How long new requests are served after a drain begins, in milliseconds. */
  readonly drainGraceMs: number;
  /** Host headers that are served without a router secret, beside loopback; lower case, without a port. */
  readonly allowedHosts: readonly string[];
  readonly stateDir: string | undefined;
  /** The path of the file with the labels of opt1 to opt12; undefined: there is none. */
  readonly campaignsFile: string | undefined;
  /** A bearer token that opens `/metrics`; undefined: there is none. */
  readonly metricsToken: string | undefined;
  readonly metricsPublic: boolean;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where traces are sent; undefined: none are made. */
  readonly traceEndpoint: string | undefined;
  /** The variables that a deployment needs and that are not set. */
  readonly missing: readonly string[];
}

const MEGABYTE = 1_000_000;

/**
 * Reads the configuration. A blank variable counts as absent.
 *
 * @param readFile reads the file that a `*_FILE` variable names
 * @throws ConfigError that names every wrong variable
 */
export function readConfig(
  environment: Environment,
  readFile = (path: string): string => readFileSync(path, 'utf8'),
): Config {
  const problems = new Problems();
  const given = readEnvironment(environment, readFile, problems);
  const variables = readVariables(given, problems);
  const production = variables.NODE_ENV === 'production';
  const upstream = readUpstream(variables, production, problems);
  const proxyUrl = readProxy(variables, upstream, problems);
  const routerSecrets = readRouterSecrets(variables, production, problems);
  const recordIdSecrets = readRecordIdSecrets(variables, production, problems);
  checkNames(given, problems);
  problems.throwIfFound();
  return {
    production,
    listen: { port: variables.PORT, host: variables.HOST },
    upstream,
    proxyUrl,
    concurrency: variables.WOLKVOX_CONCURRENCY === '1' ? 1 : 2,
    dailyLimit: variables.WOLKVOX_DAILY_LIMIT,
    quotaSyncMs: variables.WOLKVOX_QUOTA_SYNC_MINUTES * 60_000,
    searchesAllCampaigns: variables.WOLKVOX_SEARCHES_ALL_CAMPAIGNS,
    countryCode: variables.WOLKVOX_COUNTRY_CODE,
    zone: variables.WOLKVOX_TIME_ZONE,
    callTimeoutMs: variables.WOLKVOX_TIMEOUT_MS,
    operationDeadlineMs: variables.REQUEST_DEADLINE_MS,
    freshness: { freshMs: variables.CACHE_TTL_SECONDS * 1000, staleMs: variables.CACHE_STALE_SECONDS * 1000 },
    campaignFreshness: {
      freshMs: variables.CAMPAIGNS_TTL_SECONDS * 1000,
      staleMs: variables.CACHE_STALE_SECONDS * 1000,
    },
    staleAfterMs: variables.STALE_AFTER_MS,
    minMaxAgeMs: variables.MIN_MAX_AGE_SECONDS * 1000,
    cacheControlScope: variables.CACHE_CONTROL_SCOPE,
    redisUrls: variables.REDIS_URL,
    routerSecrets,
    recordIdSecrets,
    playground: variables.PLAYGROUND ?? !production,
    allowUnauthenticated: variables.ALLOW_UNAUTHENTICATED,
    lookupsPerOperation: variables.LOOKUPS_PER_OPERATION,
    queueLimit: variables.QUEUE_LIMIT,
    cacheMaxBytes: variables.CACHE_MAX_MB * MEGABYTE,
    responseMaxBytes: variables.RESPONSE_MAX_MB * MEGABYTE,
    responseLimitBytes: variables.RESPONSE_LIMIT_MB * MEGABYTE,
    drainGraceMs: variables.DRAIN_GRACE_MS,
    allowedHosts: variables.ALLOWED_HOSTS.map((host) => host.toLowerCase()),
    stateDir: variables.STATE_DIR,
    campaignsFile: variables.CAMPAIGNS_FILE,
    metricsToken: variables.METRICS_TOKEN,
    metricsPublic: variables.METRICS_PUBLIC,
    logLevel: variables.LOG_LEVEL,
    traceEndpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    missing: missingNames(variables),
  };
}

function missingNames(variables: Variables): string[] {
  const { WOLKVOX_TOKEN, ROUTER_SECRET, RECORD_ID_SECRET, REDIS_URL, STATE_DIR } = variables;
  return [
    ...(WOLKVOX_TOKEN === undefined ? ['WOLKVOX_TOKEN'] : []),
    ...(ROUTER_SECRET.length === 0 ? ['ROUTER_SECRET'] : []),
    ...(RECORD_ID_SECRET.length === 0 ? ['RECORD_ID_SECRET'] : []),
    ...(REDIS_URL.length === 0 && STATE_DIR === undefined ? ['REDIS_URL or STATE_DIR'] : []),
  ];
}
