import { z } from 'zod';
import { FAULT_NAMES } from './faults.js';

const whole = z.int().nonnegative();
const faultName = z.enum(FAULT_NAMES);

/** Milliseconds that an accepted call takes, at random between the two. Refusals are sent at once. */
export type Latency = z.infer<typeof latency>;
const latency = z
  .strictObject({ minMs: whole, maxMs: whole })
  .readonly()
  .refine(({ minMs, maxMs }) => minMs <= maxMs, 'minMs must not be above maxMs');

/** The token of a simulator that is given none. */
export const SIMULATOR_TOKEN = 'simulator-token';

/** What can change while the simulator runs. docs/simulator.md describes every setting. */
export type SimulatorSettings = z.infer<typeof settingsSchema>;
const settingsSchema = z.strictObject({
  /** Tokens of the account. They share the day's calls; each has its own simultaneous requests. */
  tokens: z.array(z.string()).readonly().default([SIMULATOR_TOKEN]),
  latency: latency.default({ minMs: 150, maxMs: 600 }),
  /** Simultaneous requests of a token (documented: 2). */
  concurrency: whole.default(2),
  /** Calls a day, licences × 1000; null: no limit. */
  dailyLimit: whole.nullable().default(10_000),
  /** The values of `token_info`: the account's figures, blanks (seen), or texts that are no numbers. */
  tokenInfo: z.enum(['figures', 'blank', 'odd']).default('figures'),
  /** The body of the 403 while the server is under maintenance. */
  maintenance: z.enum(['off', 'json', 'html', 'empty']).default('off'),
  /** The status if nothing matches, and what `data` is. */
  noMatch: z.enum(['404', '404-no-data', '404-null', '200', '200-null', '200-no-data']).default('404'),
  /** `prefix`: any tel, with or without its dial prefix; `exact`: any tel as stored; `tel1`: as `prefix`, tel1 only. */
  phoneMatch: z.enum(['prefix', 'exact', 'tel1']).default('prefix'),
  combine: z.enum(['and', 'or']).default('and'),
  /** `date` and `conn_id` of a record that was never dialled: blank, or a zero date and "0". */
  undialled: z.enum(['empty', 'zero-date']).default('empty'),
  /** Records in one answer; the rest is cut without a sign (documented: 60,000). */
  maxRecords: whole.default(60_000),
  gzip: z.boolean().default(true),
  slowMs: whole.default(5_000),
  dripMs: whole.default(50),
  bombMb: whole.default(300),
  retryAfterSeconds: whole.default(2),
  fault: faultName.nullable().default(null),
  faultChances: z.partialRecord(faultName, z.number().min(0).max(1)).default({}),
});

export function defaultSettings(): SimulatorSettings {
  return settingsSchema.parse({});
}

/** All settings after a change. Throws a ZodError that names every wrong setting. */
export function changedSettings(current: SimulatorSettings, changes: unknown): SimulatorSettings {
  return settingsSchema.parse({ ...current, ...z.looseObject({}).parse(changes) });
}

/** Reads `50`, or `50-200` with jitter; null if the text is neither. */
export function readLatency(text: string): Latency | null {
  const range = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text);
  const minMs = Number(range?.[1]);
  return latency.safeParse({ minMs, maxMs: Number(range?.[2] ?? minMs) }).data ?? null;
}
