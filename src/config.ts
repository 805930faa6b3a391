import { readFileSync } from 'node:fs';
import { DateTime } from 'luxon';
import { z } from 'zod';

/** Everything the service is told from outside, checked. */
export interface Config {
  readonly production: boolean;
  readonly listen: { readonly port: number; readonly host: string };
  readonly upstream: Upstream;
  readonly concurrency: 1 | 2;
  /** Calls a day; undefined: counted, not limited. */
  readonly dailyLimit: number | undefined;
  /** A luxon zone name. */
  readonly zone: string;
  readonly callTimeoutMs: number;
  readonly operationDeadlineMs: number;
  readonly freshness: { readonly freshMs: number; readonly staleMs: number };
  readonly redis: { readonly url: string; readonly whenDown: 'closed' | 'local' } | undefined;
  /** Secrets that the router may send; empty: nobody is asked for one. */
  readonly routerSecrets: readonly string[];
  readonly recordIdSecret: string;
  readonly playground: boolean;
  readonly allowUnauthenticated: boolean;
  readonly lookupsPerOperation: number;
  readonly queueLimit: number;
  readonly cacheMaxBytes: number;
  readonly responseMaxBytes: number;
  readonly stateDir: string | undefined;
  readonly metricsPublic: boolean;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly traceEndpoint: string | undefined;
}

/** What is asked: an account of Wolkvox, or the built-in simulator. */
export type Upstream =
  | { readonly kind: 'account'; readonly server: string; readonly token: string; readonly baseUrl: string }
  | { readonly kind: 'simulator' };

/** The wrong variables, all of them, each with what was expected. Holds no value that came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Ids need a key in development too; with NODE_ENV=production one's own is required. */
const DEVELOPMENT_RECORD_ID_SECRET = 'ids of a development service, no secret';
const SECRET_LENGTH = 32;
const MEGABYTE = 1_000_000;

const FILES = ['WOLKVOX_TOKEN', 'ROUTER_SECRET', 'RECORD_ID_SECRET', 'REDIS_URL'] as const;

const flag = z.enum(['true', 'false'], { error: 'expected true or false' }).transform((text) => text === 'true');
const integer = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^[0-9]+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number);

const Variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: integer(0, 65_535).default(4001),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, { error: 'expected the name or the address of an interface, such as 0.0.0.0' })
    .default('127.0.0.1'),
  // Documented as four digits; a legacy account has a full IPv4 address. Anything else could lead the token to another host.
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
  WOLKVOX_TIME_ZONE: z
    .string()
    .refine((text) => readZone(text) !== undefined, {
      error: 'expected an IANA name such as America/Bogota or an offset such as -05:00',
    })
    .default('-05:00'),
  WOLKVOX_TIMEOUT_MS: integer(1, 600_000).default(60_000),
  REQUEST_DEADLINE_MS: integer(1, 600_000).default(25_000),
  CACHE_TTL_SECONDS: integer(0, 86_400).default(300),
  CACHE_STALE_SECONDS: integer(0, 604_800).default(3600),
  REDIS_URL: z.string().refine(isRedisAddress, { error: 'expected a redis:// or rediss:// address' }).optional(),
  ROUTER_SECRET: z
    .string()
    .refine((text) => splitSecrets(text).length > 0, { error: 'expected at least one secret' })
    // What a header can carry without loss.
    .refine((text) => splitSecrets(text).every((secret) => /^[\x21-\x7e]+$/.test(secret)), {
      error: 'expected secrets of printable characters without spaces, divided by commas',
    })
    .optional(),
  RECORD_ID_SECRET: z.string().optional(),
  PLAYGROUND: flag.optional(),
  ALLOW_UNAUTHENTICATED: flag.default(false),
  LOOKUPS_PER_OPERATION: integer(1, 100_000).default(250),
  QUEUE_LIMIT: integer(1, 100_000).default(1000),
  CACHE_MAX_MB: integer(1, 100_000).default(64),
  RESPONSE_MAX_MB: integer(1, 10_000).default(256),
  STATE_DIR: z.string().optional(),
  REDIS_DOWN: z.enum(['closed', 'local'], { error: 'expected closed or local' }).default('closed'),
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

/** The names of all variables that are read, for the reference page. */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys(Variables.shape),
  ...FILES.map((name) => `${name}_FILE`),
];

/**
 * Reads the configuration. A blank variable counts as absent.
 *
 * @param readFile reads a secret's file
 * @throws ConfigError naming every wrong variable
 */
