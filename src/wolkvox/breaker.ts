import { BrokenCircuitError, CircuitState, circuitBreaker, handleWhen } from 'cockatiel';
import type { IBackoff, IBackoffFactory, IBreaker } from 'cockatiel';
import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import { WolkvoxFailure } from './failure.js';

/** So many failures in a row, with no success between, and Wolkvox is taken to be down. */
const FAILURES_IN_A_ROW = 5;
/** Until the first probe; doubled after each that fails, since every probe costs one of the day's calls. */
const FIRST_PROBE_MS = 5_000;
const LAST_PROBE_MS = 60_000;
/** A refused token is not mended within seconds. */
const TOKEN_PROBE_MS = 60_000;

/** The kinds of failure that tell of Wolkvox's health. "Nobody", a full quota or a bad question do not. */
const SICK: ReadonlySet<string> = new Set(['maintenance', 'server', 'timeout', 'connection', 'token']);

export interface Breaker {
  /**
   * Refuses at once where the circuit is open.
   * @throws LookupFailure UPSTREAM_UNAVAILABLE, with the seconds to the next probe
   */
  check(): void;
  /** Runs a call and takes note of how it ends. One probe at a time while half open. */
  run<T>(call: () => Promise<T>): Promise<T>;
  readonly state: 'closed' | 'open' | 'half-open';
}

/** Stops asking while Wolkvox is down or refuses the token, and asks again with one probe after a while. */
export function createBreaker(options: { readonly observe: Observe; readonly now: () => number }): Breaker {
  const { observe, now } = options;
  let nextProbeAt = 0;
  let refusedToken = false;

  const probes: IBackoffFactory<{ attempt: number }> = {
    next({ attempt }): IBackoff<{ attempt: number }> {
      const duration = refusedToken ? TOKEN_PROBE_MS : Math.min(LAST_PROBE_MS, FIRST_PROBE_MS * 2 ** (attempt - 1));
      nextProbeAt = now() + duration;
      return { duration, next: (context) => probes.next(context) };
    },
  };
  const health = new Health(() => refusedToken);
  const policy = circuitBreaker(
    handleWhen((error) => {
      if (!(error instanceof WolkvoxFailure)) return false;
      refusedToken = error.kind === 'token';
      return SICK.has(error.kind);
    }),
    { breaker: health, halfOpenAfter: probes },
  );
  policy.onStateChange((state) => {
    observe({ event: 'circuit', state: nameOf(state), because: refusedToken ? 'token refused' : 'failures in a row' });
  });

  return {
    check() {
      if (policy.state === CircuitState.Open && now() < nextProbeAt) throw openCircuit();
    },
    async run(call) {
      try {
        return await policy.execute(call);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? openCircuit() : error;
      }
    },
    get state() {
      return nameOf(policy.state);
    },
  };

  function openCircuit(): LookupFailure {
    observe({ event: 'refused', code: 'UPSTREAM_UNAVAILABLE', why: 'circuit-open' });
    const why = refusedToken
      ? 'Wolkvox refuses the token of this service'
      : 'Wolkvox has failed several times in a row';
    return new LookupFailure('UPSTREAM_UNAVAILABLE', `${why}; it is not asked for a while.`, {
      retryAfterSeconds: Math.max(1, Math.ceil((nextProbeAt - now()) / 1000)),
    });
  }
}

/** Opens on failures in a row, on a refused token at once, and on a probe that fails. */
class Health implements IBreaker {
  state = 0;
  readonly #isRefused: () => boolean;

  constructor(isRefused: () => boolean) {
    this.#isRefused = isRefused;
  }

  success(): void {
    this.state = 0;
  }

  failure(circuit: CircuitState): boolean {
    this.state += 1;
    return circuit === CircuitState.HalfOpen || this.state >= FAILURES_IN_A_ROW || this.#isRefused();
  }
}

function nameOf(state: CircuitState): Breaker['state'] {
  switch (state) {
    case CircuitState.Closed:
      return 'closed';
    case CircuitState.HalfOpen:
      return 'half-open';
    case CircuitState.Open:
    case CircuitState.Isolated:
      return 'open';
  }
}
