import type { Environment } from './environment.js';
import type { Problems } from './problems.js';
import { VARIABLE_NAMES } from './variables.js';

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

/** A name that starts like a variable of this service, but is none, is most likely misspelt. */
export function checkNames(given: Environment, problems: Problems): void {
  for (const name of Object.keys(given)) {
    const prefix = PREFIXES.find((start) => name.startsWith(start));
    if (prefix === undefined || VARIABLE_NAMES.includes(name)) continue;
    if (FOREIGN_NAMES.some((pattern) => pattern.test(name))) continue;
    const known = VARIABLE_NAMES.filter((variable) => variable.startsWith(prefix)).join(', ');
    problems.add(name, REMOVED[name] ?? `is not a variable of this service. Those with this beginning: ${known}.`);
  }
}