export function readConfig(environment: Environment, readFile: (path: string) => string = readText): Config {
  const problems = new Problems();
  const given = withFiles(environment, readFile, problems);
  let parsed = Variables.safeParse(given);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) problems.add(String(path[0]), `${message}.`);
    // The rest is checked as if the wrong ones were absent, so that one start shows every problem.
    parsed = Variables.safeParse(Object.fromEntries(Object.entries(given).filter(([name]) => !problems.has(name))));
    if (!parsed.success) throw problems.error();
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  const upstream = readUpstream(env, production, problems);
  const routerSecrets = splitSecrets(env.ROUTER_SECRET ?? '');
  checkDoor(env, production, routerSecrets, problems);
  if (problems.found) throw problems.error();
  return {
    production,
    listen: { port: env.PORT, host: env.HOST },
    upstream,
    concurrency: env.WOLKVOX_CONCURRENCY === '1' ? 1 : 2,
    dailyLimit: env.WOLKVOX_DAILY_LIMIT,
    zone: readZone(env.WOLKVOX_TIME_ZONE) ?? 'UTC-5',
    callTimeoutMs: env.WOLKVOX_TIMEOUT_MS,
    operationDeadlineMs: env.REQUEST_DEADLINE_MS,
    freshness: { freshMs: env.CACHE_TTL_SECONDS * 1000, staleMs: env.CACHE_STALE_SECONDS * 1000 },
    redis: env.REDIS_URL === undefined ? undefined : { url: env.REDIS_URL, whenDown: env.REDIS_DOWN },
    routerSecrets,
    recordIdSecret: env.RECORD_ID_SECRET ?? DEVELOPMENT_RECORD_ID_SECRET,
    playground: env.PLAYGROUND ?? !production,
    allowUnauthenticated: env.ALLOW_UNAUTHENTICATED,
    lookupsPerOperation: env.LOOKUPS_PER_OPERATION,
    queueLimit: env.QUEUE_LIMIT,
    cacheMaxBytes: env.CACHE_MAX_MB * MEGABYTE,
    responseMaxBytes: env.RESPONSE_MAX_MB * MEGABYTE,
    stateDir: env.STATE_DIR,
    metricsPublic: env.METRICS_PUBLIC,
    logLevel: env.LOG_LEVEL,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}

/**
 * luxon's name of a zone that is written as an offset (`-05:00`, `-0500`, `UTC-5`) or as an IANA name; undefined where it is
 * neither. Offsets go to 14 hours, as everywhere on earth.
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
  // luxon gives "local" and "system" the zone of the machine, which says nothing about Wolkvox.
  if (/^(?:local|system|default)$/i.test(given)) return undefined;
  return given !== '' && DateTime.fromMillis(0, { zone: given }).isValid ? given : undefined;
}

function readUpstream(env: z.infer<typeof Variables>, production: boolean, problems: Problems): Upstream {
  const { WOLKVOX_TOKEN: token, WOLKVOX_SERVER: server, WOLKVOX_BASE_URL: baseUrl } = env;
  if (token === undefined || env.WOLKVOX_SIMULATOR) {
    if (production && !env.WOLKVOX_SIMULATOR) {
      problems.add(
        'WOLKVOX_TOKEN',
        'required with NODE_ENV=production; WOLKVOX_SIMULATOR=true runs over the simulator.',
      );
    }
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

function checkDoor(
  env: z.infer<typeof Variables>,
  production: boolean,
  routerSecrets: readonly string[],
  problems: Problems,
): void {
  const open = 'ALLOW_UNAUTHENTICATED=true goes on without one';
  if (routerSecrets.length === 0 && !env.ALLOW_UNAUTHENTICATED) {
    if (production) problems.add('ROUTER_SECRET', `required with NODE_ENV=production; ${open}.`);
    else if (!isLoopback(env.HOST)) problems.add('ROUTER_SECRET', `required where HOST is not loopback; ${open}.`);
  }
  if (production && routerSecrets.some((secret) => secret.length < SECRET_LENGTH)) {
    problems.add('ROUTER_SECRET', `expected secrets of at least ${SECRET_LENGTH} characters.`);
  }
  if (production && (env.RECORD_ID_SECRET ?? '').length < SECRET_LENGTH) {
    problems.add('RECORD_ID_SECRET', `required with NODE_ENV=production, at least ${SECRET_LENGTH} characters.`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host);
}

function isHttpOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}

function isRedisAddress(text: string): boolean {
  return /^rediss?:\/\//.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}

function splitSecrets(text: string): string[] {
  return text
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
}

/** The variables that are not blank, with those that stand in files. */
function withFiles(environment: Environment, readFile: (path: string) => string, problems: Problems): Environment {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  for (const name of FILES) {
    const path = given[`${name}_FILE`];
    if (path === undefined) continue;
    if (given[name] !== undefined) problems.add(`${name}_FILE`, `stands beside ${name}; expected one of them.`);
    let text = '';
    try {
      text = readFile(path).trim();
      if (text === '') problems.add(`${name}_FILE`, 'the file is empty.');
    } catch {
      problems.add(`${name}_FILE`, 'the file cannot be read.');
    }
    if (text !== '') given[name] = text;
    // Whoever points at a file that does not serve means to have a value: its absence is no second problem.
    else problems.settle(name);
  }
  return given;
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** What is wrong, the first problem of each variable. */
class Problems {
  readonly #problems = new Map<string, string>();
  readonly #settled = new Set<string>();

  add(name: string, problem: string): void {
    if (!this.#problems.has(name) && !this.#settled.has(name)) this.#problems.set(name, problem);
  }

  /** Takes no further problem of this variable. */
  settle(name: string): void {
    this.#settled.add(name);
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
