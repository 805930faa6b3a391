import { readFileSync } from 'node:fs';
import { DateTime } from 'luxon';
import { z } from 'zod';

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

/** Where lookups are sent: an account of Wolkvox, or the built-in simulator. */
export type Upstream =
  | { readonly kind: 'account'; readonly server: string; readonly token: string; readonly baseUrl: string }
  | { readonly kind: 'simulator' };

/** Names every wrong variable and what was expected. The message holds no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`The configuration is wrong. Correct these environment variables:\n${lines}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Record ids need a key in development, too. NODE_ENV=production requires RECORD_ID_SECRET. */
const DEVELOPMENT_RECORD_ID_SECRET = 'record ids of a development service';
const MIN_SECRET_LENGTH = 32;
const MEGABYTE = 1_000_000;

const FILES = [
  'WOLKVOX_TOKEN',
  'HTTPS_PROXY',
  'ROUTER_SECRET',
  'RECORD_ID_SECRET',
  'REDIS_URL',
  'METRICS_TOKEN',
] as const;

/** "true" or "false". */
const flag = z.enum(['true', 'false'], { error: 'expected true or false' }).transform((text) => text === 'true');
const integer = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^[0-9]+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number);

const secretList = z.string().refine((text) => splitList(text).length > 0, { error: 'expected at least one secret' });
/** A header carries only these characters without loss. */
const headerSecretList = secretList.refine((text) => splitList(text).every((one) => /^[\x21-\x7e]+$/.test(one)), {
  error: 'expected secrets of printable characters without spaces, separated by commas',
});

const Variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: integer(0, 65_535).default(4001),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, { error: 'expected the name or the address of an interface, such as 0.0.0.0' })
    .default('127.0.0.1'),
  // Four digits (documented); a legacy account has an IPv4 address. Anything else could send the token to another host.
  WOLKVOX_SERVER: z
    .string()
    .refine((text) => /^[0-9]{4}$/.test(text) || z.ipv4().safeParse(text).success, {
      error: 'expected four digits such as 0042, or an IPv4 address',
    })
    .optional(),
  WOLKVOX_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{1,500}$/, { error: 'expected a token: printable characters without spaces' })
    .optional(),
  WOLKVOX_SIMULATOR: flag.default(false),
  WOLKVOX_BASE_URL: z
    .string()
    .refine(isHttpOrigin, { error: 'expected an http or https address without user, query or fragment' })
    .optional(),
  WOLKVOX_CONCURRENCY: z.enum(['1', '2'], { error: 'expected 1 or 2' }).default('2'),
  WOLKVOX_DAILY_LIMIT: integer(0, 1_000_000_000).optional(),
  WOLKVOX_QUOTA_SYNC_MINUTES: integer(0, 1_440).default(60),
  WOLKVOX_SEARCHES_ALL_CAMPAIGNS: flag.default(true),
  WOLKVOX_COUNTRY_CODE: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, { error: 'expected one to three digits such as 57, without a plus sign' })
    .optional(),
  WOLKVOX_TIME_ZONE: z
    .string()
    .refine((text) => readZone(text) !== undefined, {
      error: 'expected an IANA name such as America/Bogota or an offset such as -05:00',
    })
    .default('-05:00'),
  WOLKVOX_TIMEOUT_MS: integer(1, 600_000).default(60_000),
  // Other programs may need a proxy that this service cannot use, so `readProxy` checks it only if it is used.
  HTTPS_PROXY: z.string().optional(),
  https_proxy: z.string().optional(),
  NO_PROXY: z.string().optional(),
  no_proxy: z.string().optional(),
  REQUEST_DEADLINE_MS: integer(1, 600_000).default(25_000),
  CACHE_TTL_SECONDS: integer(0, 86_400).default(300),
  CACHE_STALE_SECONDS: integer(0, 604_800).default(3600),
  CAMPAIGNS_TTL_SECONDS: integer(0, 86_400).default(300),
  STALE_AFTER_MS: integer(0, 600_000).default(3_000),
  MIN_MAX_AGE_SECONDS: integer(0, 86_400).default(0),
  CACHE_CONTROL_SCOPE: z.enum(['private', 'public'], { error: 'expected private or public' }).default('private'),
  REDIS_URL: z
    .string()
    .refine((text) => splitList(text).length > 0 && splitList(text).every(isRedisUrl), {
      error: 'expected a redis:// or rediss:// address, or several nodes of a cluster separated by commas',
    })
    .optional(),
  ROUTER_SECRET: headerSecretList.optional(),
  RECORD_ID_SECRET: secretList.optional(),
  PLAYGROUND: flag.optional(),
  ALLOW_UNAUTHENTICATED: flag.default(false),
  LOOKUPS_PER_OPERATION: integer(1, 100_000).default(250),
  QUEUE_LIMIT: integer(1, 100_000).default(1000),
  CACHE_MAX_MB: integer(1, 100_000).default(64),
  RESPONSE_MAX_MB: integer(1, 10_000).default(256),
  RESPONSE_LIMIT_MB: integer(1, 1_000).default(10),
  DRAIN_GRACE_MS: integer(0, 60_000).default(1_000),
  ALLOWED_HOSTS: z
    .string()
    .refine((text) => splitList(text).every((host) => /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])$/.test(host)), {
      error: 'expected host names without a port, separated by commas',
    })
    .optional(),
  STATE_DIR: z.string().optional(),
  CAMPAIGNS_FILE: z.string().optional(),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{1,500}$/, { error: 'expected a token: printable characters without spaces' })
    .optional(),
  METRICS_PUBLIC: flag.default(false),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'expected trace, debug, info, warn, error or silent',
    })
    .default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(isHttpOrigin, { error: 'expected an http or https address' })
    .optional(),
});

