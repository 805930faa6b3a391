import type { Lookup } from './store.js';

/** How a request ended. `hung up`: the caller closed the connection before the whole response was sent. */
export type Outcome = Result | 'pending' | 'hung up' | `refused: ${string}` | `fault: ${string}`;
type Result = 'match' | 'no match' | 'information' | 'custom response';

/** A request as the simulator received it, and how it ended. */
export interface LoggedRequest {
  /** `campaign` or `information`: the page of the URL. */
  readonly page: string;
  readonly method: string;
  readonly api: string;
  /** The criteria as sent. */
  readonly lookup: Lookup;
  /** Epoch milliseconds, with fractions. */
  readonly receivedAt: number;
  /** When the whole response was sent or the connection closed; null while in flight. */
  endedAt: number | null;
  outcome: Outcome;
  /** Null until a status line is sent. */
  status: number | null;
}

/** What the simulator received. The server writes the fields, tests read them. Each list keeps the latest 50,000. */
export class RequestLog {
  /** `find_record` requests that passed every check, with or without a fault. */
  calls: LoggedRequest[] = [];
  /** Requests of `information.php` that passed every check, with or without a fault. */
  information: LoggedRequest[] = [];
  /** Requests that used one of the day's calls. */
  attempts: LoggedRequest[] = [];
  /** Every request to a page of the API, refused ones included. */
  requests: LoggedRequest[] = [];
  /** How many there were, dropped ones included. */
  counts = { calls: 0, information: 0, attempts: 0, requests: 0 };
  /** The most requests of one token that were in flight at once, a refused third one included. */
  mostAtOnce = 0;
  inFlight = 0;
  /** Refused requests: too many at once, the day's calls used up. Faults that imitate a refusal do not count. */
  refusedThird = 0;
  refusedQuota = 0;
  readonly #inFlightByToken = new Map<string, number>();

  begin(sent: Pick<LoggedRequest, 'page' | 'method' | 'api' | 'lookup'>, token: string): LoggedRequest {
    const receivedAt = performance.timeOrigin + performance.now();
    const entry: LoggedRequest = { ...sent, receivedAt, endedAt: null, outcome: 'pending', status: null };
    this.add('requests', entry);
    const atOnce = (this.#inFlightByToken.get(token) ?? 0) + 1;
    this.#inFlightByToken.set(token, atOnce);
    this.inFlight += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, atOnce);
    return entry;
  }

  add(list: 'calls' | 'information' | 'attempts' | 'requests', entry: LoggedRequest): void {
    this.counts[list] += 1;
    this[list].push(entry);
    // Removing many at once is cheaper than shifting a long list at every request.
    if (this[list].length > 51_000) this[list].splice(0, 1_000);
  }

  end(entry: LoggedRequest, token: string, wasSent: boolean): void {
    entry.endedAt = performance.timeOrigin + performance.now();
    if (!wasSent && !entry.outcome.startsWith('fault: ')) entry.outcome = 'hung up';
    this.#inFlightByToken.set(token, (this.#inFlightByToken.get(token) ?? 1) - 1);
    this.inFlight -= 1;
  }

  /** Forgets everything except what is in flight. */
  reset(): void {
    [this.calls, this.information, this.attempts, this.requests] = [[], [], [], []];
    this.counts = { calls: 0, information: 0, attempts: 0, requests: 0 };
    [this.refusedThird, this.refusedQuota] = [0, 0];
    this.mostAtOnce = Math.max(0, ...this.#inFlightByToken.values());
  }
}
