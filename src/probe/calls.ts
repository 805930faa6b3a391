import type { CallOptions, LookupOptions } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure, type FailureKind } from '../core/failure.js';
import type { QuotaFigures } from '../core/limits.js';
import { lookupKey, type Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import { createWolkvoxClient, type WolkvoxClientOptions } from '../wolkvox/client.js';
import { createRecorder, readRawAnswer, type RawAnswer } from './recorder.js';

/** Records that the service accepts in one answer. */
const MAX_RECORDS = 1_000;
/** The probe asks for one person. A larger answer shows that Wolkvox searched for something else. */
const MAX_BYTES = 5_000_000;
/** These failures say how Wolkvox answers such a call, so the next one is sent. All others end the probe. */
const ANSWERS: readonly FailureKind[] = ['request', 'malformed', 'too-large'];

export type LookupResult =
  | {
      readonly outcome: 'answered';
      /** The records that the service would show. */
      readonly records: readonly CampaignRecord[];
      readonly raw: RawAnswer;
    }
  | { readonly outcome: 'failed'; readonly failure: LookupFailure; readonly raw: RawAnswer | undefined };

export type FiguresResult =
  | { readonly outcome: 'answered'; readonly figures: QuotaFigures }
  | { readonly outcome: 'failed'; readonly failure: LookupFailure };

/** The calls of one probe: one at a time, and never more than the stated number. */
export interface Calls {
  /**
   * Asks for records. An equal lookup is sent once, and its result is shared.
   *
   * @throws LookupFailure if the probe must end: another kind than those that say how Wolkvox answers, or an abort
   */
  find(lookup: Lookup): Promise<LookupResult>;
  /** Asks for the account's figures: the first time, at once again, and at the end. Throws as `find`. */
  figures(time: 'first' | 'second' | 'last'): Promise<FiguresResult>;
  made(): number;
  /** The results of the lookups so far. */
  results(): readonly LookupResult[];
  /** How long each lookup took that was answered, in milliseconds. */
  durationsMs(): readonly number[];
  close(): Promise<void>;
}

export interface CallsOptions extends Pick<
  WolkvoxClientOptions,
  'baseUrl' | 'proxyUrl' | 'account' | 'timeoutMs' | 'zone'
> {
  readonly clock: Clock;
  /** A further call is a bug, and is not sent. */
  readonly atMost: number;
  /** Cuts off the call under way, and no other is sent. Its reason is a LookupFailure. */
  readonly signal: AbortSignal;
}

/** Calls Wolkvox through the client of the service, so that the answers hold for the service, too. */
export function createCalls(options: CallsOptions): Calls {
  const { clock, zone, atMost, signal } = options;
  const durations: number[] = [];
  const lookups = new Map<string, LookupResult>();
  const figures = new Map<string, FiguresResult>();
  const recorder = createRecorder(MAX_BYTES);
  const client = createWolkvoxClient({
    ...options,
    concurrency: 1,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
    observe: () => undefined,
  });
  let made = 0;

  /** Counts the call before it is sent. */
  function begin(): CallOptions {
    if (signal.aborted) throw signal.reason as LookupFailure;
    if (made >= atMost) throw new Error(`The probe may send at most ${atMost} calls.`);
    made += 1;
    return { operation: { startedAt: clock.epochMs() }, deadline: Infinity, signal };
  }

  async function readRaw(lookup: Lookup): Promise<RawAnswer | undefined> {
    const response = recorder.take();
    return response === undefined ? undefined : readRawAnswer(response, { lookup, zone, maxBytes: MAX_BYTES });
  }

  async function send(lookup: Lookup): Promise<LookupResult> {
    const any: Omit<LookupOptions, keyof CallOptions> = { minSentAt: 0, minStaleSentAt: 0, mergesCampaigns: false };
    const callOptions = { ...begin(), ...any };
    const startedAt = clock.monotonicMs();
    try {
      const { records } = await client.find(lookup, callOptions);
      durations.push(Math.round(clock.monotonicMs() - startedAt));
      const raw = await readRaw(lookup);
      if (raw === undefined) throw new Error('The channels of undici named no response.');
      return { outcome: 'answered', records, raw };
    } catch (error) {
      return { outcome: 'failed', failure: failureOf(error), raw: await readRaw(lookup) };
    }
  }

  async function sendFigures(): Promise<FiguresResult> {
    const callOptions = begin();
    try {
      return { outcome: 'answered', figures: await client.quota.find('quota', callOptions) };
    } catch (error) {
      return { outcome: 'failed', failure: failureOf(error) };
    }
  }

  return {
    find: (lookup) => once(lookups, lookupKey(lookup), () => send(lookup)),
    figures: (time) => once(figures, time, sendFigures),
    made: () => made,
    results: () => [...lookups.values()],
    durationsMs: () => durations,
    async close() {
      recorder.close();
      await client.close();
    },
  };
}

/** @throws every error that must end the probe */
function failureOf(error: unknown): LookupFailure {
  if (error instanceof LookupFailure && ANSWERS.includes(error.kind)) return error;
  throw error;
}

async function once<Result>(results: Map<string, Result>, key: string, send: () => Promise<Result>): Promise<Result> {
  const known = results.get(key);
  if (known !== undefined) return known;
  const result = await send();
  results.set(key, result);
  return result;
}
