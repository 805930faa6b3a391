import type { Question } from './book.js';
import type { FaultName } from './faults.js';

/** What became of a request. `hung up`: the caller closed the connection before the whole answer was sent. */
export type Outcome =
  | 'pending'
  | 'match'
  | 'no match'
  | 'custom answer'
  | 'information'
  | 'hung up'
  | 'refused: maintenance'
  | 'refused: no token'
  | 'refused: unknown token'
  | 'refused: quota'
  | 'refused: simultaneous'
  | 'refused: unknown api'
  | 'refused: parameters'
  | 'refused: unknown fault'
  | `fault: ${FaultName}`;

/** A request as the simulator saw it. */
export interface SeenRequest {
  /** `campaign` or `information`, the page that was asked. */
  readonly page: string;
  readonly method: string;
  readonly api: string;
  /** Criteria as they came; blank where not given. */
  readonly lookup: Question;
  /** Epoch milliseconds, with fractions. */
  readonly receivedAt: number;
  /** When the answer was sent whole, or the connection closed; null while in flight. */
  readonly endedAt: number | null;
  readonly outcome: Outcome;
  /** Null where no status line was sent. */
  readonly status: number | null;
}

export interface Witness {
  /** Requests for `find_record` that passed every check, a fault or not. The oldest are dropped beyond 50,000, as in all lists. */
  readonly calls: readonly SeenRequest[];
  /** Requests that cost one of the day's calls. */
  readonly attempts: readonly SeenRequest[];
  /** Everything that asked one of the API's pages, refusals too. */
  readonly requests: readonly SeenRequest[];
  /** How many there were, dropped ones too. */
  readonly counts: { readonly calls: number; readonly attempts: number; readonly requests: number };
  /** The most requests of one token that were in flight at once, a refused third one too. */
  readonly mostAtOnce: number;
  readonly inFlight: number;
  /** Requests refused because the token had its simultaneous ones in flight; a fault that only plays it does not count. */
  readonly refusedThird: number;
  /** Requests refused because the day's calls were used up; a fault that only plays it does not count. */
  readonly refusedQuota: number;
  /** Forgets everything but what is in flight. */
  reset(): void;
}

/** A request under way, as the server follows it. */
export interface Track {
  attempt(): void;
  call(): void;
  refusedThird(): void;
  refusedQuota(): void;
  outcome(outcome: Outcome, status: number | null): void;
  /** The last word; further calls do nothing. */
  end(wasSent: boolean): void;
}

export interface WitnessBook {
  readonly witness: Witness;
  begin(seen: Pick<SeenRequest, 'page' | 'method' | 'api' | 'lookup'>, token: string): Track;
}

const KEPT = 50_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Kind = 'calls' | 'attempts' | 'requests';

export function createWitness(): WitnessBook {
  const lists: Record<Kind, SeenRequest[]> = { calls: [], attempts: [], requests: [] };
  const counts: Record<Kind, number> = { calls: 0, attempts: 0, requests: 0 };
  const flying = new Map<string, number>();
  let [mostAtOnce, refusedThird, refusedQuota] = [0, 0, 0];

  function note(kind: Kind, seen: SeenRequest): void {
    counts[kind] += 1;
    lists[kind].push(seen);
    // Dropped by the thousand: shifting one by one costs time on a long list.
    if (lists[kind].length > KEPT + 1_000) lists[kind].splice(0, 1_000);
  }

  const witness: Witness = {
    get calls() {
      return lists.calls;
    },
    get attempts() {
      return lists.attempts;
    },
    get requests() {
      return lists.requests;
    },
    get counts() {
      return { ...counts };
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    get inFlight() {
      return [...flying.values()].reduce((sum, count) => sum + count, 0);
    },
    get refusedThird() {
      return refusedThird;
    },
    get refusedQuota() {
      return refusedQuota;
    },
    reset() {
      for (const kind of ['calls', 'attempts', 'requests'] as const) {
        lists[kind] = [];
        counts[kind] = 0;
      }
      mostAtOnce = Math.max(0, ...flying.values());
      refusedThird = 0;
      refusedQuota = 0;
    },
  };

  return {
    witness,
    begin(asked, token) {
      const seen: Mutable<SeenRequest> = {
        ...asked,
        receivedAt: epochNow(),
        endedAt: null,
        outcome: 'pending',
        status: null,
      };
      note('requests', seen);
      const atOnce = (flying.get(token) ?? 0) + 1;
      flying.set(token, atOnce);
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      return {
        attempt: () => note('attempts', seen),
        call: () => note('calls', seen),
        refusedThird() {
          refusedThird += 1;
        },
        refusedQuota() {
          refusedQuota += 1;
        },
        outcome(outcome, status) {
          seen.outcome = outcome;
          seen.status = status;
        },
        end(wasSent) {
          if (seen.endedAt !== null) return;
          seen.endedAt = epochNow();
          if (!wasSent && !seen.outcome.startsWith('fault: ')) seen.outcome = 'hung up';
          const left = (flying.get(token) ?? 1) - 1;
          if (left === 0) flying.delete(token);
          else flying.set(token, left);
        },
      };
    },
  };
}

function epochNow(): number {
  return performance.timeOrigin + performance.now();
}
