import type { Draw } from './draw.js';

/** Every fault the simulator can play, with what it does. The closed list: a setting, a header or a schedule names one of them. */
export const FAULTS = {
  slow: 'the answer comes `slowMs` later than the latency says',
  cut: 'the connection closes before a status line',
  reset: 'the connection is reset before a status line, as for a caller who is not on the allow-list',
  'cut-body': 'the connection closes in the middle of the body',
  silence: 'nothing is ever sent; the connection stays open',
  'silence-body': 'half of the body, then nothing; the connection stays open',
  '500': 'HTTP 500 with an HTML page',
  '502': 'HTTP 502 with an HTML page',
  '503': 'HTTP 503 with an HTML page',
  '504': 'HTTP 504 with an HTML page',
  '429-seconds': 'HTTP 429 with Retry-After in seconds (`retryAfterSeconds`)',
  '429-date': 'HTTP 429 with Retry-After as a date',
  '404-html': "the web server's own 404, an HTML page",
  'html-200': 'HTTP 200 with an HTML page where JSON should be',
  'truncated-json': 'the body ends in the middle, the connection as it should',
  bom: 'a byte order mark before the JSON',
  'empty-body': 'HTTP 200 without a body',
  'code-number': '`code` is a number, not a string',
  'code-zero': '`code` is "0"',
  'error-null-text': '`error` is the string "null"',
  'code-403-in-200': 'HTTP 200, in the body code "403" and TOKEN LIMIT EXCEEDED',
  'code-500-in-200': 'HTTP 200, in the body code "500"',
  'maintenance-json': 'maintenance: HTTP 403 with a JSON body of unknown words',
  'maintenance-html': 'maintenance: HTTP 403 with an HTML page',
  'maintenance-empty': 'maintenance: HTTP 403 without a body',
  'missing-keys': 'records without their names, options and last call',
  'null-values': 'records with null for their names, options and last call',
  'unknown-keys': 'records with keys that are not documented, of every JSON type',
  'gzip-bomb': 'a small compressed body that becomes `bombMb` megabytes of JSON',
  'endless-body': 'a body that begins well and then drips blanks for ever, one each `dripMs`',
  flood: 'a body that begins well and then repeats its records for ever, as fast as they are taken',
  'token-refused': 'PLEASE VALIDATE TOKEN, though the token is right',
  'simultaneous-refused': 'the refusal of a third simultaneous request, though there is none',
  'quota-refused': "TOKEN LIMIT EXCEEDED, though the day's calls are not used up",
} as const;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export function isFaultName(name: unknown): name is FaultName {
  return typeof name === 'string' && Object.hasOwn(FAULTS, name);
}

/** Which requests a scheduled fault strikes: those with these criteria, as they stand in the address. */
export interface FaultMatch {
  readonly api?: string;
  readonly campaignId?: string;
  readonly phone?: string;
  readonly customerId?: string;
}

export interface FaultSchedule {
  /** Strikes the next request, or the next `times` ones, that `when` lets pass; several wait in line. */
  next(name: FaultName, options?: { readonly times?: number; readonly when?: FaultMatch }): void;
  /** Strikes every request that `when` lets pass, until `clear`. */
  always(name: FaultName, options?: { readonly when?: FaultMatch }): void;
  /** Strikes by chance: a probability from 0 to 1 for each fault, repeatable with the same seed. Replaces earlier chances. */
  random(chances: FaultChances, seed?: number): void;
  /** Takes back everything scheduled, and the settings `fault` and `faultChances`. */
  clear(): void;
}

export type FaultChances = Readonly<Partial<Record<FaultName, number>>>;

/** What of the settings concerns faults. */
export interface FaultSettings {
  fault: FaultName | null;
  faultChances: FaultChances;
}

export interface FaultPlan {
  readonly schedule: FaultSchedule;
  /** The fault that strikes a request, which uses up its turn of the schedule. */
  choose(request: Required<FaultMatch>): FaultName | null;
}

/** @param drawFor makes the chance of `random`, from a seed */
export function createFaultPlan(settings: () => FaultSettings, drawFor: (seed?: number) => Draw): FaultPlan {
  let waiting: { readonly name: FaultName; readonly when: FaultMatch; times: number }[] = [];
  let standing: { readonly name: FaultName; readonly when: FaultMatch }[] = [];
  let draw = drawFor();

  function byChance(): FaultName | null {
    const chances = Object.entries(settings().faultChances) as [FaultName, number][];
    if (chances.length === 0) return null;
    const at = draw(1_000_000) / 1_000_000;
    let sum = 0;
    return chances.find(([, chance]) => at < (sum += chance))?.[0] ?? null;
  }

  return {
    schedule: {
      next(name, { times = 1, when = {} } = {}) {
        waiting.push({ name, when, times });
      },
      always(name, { when = {} } = {}) {
        standing.push({ name, when });
      },
      random(chances, seed) {
        draw = drawFor(seed);
        settings().faultChances = chances;
      },
      clear() {
        waiting = [];
        standing = [];
        settings().fault = null;
        settings().faultChances = {};
      },
    },
    choose(request) {
      const turn = waiting.find(({ when, times }) => times > 0 && applies(when, request));
      if (turn !== undefined) {
        turn.times -= 1;
        waiting = waiting.filter(({ times }) => times > 0);
        return turn.name;
      }
      return standing.find(({ when }) => applies(when, request))?.name ?? settings().fault ?? byChance();
    },
  };
}

function applies(when: FaultMatch, request: Required<FaultMatch>): boolean {
  return (['api', 'campaignId', 'phone', 'customerId'] as const).every(
    (key) => when[key] === undefined || when[key] === request[key],
  );
}
