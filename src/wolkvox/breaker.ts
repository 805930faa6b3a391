import { BrokenCircuitError, CircuitState, circuitBreaker, handleWhen } from 'cockatiel';
import type { IBackoff, IBackoffFactory, IBreaker } from 'cockatiel';
import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import { WolkvoxFailure, type WolkvoxFailureKind } from './failure.js';

/** So many failures in a row, with no success between, and Wolkvox is taken to be down. */
const FAILURES_IN_A_ROW = 5;

/** When an open circuit lets a probe through, milliseconds. */
export interface ProbeDelays {
  /** Until the first probe; doubled after each that fails, since every probe costs one of the day's calls. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** After a refused token, which is not mended within seconds. */
  readonly tokenMs: number;
}
const PROBE_DELAYS: ProbeDelays = { firstMs: 5_000, lastMs: 60_000, tokenMs: 60_000 };

/** The kinds of failure that tell of Wolkvox's health. "Nobody", a full quota or a bad question do not. */
const SICK: ReadonlySet<WolkvoxFailureKind> = new Set(['maintenance', 'server', 'timeout', 'connection', 'token']);

export interface BreakerOptions {
  readonly observe: Observe;
  /** On the clock of `Date.now`, which the probes follow too. */
  readonly now: () => number;
  readonly probes?: ProbeDelays | undefined;
}

export interface Breaker {
  /**
   * Refuses at once where the circuit is open, or a probe is under way.
   * @throws LookupFailure UPSTREAM_UNAVAILABLE, with the seconds to the next probe
   */
  check(): void;
  /**
   * Runs a call and takes note of how it ends. While the circuit is open it runs one probe when the time has come, and nothing beside
   * it: whoever comes meanwhile is refused, so that a probe without an end holds nobody up.
   */
  run<T>(call: () => Promise<T>): Promise<T>;
  readonly state: 'closed' | 'open' | 'half-open';
}

/** Stops asking while Wolkvox is down or refuses the token, and asks again with one probe after a while. */
export function createBreaker({ observe, now, probes = PROBE_DELAYS }: BreakerOptions): Breaker {
  let nextProbeAt = 0;
  let refusedToken = false;

  const backoff: IBackoffFactory<{ attempt: number }> = {
    next({ attempt }): IBackoff<{ attempt: number }> {
      const duration = refusedToken ? probes.tokenMs : Math.min(probes.lastMs, probes.firstMs * 2 ** (attempt - 1));
      nextProbeAt = now() + duration;
      return { duration, next: (context) => backoff.next(context) };
    },
  };
  const health = new Health(() => refusedToken);
  const policy = circuitBreaker(handleWhen(tellsOfSickness), {
    breaker: health,
    halfOpenAfter: backoff,
  });
  // A probe that failed for a reason of its own proves Wolkvox well too, but cockatiel does not count it as a success.
  policy.onReset(() => health.success());
  policy.onStateChange((state) => {
    observe({ event: 'circuit', state: nameOf(state), because: refusedToken ? 'token refused' : 'failures in a row' });
  });

  return {
    check() {
      if (isProbing() || (policy.state === CircuitState.Open && now() < nextProbeAt)) throw openCircuit();
      // This one goes to probe. The next may try where it never gets there; nobody else stands in the queue behind a probe.
      if (policy.state === CircuitState.Open) nextProbeAt = now() + probes.firstMs;
    },
    async run(call) {
      if (isProbing()) throw openCircuit();
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

  function isProbing(): boolean {
    return policy.state === CircuitState.HalfOpen;
  }

  function tellsOfSickness(error: Error): boolean {
    // Wolkvox was not asked: as a probe that proves nothing, and otherwise it is of no account.
    if (!(error instanceof WolkvoxFailure)) return isProbing();
    refusedToken = error.kind === 'token';
    return SICK.has(error.kind);
  }

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