/** The names of all variables that are read. `docs/configuration.md` lists the same. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(Variables.shape),
  ...FILES.map((name) => `${name}_FILE`),
];

/** The beginnings of names that belong to this service. */
const PREFIXES = [
  ...['WOLKVOX_', 'CACHE_', 'STALE_', 'MIN_MAX_', 'REDIS_', 'ROUTER_', 'RECORD_', 'METRICS_', 'PLAYGROUND'],
  ...['ALLOW_', 'ALLOWED_', 'LOOKUPS_', 'QUEUE_', 'REQUEST_', 'RESPONSE_', 'DRAIN_', 'STATE_', 'CAMPAIGNS_'],
  ...['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'],
];
/** Names that Kubernetes sets for each service of a namespace, and systemd for each folder of a unit. */
const FOREIGN_NAMES = [/_SERVICE_(?:HOST|PORT)(?:_|$)/, /_PORT(?:_\d+_(?:TCP|UDP)|$)/, /_DIRECTORY$/];
const REMOVED: Readonly<Record<string, string>> = {
  REDIS_DOWN: 'was removed; delete it. Without Redis no calls are sent and cached answers are served.',
};

/**
 * Reads the configuration. A blank variable counts as absent.
 *
 * @param readFile reads the file that a `*_FILE` variable names
 * @throws ConfigError that names every wrong variable
 */
export function readConfig(environment: Environment, readFile: (path: string) => string = readText): Config {
  const problems = new Problems();
  const given = withFiles(environment, readFile, problems);
  let parsed = Variables.safeParse(given);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) problems.add(String(path[0]), `${message}.`);
    // The others are checked as if the wrong ones were absent, so that one start shows every problem.
    parsed = Variables.safeParse(Object.fromEntries(Object.entries(given).filter(([name]) => !problems.has(name))));
    if (!parsed.success) throw problems.error();
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  const upstream = readUpstream(env, production, problems);
  const proxyUrl = readProxy(env, upstream, problems);
  const routerSecrets = splitList(env.ROUTER_SECRET);
  const [firstSecret = DEVELOPMENT_RECORD_ID_SECRET, ...olderSecrets] = splitList(env.RECORD_ID_SECRET);
  checkSecrets(env, production, problems);
  checkNames(given, problems);
  if (problems.found) throw problems.error();
  return {
    production,
    listen: { port: env.PORT, host: env.HOST },
    upstream,
    proxyUrl,
    concurrency: env.WOLKVOX_CONCURRENCY === '1' ? 1 : 2,
    dailyLimit: env.WOLKVOX_DAILY_LIMIT,
    quotaSyncMs: env.WOLKVOX_QUOTA_SYNC_MINUTES * 60_000,
    searchesAllCampaigns: env.WOLKVOX_SEARCHES_ALL_CAMPAIGNS,
    countryCode: env.WOLKVOX_COUNTRY_CODE,
    zone: readZone(env.WOLKVOX_TIME_ZONE) ?? 'UTC-5',
    callTimeoutMs: env.WOLKVOX_TIMEOUT_MS,
    operationDeadlineMs: env.REQUEST_DEADLINE_MS,
    freshness: { freshMs: env.CACHE_TTL_SECONDS * 1000, staleMs: env.CACHE_STALE_SECONDS * 1000 },
    campaignFreshness: { freshMs: env.CAMPAIGNS_TTL_SECONDS * 1000, staleMs: env.CACHE_STALE_SECONDS * 1000 },
    staleAfterMs: env.STALE_AFTER_MS,
    minMaxAgeMs: env.MIN_MAX_AGE_SECONDS * 1000,
    cacheControlScope: env.CACHE_CONTROL_SCOPE,
    redisUrls: splitList(env.REDIS_URL),
    routerSecrets,
    recordIdSecrets: [firstSecret, ...olderSecrets],
    playground: env.PLAYGROUND ?? !production,
    allowUnauthenticated: env.ALLOW_UNAUTHENTICATED,
    lookupsPerOperation: env.LOOKUPS_PER_OPERATION,
    queueLimit: env.QUEUE_LIMIT,
    cacheMaxBytes: env.CACHE_MAX_MB * MEGABYTE,
    responseMaxBytes: env.RESPONSE_MAX_MB * MEGABYTE,
    responseLimitBytes: env.RESPONSE_LIMIT_MB * MEGABYTE,
    drainGraceMs: env.DRAIN_GRACE_MS,
    allowedHosts: splitList(env.ALLOWED_HOSTS).map((host) => host.toLowerCase()),
    stateDir: env.STATE_DIR,
    campaignsFile: env.CAMPAIGNS_FILE,
    metricsToken: env.METRICS_TOKEN,
    metricsPublic: env.METRICS_PUBLIC,
    logLevel: env.LOG_LEVEL,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    missing: missingNames(env),
  };
}

