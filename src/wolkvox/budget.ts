import { createHash } from 'node:crypto';
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import type { DayBudget, DayBudgetState } from '../records/limits.js';

/** How often Wolkvox is asked whether the day is really over after it said so. */
const PROBE_MS = 3_600_000;
const WARN_AT = [80, 95, 100] as const;

export interface DayBudgetOptions {
  /** Calls a day; undefined: counted, not limited. */
  readonly limit: number | undefined;
  /** A luxon zone name; the day starts at its midnight. */
  readonly zone: string;
  /** A folder where the count survives a restart; undefined: it does not. */
  readonly stateDir: string | undefined;
  /** Tells the accounts apart that share a folder. */
  readonly account: string;
  readonly observe: Observe;
  readonly now?: () => number;
}

/**
 * The account's calls of a day, counted by one process. Each is counted before it is sent, one after the other, so that exactly
 * `limit` are sent.
 */
export function createDayBudget(options: DayBudgetOptions): DayBudget {
  const { limit, zone, observe, now = Date.now } = options;
  const file = options.stateDir === undefined ? undefined : new CountFile(options.stateDir, options.account);
  let day = '';
  let spent = 0;
  let exhaustedUntil: number | undefined;
  let probedAt = 0;
  let last: Promise<unknown> = Promise.resolve();

  return {
    spend() {
      const turn = last.then(spendOne);
      last = turn.catch(() => undefined);
      return turn;
    },
    exhausted() {
      exhaustedUntil = nextDay();
      probedAt = now();
      return Promise.resolve();
    },
    accepted() {
      exhaustedUntil = undefined;
      return Promise.resolve();
    },
    get state(): DayBudgetState {
      const isToday = day === today();
      return {
        day: today(),
        spent: isToday ? spent : 0,
        limit,
        exhaustedUntil: isExhausted() ? exhaustedUntil : undefined,
      };
    },
  };

  async function spendOne(): Promise<void> {
    await turnPage();
    if (isExhausted()) {
      if (now() - probedAt < PROBE_MS) throw usedUp('Wolkvox says that the calls of the day are used up.');
      probedAt = now();
    }
    if (limit !== undefined && spent >= limit) throw usedUp(`The ${limit} calls of the day are used up.`);
    await write();
    spent += 1;
    warn();
  }

  async function turnPage(): Promise<void> {
    if (day === today()) return;
    const opened = today();
    try {
      spent = (await file?.open(opened)) ?? 0;
    } catch (error) {
      throw notWritten(error);
    }
    day = opened;
  }

  async function write(): Promise<void> {
    try {
      await file?.add(day);
    } catch (error) {
      throw notWritten(error);
    }
  }

  function warn(): void {
    if (limit === undefined) return;
    for (const percent of WARN_AT) {
      if (spent === Math.ceil((limit * percent) / 100)) observe({ event: 'budget', percent, spent, limit });
    }
  }

  /** A call that cannot be counted is not made: the count would be too low after a restart. */
  function notWritten(error: unknown): LookupFailure {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    observe({ event: 'count-not-written', reason });
    return new LookupFailure('UPSTREAM_UNAVAILABLE', 'The call could not be counted, so it was not made.', {
      cause: error,
    });
  }

  function usedUp(message: string): LookupFailure {
    const retryAfterSeconds = Math.max(1, Math.ceil((nextDay() - now()) / 1000));
    return new LookupFailure('UPSTREAM_QUOTA_EXHAUSTED', message, { retryAfterSeconds });
  }

  function isExhausted(): boolean {
    return exhaustedUntil !== undefined && now() < exhaustedUntil;
  }

  function today(): string {
    return DateTime.fromMillis(now(), { zone }).toFormat('yyyy-MM-dd');
  }

  function nextDay(): number {
    return DateTime.fromMillis(now(), { zone }).startOf('day').plus({ days: 1 }).toMillis();
  }
}

/**
 * A day's count as a file's length: each call appends one byte and waits until the disk has it. An append is whole or absent, so a
 * crash at any moment leaves a count that is right or one too high.
 */
class CountFile {
  readonly #folder: string;
  readonly #prefix: string;

  constructor(folder: string, account: string) {
    this.#folder = folder;
    this.#prefix = `calls-${createHash('sha256').update(account).digest('hex').slice(0, 12)}-`;
  }

  /** The count of a day, 0 where it is new. Makes its file, and removes those of earlier days. */
  async open(day: string): Promise<number> {
    await mkdir(this.#folder, { recursive: true });
    const name = this.#prefix + day;
    for (const other of await readdir(this.#folder)) {
      if (other.startsWith(this.#prefix) && other < name) await unlink(path.join(this.#folder, other));
    }
    await this.#append(day, '');
    const folder = await open(this.#folder);
    await folder.sync();
    await folder.close();
    return (await stat(path.join(this.#folder, name))).size;
  }

  add(day: string): Promise<void> {
    return this.#append(day, '.');
  }

  async #append(day: string, text: string): Promise<void> {
    const file = await open(path.join(this.#folder, this.#prefix + day), 'a', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
