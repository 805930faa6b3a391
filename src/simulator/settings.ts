import { isFaultName } from './faults.js';
import type { FaultSettings } from './faults.js';

/** What can be changed while the simulator runs. Assumptions about Wolkvox that are not documented stand here, each once. */
export interface SimulatorSettings extends FaultSettings {
  /** Tokens of the account. They share the day's calls; each has its own simultaneous requests. */
  tokens: readonly string[];
  /** How long an accepted call takes; the time is drawn between the two. Refusals come at once. */
  latency: { readonly minMs: number; readonly maxMs: number };
  /** Simultaneous requests of a token (documented: 2). */
  concurrency: number;
  /** Calls a day, licences × 1000; null: without limit. */
  dailyLimit: number | null;
  /** Whether the server is under maintenance, and what the 403 then looks like. */
  maintenance: 'off' | 'json' | 'html' | 'empty';
  /** The answer when nobody matches: the status, and what stands in `data`. */
  noMatch: '404' | '404-no-data' | '404-null' | '200' | '200-null' | '200-no-data';
  phoneMatch: 'prefix' | 'exact' | 'tel1';
  combine: 'and' | 'or';
  /** What an undialled record holds in date and conn_id: blanks, or a zero date and "0". */
  undialled: 'empty' | 'zero-date';
  /** Records in one answer at most; the rest is cut with no sign (documented: 60,000). */
  maxRecords: number;
  /** Whether answers are compressed for those who accept it. */
  gzip: boolean;
  slowMs: number;
  dripMs: number;
  bombMb: number;
  retryAfterSeconds: number;
}

/** The token that a simulator takes when it is given none. */
export const SIMULATOR_TOKEN = 'simulator-token';

export function defaultSettings(): SimulatorSettings {
  return {
    tokens: [SIMULATOR_TOKEN],
    latency: { minMs: 150, maxMs: 600 },
    concurrency: 2,
    dailyLimit: 10_000,
    maintenance: 'off',
    noMatch: '404',
    phoneMatch: 'prefix',
    combine: 'and',
    undialled: 'empty',
    maxRecords: 60_000,
    gzip: true,
    slowMs: 5_000,
    dripMs: 50,
    bombMb: 300,
    retryAfterSeconds: 2,
    fault: null,
    faultChances: {},
  };
}

type Check<T> = { readonly expected: string; readonly holds: (value: unknown) => value is T };

const whole: Check<number> = {
  expected: 'a whole number from 0',
  holds: (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
};

function oneOf<T extends string>(...choices: readonly T[]): Check<T> {
  return {
    expected: `one of ${choices.join(', ')}`,
    holds: (value): value is T => choices.some((choice) => choice === value),
  };
}

const CHECKS: { readonly [K in keyof SimulatorSettings]: Check<SimulatorSettings[K]> } = {
  tokens: {
    expected: 'a list of texts',
    holds: (value): value is string[] => Array.isArray(value) && value.every((token) => typeof token === 'string'),
  },
  latency: {
    expected: '{"minMs", "maxMs"}, minMs not above maxMs',
    holds: (value): value is SimulatorSettings['latency'] =>
      isObject(value) && whole.holds(value['minMs']) && whole.holds(value['maxMs']) && value['minMs'] <= value['maxMs'],
  },
  concurrency: whole,
  dailyLimit: {
    expected: 'a whole number from 0, or null',
    holds: (value): value is number | null => value === null || whole.holds(value),
  },
  maintenance: oneOf('off', 'json', 'html', 'empty'),
  noMatch: oneOf('404', '404-no-data', '404-null', '200', '200-null', '200-no-data'),
  phoneMatch: oneOf('prefix', 'exact', 'tel1'),
  combine: oneOf('and', 'or'),
  undialled: oneOf('empty', 'zero-date'),
  maxRecords: whole,
  gzip: { expected: 'true or false', holds: (value): value is boolean => typeof value === 'boolean' },
  slowMs: whole,
  dripMs: whole,
  bombMb: whole,
  retryAfterSeconds: whole,
  fault: {
    expected: 'the name of a fault, or null',
    holds: (value): value is SimulatorSettings['fault'] => value === null || isFaultName(value),
  },
  faultChances: {
    expected: 'probabilities from 0 to 1 by fault name',
    holds: (value): value is SimulatorSettings['faultChances'] =>
      isObject(value) &&
      Object.entries(value).every(
        ([name, chance]) => isFaultName(name) && typeof chance === 'number' && chance >= 0 && chance <= 1,
      ),
  },
};

/** Checks settings that come from outside. With a complaint, none of them is to be used. */
export function readSettings(given: unknown): { settings: Partial<SimulatorSettings>; complaints: readonly string[] } {
  if (!isObject(given)) return { settings: {}, complaints: ['expected a JSON object of settings'] };
  const complaints = Object.entries(given).flatMap(([key, value]) => {
    if (!isSettingName(key)) return [`${key} is no setting`];
    return CHECKS[key].holds(value) ? [] : [`${key}: expected ${CHECKS[key].expected}`];
  });
  return { settings: complaints.length === 0 ? given : {}, complaints };
}

function isSettingName(key: string): key is keyof SimulatorSettings {
  return Object.hasOwn(CHECKS, key);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