/**
 * The luxon name of a zone that is written as an offset (`-05:00`, `-0500`, `UTC-5`) or as an IANA name; undefined if
 * it is neither. Offsets go up to 14 hours.
 */
export function readZone(text: string): string | undefined {
  const given = text.trim();
  const offset = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i.exec(given);
  if (offset !== null) {
    const [, sign = '+', hours = '0', minutes = '00'] = offset;
    const total = Number(hours) * 60 + Number(minutes);
    if (total > 14 * 60) return undefined;
    return total === 0 ? 'UTC' : `UTC${sign}${hours.padStart(2, '0')}:${minutes}`;
  }
  // luxon reads "local" and "system" as the zone of the machine, which says nothing about Wolkvox.
  if (/^(?:local|system|default)$/i.test(given)) return undefined;
  return given !== '' && DateTime.fromMillis(0, { zone: given }).isValid ? given : undefined;
}

function readUpstream(env: z.infer<typeof Variables>, production: boolean, problems: Problems): Upstream {
  const { WOLKVOX_TOKEN: token, WOLKVOX_SERVER: server, WOLKVOX_BASE_URL: baseUrl } = env;
  if (env.WOLKVOX_SIMULATOR) return { kind: 'simulator' };
  if (token === undefined) {
    const alternative = 'WOLKVOX_SIMULATOR=true runs over the simulator';
    if (production) problems.add('WOLKVOX_TOKEN', `required with NODE_ENV=production; ${alternative}.`);
    if (server !== undefined) problems.add('WOLKVOX_TOKEN', `required with WOLKVOX_SERVER; ${alternative}.`);
    return { kind: 'simulator' };
  }
  if (server === undefined && baseUrl === undefined) {
    problems.add('WOLKVOX_SERVER', 'required with WOLKVOX_TOKEN; expected four digits such as 0042.');
  }
  return { kind: 'account', token, server: server ?? '', baseUrl: baseUrl ?? originOf(server ?? '') };
}

function originOf(server: string): string {
  return server.includes('.') ? `https://${server}` : `https://wv${server}.wolkvox.com`;
}

/**
 * The proxy for Wolkvox, chosen as curl does: the lower-case name comes first, an address without a scheme is http, and
 * there is none for an address with http or for a host of NO_PROXY.
 */
function readProxy(env: z.infer<typeof Variables>, upstream: Upstream, problems: Problems): string | undefined {
  const name = env.https_proxy === undefined ? 'HTTPS_PROXY' : 'https_proxy';
  const given = env[name];
  if (given === undefined || upstream.kind !== 'account') return undefined;
  const target = new URL(upstream.baseUrl);
  if (target.protocol !== 'https:' || needsNoProxy(target, env.no_proxy ?? env.NO_PROXY)) return undefined;
  const url = given.includes('://') ? given : `http://${given}`;
  if (!isProxyUrl(url)) problems.add(name, 'expected an http or https address such as http://proxy.example:3128.');
  return url;
}

