import { createCallQueue, type CallQueue, type CallQueueOptions } from '../../src/calls/call-queue.js';
import type { Answer, LookupOptions, Operation } from '../../src/core/answer.js';
import { LookupFailure } from '../../src/core/failure.js';
import {
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
  type ManualClock,
  type ManualSource,
} from './lookup-source.js';

/** A queue over calls that the test ends one by one. */
export interface TestQueue {
  readonly queue: CallQueue;
  readonly clock: ManualClock;
  readonly source: ManualSource;
  /** Starts a lookup for this phone. Its failure is not an unhandled rejection. */
  readonly find: (phone: string, options?: Partial<LookupOptions>) => Promise<Answer>;
  /** The phones of the calls that were sent, in order. */
  readonly sent: () => (string | undefined)[];
  /** Sends this many calls, each of which takes `ms`. */
  readonly measure: (calls: number, ms: number) => Promise<void>;
  /** Ends the first call that has not ended yet. */
  readonly endFirst: () => Promise<void>;
}

/** Default: two calls at once, and ten that wait. */
export function createTestQueue(options: Partial<CallQueueOptions> = {}): TestQueue {
  const clock = createManualClock();
  const source = createManualSource(clock);
  const queue = createCallQueue({ concurrency: 2, limit: 10, pausedForMs: () => 0, clock, ...options });
  const top = queue.layer(source);
  let ended = 0;
  const find = (phone: string, options?: Partial<LookupOptions>): Promise<Answer> => {
    const answer = top.find({ phone }, lookupOptions(clock, options));
    answer.catch(() => undefined);
    return answer;
  };
  const endFirst = async (): Promise<void> => {
    ended += 1;
    await source.call(ended - 1).answer();
  };
  return {
    ...{ queue, clock, source, find, endFirst },
    sent: () => source.calls.map(({ lookup }) => lookup.phone),
    async measure(calls, ms) {
      for (let call = 0; call < calls; call += 1) {
        const found = find('measured');
        await settle();
        clock.advance(ms);
        await endFirst();
        await found;
      }
    },
  };
}

/** A new operation. Its calls share their turns in the queue. */
export function operation(): Operation {
  return { startedAt: 0 };
}

/** The kind of failure of a lookup; undefined if it was answered. Another error rejects. */
export async function kindOf(found: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await found.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error !== undefined && !(error instanceof LookupFailure)) throw error as Error;
  return error?.kind;
}
