import {
  WrongValue,
  isFlag,
  isObject,
  isProbability,
  isText,
  isWhole,
  listOf,
  nullOr,
  objectOf,
  oneOf,
  recordOf,
  type Check,
} from './values.js';
import { FAULT_NAMES } from './faults.js';

/** Milliseconds that an accepted call takes, at random between the two. Refusals are sent at once. */
export interface Latency {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The token of a simulator that is given none. */
export const SIMULATOR_TOKEN = 'simulator-token';

export const isFaultName = oneOf(FAULT_NAMES);
export const isFaultChances = recordOf(FAULT_NAMES, isProbability);

const hasLatencyFields = objectOf({ minMs: isWhole, maxMs: isWhole }, {});

/** The settings, each with its default and its check. docs/simulator.md describes every setting. */
const SETTINGS = {
  /** Tokens of the account. They share the day's calls; each has its own simultaneous requests. */
  tokens: setting([SIMULATOR_TOKEN], listOf(isText)),
  latency: setting({ minMs: 150, maxMs: 600 }, isLatency),
  /** Simultaneous requests of a token (documented: 2). */
  concurrency: setting(2, isWhole),
  /** Calls a day, licences × 1000; null: no limit. */
  dailyLimit: setting(10_000, nullOr(isWhole)),
  /** The values of `token_info`: the account's figures, blanks (seen), or texts that are no numbers. */
  tokenInfo: setting('figures', oneOf(['figures', 'blank', 'odd'])),
  /** The body of the 403 while the server is under maintenance. */
  maintenance: setting('off', oneOf(['off', 'json', 'html', 'empty'])),
  /** The status if nothing matches, and what `data` is. */
  noMatch: setting('404', oneOf(['404', '404-no-data', '404-null', '200', '200-null', '200-no-data'])),
  /** `prefix`: any tel, with or without its dial prefix; `exact`: any tel as stored; `tel1`: as `prefix`, tel1 only. */
  phoneMatch: setting('prefix', oneOf(['prefix', 'exact', 'tel1'])),
  combine: setting('and', oneOf(['and', 'or'])),
  /** `date` and `conn_id` of a record that was never dialled: blank, or a zero date and "0". */
  undialled: setting('empty', oneOf(['empty', 'zero-date'])),
  /** Records in one answer; the rest is cut without a sign (documented: 60,000). */
  maxRecords: setting(60_000, isWhole),
  gzip: setting(true, isFlag),
  slowMs: setting(5_000, isWhole),
  dripMs: setting(50, isWhole),
  bombMb: setting(300, isWhole),
  retryAfterSeconds: setting(2, isWhole),
  fault: setting(null, nullOr(isFaultName)),
  faultChances: setting({}, isFaultChances),
};

/** What can change while the simulator runs. */
export type SimulatorSettings = { [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['initial'] };

interface Setting<Value> {
  readonly initial: Value;
  readonly isRight: Check<Value>;
}

export function defaultSettings(): SimulatorSettings {
  const settings = Object.entries(SETTINGS).map(([name, { initial }]) => [name, initial]);
  return Object.fromEntries(settings) as SimulatorSettings;
}

/**
 * All settings after a change.
 *
 * @throws WrongValue that names every wrong setting
 */
export function changedSettings(current: SimulatorSettings, changes: unknown): SimulatorSettings {
  if (!isObject(changes)) throw new WrongValue('Expected an object with settings.');
  const settings = new Map<string, Setting<unknown>>(Object.entries(SETTINGS));
  const wrong = Object.entries(changes).filter(([name, value]) => settings.get(name)?.isRight(value) !== true);
  if (wrong.length === 0) return { ...current, ...changes };
  throw new WrongValue(`Wrong settings: ${wrong.map(([name]) => name).join(', ')}. docs/simulator.md describes them.`);
}

/** Reads `50`, or `50-200` with jitter; undefined if the text is neither. */
export function readLatency(text: string): Latency | undefined {
  const range = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text);
  const minMs = Number(range?.[1]);
  const latency = { minMs, maxMs: Number(range?.[2] ?? minMs) };
  return isLatency(latency) ? latency : undefined;
}

function setting<Value>(initial: NoInfer<Value>, isRight: Check<Value>): Setting<Value> {
  return { initial, isRight };
}

function isLatency(value: unknown): value is Latency {
  return hasLatencyFields(value) && value.minMs <= value.maxMs;
}