/**
 * Whether a list of NO_PROXY has the host of a URL. A name stands for its subdomains, too. An address must be the same
 * text. `*` is every host. An entry may name a port.
 */
function needsNoProxy({ hostname, port }: URL, list = ''): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const { host = '', onlyPort } = /^(?:\*?\.)?(?<host>.+?)(?::(?<onlyPort>\d+))?$/.exec(entry)?.groups ?? {};
      if (onlyPort !== undefined && onlyPort !== (port || '443')) return false;
      return host === '*' || host === hostname || (host !== '' && hostname.endsWith(`.${host}`));
    });
}

function checkSecrets(env: z.infer<typeof Variables>, production: boolean, problems: Problems): void {
  const routerSecrets = splitList(env.ROUTER_SECRET);
  const recordIdSecrets = splitList(env.RECORD_ID_SECRET);
  const alternative = 'ALLOW_UNAUTHENTICATED=true starts without one';
  if (routerSecrets.length === 0 && !env.ALLOW_UNAUTHENTICATED) {
    if (production) problems.add('ROUTER_SECRET', `required with NODE_ENV=production; ${alternative}.`);
    else if (!isLoopback(env.HOST)) {
      problems.add('ROUTER_SECRET', `required because HOST is not a loopback address; ${alternative}.`);
    }
  }
  if (!production) return;
  if (routerSecrets.some(isShort)) {
    problems.add('ROUTER_SECRET', `expected secrets of at least ${MIN_SECRET_LENGTH} characters.`);
  }
  if (recordIdSecrets.length === 0 || recordIdSecrets.some(isShort)) {
    problems.add('RECORD_ID_SECRET', `required with NODE_ENV=production, at least ${MIN_SECRET_LENGTH} characters.`);
  }
}

function missingNames(env: z.infer<typeof Variables>): string[] {
  const losesCount = env.REDIS_URL === undefined && env.STATE_DIR === undefined;
  return [
    ...(['WOLKVOX_TOKEN', 'ROUTER_SECRET', 'RECORD_ID_SECRET'] as const).filter((name) => env[name] === undefined),
    ...(losesCount ? ['REDIS_URL or STATE_DIR'] : []),
  ];
}

/** A name that starts like a variable of this service, but is none, is most likely misspelt. */
function checkNames(given: Environment, problems: Problems): void {
  for (const name of Object.keys(given)) {
    const prefix = PREFIXES.find((start) => name.startsWith(start));
    if (prefix === undefined || VARIABLE_NAMES.includes(name)) continue;
    if (FOREIGN_NAMES.some((pattern) => pattern.test(name))) continue;
    const known = VARIABLE_NAMES.filter((variable) => variable.startsWith(prefix)).join(', ');
    problems.add(name, REMOVED[name] ?? `is not a variable of this service. Those with this beginning: ${known}.`);
  }
}

function isShort(secret: string): boolean {
  return secret.length < MIN_SECRET_LENGTH;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host);
}

function isHttpOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}

function isProxyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== '' && pathname === '/' && search + hash === '';
}

function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}

function splitList(text = ''): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The variables that are not blank, with the values of `*_FILE` variables. */
function withFiles(environment: Environment, readFile: (path: string) => string, problems: Problems): Environment {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  for (const name of FILES) {
    const path = given[`${name}_FILE`];
    if (path === undefined) continue;
    if (given[name] !== undefined) problems.add(`${name}_FILE`, `set together with ${name}; set only one of them.`);
    let text = '';
    try {
      text = readFile(path).trim();
      if (text === '') problems.add(`${name}_FILE`, 'the file is empty.');
    } catch {
      problems.add(`${name}_FILE`, 'the file cannot be read.');
    }
    if (text !== '') given[name] = text;
    // The file is the problem; the missing value is not reported again.
    else problems.ignore(name);
  }
  return given;
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The first problem of each variable. */
class Problems {
  readonly #problems = new Map<string, string>();
  readonly #ignored = new Set<string>();

  add(name: string, problem: string): void {
    if (!this.#problems.has(name) && !this.#ignored.has(name)) this.#problems.set(name, problem);
  }

  /** Reports no further problem of this variable. */
  ignore(name: string): void {
    this.#ignored.add(name);
  }

  has(name: string): boolean {
    return this.#problems.has(name);
  }

  get found(): boolean {
    return this.#problems.size > 0;
  }

  error(): ConfigError {
    return new ConfigError([...this.#problems].map(([name, problem]) => `${name}: ${problem}`));
  }
}
