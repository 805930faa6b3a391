import type { Answer, LookupOptions, LookupSource } from '../../src/core/answer.js';
import type { Clock } from '../../src/core/clock.js';
import { LookupFailure, type FailureDetails, type FailureKind } from '../../src/core/failure.js';
import type { Lookup } from '../../src/core/lookup.js';
import type { CampaignRecord } from '../../src/core/record.js';

/** A clock that stands still until the test moves it. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** @param epochMs the time of the wall clock at the start */
export function createManualClock(epochMs = 1_700_000_000_000): ManualClock {
  let nowMs = 0;
  let startMs = epochMs;
  return {
    monotonicMs: () => nowMs,
    epochMs: () => startMs + nowMs,
    wallMs: () => epochMs + nowMs,
    setEpochMs(changed) {
      startMs = changed - nowMs;
    },
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** A call that reached the source. The test ends it. */
export interface ManualCall {
  readonly lookup: Lookup;
  readonly options: LookupOptions;
  /** @param answer by default no records, sent when the call reached the source */
  answer(answer?: Partial<Answer>): Promise<void>;
  fail(kind: FailureKind, details?: FailureDetails): Promise<void>;
}

/** A source whose calls the test ends one by one. It ignores their signals, as a call that was sent does. */
export interface ManualSource extends LookupSource {
  readonly calls: readonly ManualCall[];
  /** The call with this index; an error if it was not made. */
  call(index: number): ManualCall;
}

export function createManualSource(clock: Clock): ManualSource {
  const calls: ManualCall[] = [];
  return {
    calls,
    call(index) {
      const call = calls[index];
      if (call === undefined) throw new Error(`Expected call ${index}; only ${calls.length} calls were made.`);
      return call;
    },
    find(lookup, options) {
      const sentAt = clock.epochMs();
      return new Promise((resolve, reject) => {
        calls.push({
          lookup,
          options,
          async answer(answer = {}) {
            resolve({ records: [], sentAt, source: 'wolkvox', ...answer });
            await settle();
          },
          async fail(kind, details) {
            reject(new LookupFailure(kind, details));
            await settle();
          },
        });
      });
    },
  };
}

/** Options of a caller that accepts any answer and waits for a minute. */
export function lookupOptions(clock: Clock, options: Partial<LookupOptions> = {}): LookupOptions {
  return {
    operation: { startedAt: clock.epochMs() },
    deadline: clock.monotonicMs() + 60_000,
    signal: new AbortController().signal,
    minSentAt: 0,
    minStaleSentAt: 0,
    mergesCampaigns: false,
    ...options,
  };
}

/** A caller of a lookup that can leave before its answer. */
export function caller(): { readonly signal: AbortSignal; readonly leave: (kind?: FailureKind) => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    leave: (kind = 'deadline') => controller.abort(new LookupFailure(kind)),
  };
}

/** A source that answers every lookup at once. */
export function answeringSource(records: readonly CampaignRecord[] = []): LookupSource {
  return { find: () => Promise.resolve({ records, sentAt: 0, source: 'wolkvox' }) };
}

/** Lets everything run that is ready to run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
