import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import type { DayBudget, Place, Places } from '../records/limits.js';
import type { Lookup } from '../records/lookup.js';
import type { Answer, Asking, RecordSource } from '../records/source.js';
import { createBreaker, type ProbeDelays } from './breaker.js';
import { createClient, type ClientOptions } from './client.js';
import { WolkvoxFailure } from './failure.js';
import { createRetry } from './retry.js';
import { createTurnstile } from './turnstile.js';

export interface WolkvoxOptions extends Omit<ClientOptions, 'now'> {
  readonly queueLimit: number;
  readonly places: Places;
  readonly budget: DayBudget;
  readonly observe: Observe;
  readonly now?: () => number;
  readonly random?: () => number;
  /** Of the circuit; absent: its own. */
  readonly probes?: ProbeDelays | undefined;
}

/** Wolkvox as a source of records, and how it fares. */
export interface Wolkvox extends RecordSource {
  readonly state: WolkvoxState;
  /** Ends what still runs. */
  close(): Promise<void>;
}

export interface WolkvoxState {
  /** Calls that wait for a turn, and calls that hold a slot. */
  readonly waiting: number;
  readonly running: number;
  readonly circuit: 'closed' | 'open' | 'half-open';
}

/**
 * The way of a call: a second attempt where it may help, around the circuit, around the turn in the queue and a place of the token,
 * around the day's count, around one GET.
 */
export function createWolkvox(options: WolkvoxOptions): Wolkvox {
  const { budget, observe, now = Date.now, random = Math.random } = options;
  const client = createClient({ ...options, now });
  const breaker = createBreaker({ observe, now, probes: options.probes });
  const turnstile = createTurnstile({ ...options, now, random, send });
  const source = createRetry(
    {
      // Async, so that an open circuit rejects like everything else.
      async find(lookup, asking) {
        breaker.check();
        return turnstile.find(lookup, asking);
      },
    },
    { observe, now, random },
  );

  return {
    find: (lookup, asking) => source.find(lookup, asking),
    get state() {
      return { waiting: turnstile.waiting, running: turnstile.running, circuit: breaker.state };
    },
    close: () => client.close(),
  };

  function send(lookup: Lookup, asking: Asking, place: Place): Promise<Answer> {
    return breaker.run(async () => {
      // From here on it goes out, though everybody may leave while it is counted.
      asking.onSent();
      await spend();
      place.lost?.throwIfAborted();
      const { day, exhaustedUntil } = budget.state;
      const startedAt = now();
      try {
        const answer = await client.call(lookup, place.lost);
        observe({
          event: 'call',
          outcome: 'answered',
          kind: 'answered',
          ms: now() - startedAt,
          records: answer.records.length,
        });
        // A call that was sent before Wolkvox said that the day is used up proves nothing.
        if (exhaustedUntil !== undefined) await budget.accepted();
        return answer;
      } catch (error) {
        throw await noted(error, now() - startedAt, day);
      }
    });
  }

  async function spend(): Promise<void> {
    try {
      await budget.spend();
    } catch (error) {
      if (error instanceof LookupFailure) observe({ event: 'refused', code: error.code, why: 'budget' });
      throw error;
    }
  }

  /** Reports a failed call; where Wolkvox says that the day of the call is used up, the budget tells until when. */
  async function noted(error: unknown, ms: number, day: string): Promise<unknown> {
    if (!(error instanceof WolkvoxFailure)) return error;
    observe({ event: 'call', outcome: error.code, kind: error.kind, ms, records: -1, ...error.facts });
    if (error.kind !== 'quota') return error;
    observe({ event: 'quota-refused' });
    if (budget.state.day === day) await budget.exhausted();
    const { exhaustedUntil } = budget.state;
    if (exhaustedUntil === undefined) return error;
    const retryAfterSeconds = Math.max(1, Math.ceil((exhaustedUntil - now()) / 1000));
    return new WolkvoxFailure(error.kind, error.message, { cause: error.facts, retryAfterSeconds });
  }
}
