import { isIPv4 } from 'node:net';
import { isHost, isHttpOrigin, isRedisUrl } from './addresses.js';
import { IN_FILES, type Environment } from './environment.js';
import type { Problems } from './problems.js';
import {
  WrongValue,
  integer,
  listThat,
  oneOf,
  readFlag,
  readText,
  textLike,
  textThat,
  type ReadValue,
} from './values.js';
import { readZone } from './zone.js';

/** Reads a variable; undefined: it is absent. */
type Variable<Value> = (text: string | undefined) => Value;

const readToken = textLike(/^[\x21-\x7e]{1,500}$/, 'expected a token: printable characters without spaces');
const readSecrets = listThat((secrets) => secrets.length > 0, 'expected at least one secret');

/** docs/configuration.md describes each of them. */
const VARIABLES = {
  NODE_ENV: optional(readText),
  PORT: withDefault(4001, integer(0, 65_535)),
  HOST: withDefault(
    '127.0.0.1',
    textLike(/^[A-Za-z0-9.:_-]{1,253}$/, 'expected the name or the address of an interface, such as 0.0.0.0'),
  ),
  // Four digits (documented); a legacy account has an IPv4 address. Anything else could send the token to another host.
  WOLKVOX_SERVER: optional(
    textThat(
      (text) => /^[0-9]{4}$/.test(text) || isIPv4(text),
      'expected four digits such as 0042, or an IPv4 address',
    ),
  ),
  WOLKVOX_TOKEN: optional(readToken),
  WOLKVOX_SIMULATOR: withDefault(false, readFlag),
  WOLKVOX_BASE_URL: optional(
    textThat(isHttpOrigin, 'expected an http or https address without user, query or fragment'),
  ),
  WOLKVOX_CONCURRENCY: withDefault('2', oneOf(['1', '2'])),
  WOLKVOX_DAILY_LIMIT: optional(integer(0, 1_000_000_000)),
  WOLKVOX_QUOTA_SYNC_MINUTES: withDefault(60, integer(0, 1_440)),
  WOLKVOX_SEARCHES_ALL_CAMPAIGNS: withDefault(true, readFlag),
  WOLKVOX_COUNTRY_CODE: optional(
    textLike(/^[1-9][0-9]{0,2}$/, 'expected one to three digits such as 57, without a plus sign'),
  ),
  WOLKVOX_TIME_ZONE: withDefault('UTC-05:00', readZone),
  WOLKVOX_TIMEOUT_MS: withDefault(60_000, integer(1, 600_000)),
  // Other programs may need a proxy that this service cannot use, so `readProxy` checks it only if it is used.
  HTTPS_PROXY: optional(readText),
  https_proxy: optional(readText),
  NO_PROXY: optional(readText),
  no_proxy: optional(readText),
  REQUEST_DEADLINE_MS: withDefault(25_000, integer(1, 600_000)),
  CACHE_TTL_SECONDS: withDefault(300, integer(0, 86_400)),
  CACHE_STALE_SECONDS: withDefault(3600, integer(0, 604_800)),
  CAMPAIGNS_TTL_SECONDS: withDefault(300, integer(0, 86_400)),
  STALE_AFTER_MS: withDefault(3_000, integer(0, 600_000)),
  MIN_MAX_AGE_SECONDS: withDefault(0, integer(0, 86_400)),
  CACHE_CONTROL_SCOPE: withDefault('private', oneOf(['private', 'public'])),
  REDIS_URL: withDefault(
    [],
    listThat(
      (nodes) => nodes.length > 0 && nodes.every(isRedisUrl),
      'expected a redis:// or rediss:// address, or several nodes of a cluster separated by commas',
    ),
  ),
  ROUTER_SECRET: withDefault([], readHeaderSecrets),
  RECORD_ID_SECRET: withDefault([], readSecrets),
  PLAYGROUND: optional(readFlag),
  ALLOW_UNAUTHENTICATED: withDefault(false, readFlag),
  LOOKUPS_PER_OPERATION: withDefault(250, integer(1, 100_000)),
  QUEUE_LIMIT: withDefault(1000, integer(1, 100_000)),
  CACHE_MAX_MB: withDefault(64, integer(1, 100_000)),
  RESPONSE_MAX_MB: withDefault(256, integer(1, 10_000)),
  RESPONSE_LIMIT_MB: withDefault(10, integer(1, 1_000)),
  DRAIN_GRACE_MS: withDefault(1_000, integer(0, 60_000)),
  ALLOWED_HOSTS: withDefault(
    [],
    listThat((hosts) => hosts.every(isHost), 'expected host names without a port, separated by commas'),
  ),
  STATE_DIR: optional(readText),
  CAMPAIGNS_FILE: optional(readText),
  METRICS_TOKEN: optional(readToken),
  METRICS_PUBLIC: withDefault(false, readFlag),
  LOG_LEVEL: withDefault('info', oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'])),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(textThat(isHttpOrigin, 'expected an http or https address')),
};

/** The value of each variable. Lists are empty if the variable is absent. */
export type Variables = { readonly [Name in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[Name]> };

/** The names of all variables that are read. `docs/configuration.md` lists the same. */
export const VARIABLE_NAMES: readonly string[] = [...Object.keys(VARIABLES), ...IN_FILES.map((name) => `${name}_FILE`)];

/** A wrong variable is a problem, and has the value of an absent one, so that one start shows every problem. */
export function readVariables(given: Environment, problems: Problems): Variables {
  const values = Object.entries<Variable<unknown>>(VARIABLES).map(([name, read]): [string, unknown] => {
    try {
      return [name, read(given[name])];
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      problems.add(name, `${error.message}.`);
      return [name, read(undefined)];
    }
  });
  return Object.fromEntries(values) as Variables;
}

function withDefault<Value>(value: NoInfer<Value>, read: ReadValue<Value>): Variable<Value> {
  return (text) => (text === undefined ? value : read(text));
}

function optional<Value>(read: ReadValue<Value>): Variable<Value | undefined> {
  return (text) => (text === undefined ? undefined : read(text));
}

function readHeaderSecrets(text: string): readonly string[] {
  const secrets = readSecrets(text);
  // A header carries only these characters without loss.
  if (secrets.every((secret) => /^[\x21-\x7e]+$/.test(secret))) return secrets;
  throw new WrongValue('expected secrets of printable characters without spaces, separated by commas');
}
