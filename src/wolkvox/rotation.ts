import type { Queue, QueueAddOptions } from 'p-queue';
import type { Asking, Operation } from '../records/source.js';

type Run = () => Promise<unknown>;

/** What a call brings along into the queue. */
export interface TurnOptions extends QueueAddOptions {
  readonly asking?: Pick<Asking, 'operations'>;
}

interface Waiting {
  readonly run: Run;
  /** p-queue's own name of the call. */
  readonly id: string | undefined;
  readonly asking: Pick<Asking, 'operations'>;
}

/**
 * The order of a p-queue in which operations, not calls, take turns: each round gives every waiting operation one call, so one
 * question beside an operation of a hundred waits for at most one call, and the hundred still advance in every round.
 *
 * A call may be waited for by several operations; the first of their turns serves it. Who waits is read when a turn is given, so an
 * operation that joins a waiting call brings its turn along at once.
 */
export class Rotation implements Queue<Run, TurnOptions> {
  /** In order of arrival. */
  #waiting: Waiting[] = [];
  /** When an operation last had a turn, or came. The smallest is next. */
  readonly #turns = new WeakMap<Operation, number>();
  #clock = 0;

  get size(): number {
    return this.#waiting.length;
  }

  enqueue(run: Run, options?: Partial<TurnOptions>): void {
    if (options?.asking === undefined)
      throw new TypeError('Expected `asking` with the call; it says whose turn it takes.');
    this.#waiting.push({ run, id: options.id, asking: options.asking });
    for (const operation of options.asking.operations) this.#turnOf(operation);
  }

  dequeue(): Run | undefined {
    let best: { index: number; operation: Operation; turn: number } | undefined;
    for (const [index, { asking }] of this.#waiting.entries()) {
      for (const operation of asking.operations) {
        const turn = this.#turnOf(operation);
        if (best === undefined || turn < best.turn) best = { index, operation, turn };
      }
    }
    if (best === undefined) return this.#waiting.shift()?.run;
    this.#turns.set(best.operation, ++this.#clock);
    return this.#waiting.splice(best.index, 1)[0]?.run;
  }

  /** The calls that have their turn before a new one of `asking` would: its own operations' and, of each other one's, one a round. */
  filter({ asking }: Readonly<Partial<TurnOptions>>): Run[] {
    if (asking === undefined) return this.#waiting.map(({ run }) => run);
    const isOwn = (waiting: Waiting): boolean =>
      [...waiting.asking.operations].some((one) => asking.operations.has(one));
    const rounds = this.#waiting.filter(isOwn).length + 1;
    const served = new Map<Operation, number>();
    return this.#waiting
      .filter((waiting) => {
        if (isOwn(waiting)) return true;
        const [operation] = waiting.asking.operations;
        if (operation === undefined) return true;
        const round = (served.get(operation) ?? 0) + 1;
        served.set(operation, round);
        return round <= rounds;
      })
      .map(({ run }) => run);
  }

  remove(id: string): void {
    const index = this.#waiting.findIndex((waiting) => waiting.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** p-queue asks for it; turns are the only order here. */
  setPriority(): void {
    throw new TypeError('Calls have turns, not priorities.');
  }

  #turnOf(operation: Operation): number {
    const known = this.#turns.get(operation);
    if (known !== undefined) return known;
    this.#turns.set(operation, ++this.#clock);
    return this.#clock;
  }
}
