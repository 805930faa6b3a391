import type { LookupFailure } from '../records/failure.js';
import type { Lookup } from '../records/lookup.js';
import type { Answer, Asking, Operation, RecordSource } from '../records/source.js';

/**
 * One question under way, and everybody who waits for it. It ends by itself: those who leave only take their turn in the queue away,
 * and when the last one leaves before the call is sent, the call is dropped.
 */
export class Flight {
  /** The answer, or undefined where there is none; never rejects. */
  readonly landed: Promise<Answer | undefined>;
  /** Set when its answer must not be kept. */
  isForgotten = false;

  readonly #answer: Promise<Answer>;
  readonly #operations = new Set<Operation>();
  readonly #nobodyWaits = new AbortController();
  readonly #now: () => number;
  #sentAt: number | undefined;
  #maxAgeMs: number | undefined;
  #isOver = false;

  constructor(lookup: Lookup, source: RecordSource, now: () => number) {
    this.#now = now;
    // The first one joins in the same turn of the event loop; the question goes out after that, with somebody who waits.
    this.#answer = Promise.resolve().then(() => source.find(lookup, this.#asking()));
    this.landed = this.#answer.then(
      (answer) => this.#end(answer),
      () => this.#end(undefined),
    );
  }

  /**
   * Whether a question may be answered by this flight: it must still be under way, and a call that is already sent must be no older
   * than the answer may be. One that is not sent yet takes the stricter wish on.
   */
  mayServe({ maxAgeMs }: Asking, now: number): boolean {
    const isDropped = this.#sentAt === undefined && this.#nobodyWaits.signal.aborted;
    if (this.#isOver || isDropped) return false;
    return maxAgeMs === undefined || this.#sentAt === undefined || Math.max(0, now - this.#sentAt) < maxAgeMs;
  }

  /** Joins; resolves with the answer, or rejects with its failure or with the reason of the asking's signal. */
  async wait({ operations, signal, maxAgeMs }: Asking): Promise<Answer> {
    for (const operation of operations) this.#operations.add(operation);
    if (this.#sentAt === undefined && maxAgeMs !== undefined) {
      this.#maxAgeMs = Math.min(this.#maxAgeMs ?? Infinity, maxAgeMs);
    }
    let leave = (): void => undefined;
    const gone = new Promise<never>((_, reject) => {
      leave = () => {
        for (const operation of operations) this.#operations.delete(operation);
        if (this.#operations.size === 0 && !this.#isOver) this.#nobodyWaits.abort(signal.reason);
        reject(signal.reason as LookupFailure);
      };
    });
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([this.#answer, gone]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #asking(): Asking {
    const operations = this.#operations;
    const maxAgeMs = (): number | undefined => this.#maxAgeMs;
    return {
      operations,
      signal: this.#nobodyWaits.signal,
      get deadline() {
        return Math.max(...[...operations].map(({ deadline }) => deadline));
      },
      get maxAgeMs() {
        return maxAgeMs();
      },
      onSent: () => {
        this.#sentAt ??= this.#now();
      },
    };
  }

  #end<T>(value: T): T {
    this.#isOver = true;
    return value;
  }
}
