import { followAbort } from '../core/abort.js';
import type { CallLayer, Reply } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, toRetryAfterSeconds, type FailureKind } from '../core/failure.js';

/** The circuit opens after this many failures with no success between them. */
const FAILURES_TO_OPEN = 5;

/** How long an open circuit waits before it sends a probe, in milliseconds. */
export interface ProbeDelays {
  /** Before the first probe. Doubled after each probe that fails, because every probe costs one of the day's calls. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** After a refused token, which nobody corrects within seconds. */
  readonly tokenMs: number;
}
const PROBE_DELAYS: ProbeDelays = { firstMs: 5_000, maxMs: 60_000, tokenMs: 60_000 };

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly probeDelays?: ProbeDelays | undefined;
}

export interface CircuitBreaker {
  readonly layer: CallLayer;
  state(): 'closed' | 'open' | 'half-open';
  /** Cancels the calls that wait, and refuses all others. A call that is sent goes on. */
  stop(): void;
}

/** Times are on the monotonic clock, in milliseconds. A state that is replaced is never used again. */
type State =
  | { readonly kind: 'closed'; failuresInARow: number }
  | {
      /** `half-open`: a probe was sent and has no result yet. */
      readonly kind: 'open' | 'half-open';
      /** Counts how often the circuit opened. A probe can close it only in the opening in which it was sent. */
      readonly opening: number;
      readonly delayMs: number;
      /** When the next probe may be sent. */
      readonly probeAt: number;
      readonly reason: FailureKind;
    };

/**
 * Sends no calls while Wolkvox is down or refuses the token, and one probe at a time until it works again.
 *
 * Only results of calls that this replica sends count. While the circuit is closed they are those of the calls since
 * it closed. Then only probes count: the first one that succeeds closes the circuit, and the newest one that fails
 * doubles the delay. A probe without a result does not block the next one, which then comes after twice the delay. When
 * the circuit opens, the calls that still wait in the queue are cancelled.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, observe, probeDelays = PROBE_DELAYS } = options;
  const pending = new Set<AbortController>();
  let openings = 0;
  let isStopped = false;
  let state: State = { kind: 'closed', failuresInARow: 0 };

  return {
    layer: (next) => ({
      find: (request, callOptions) =>
        run(callOptions.signal, (signal) => next.find(request, { ...callOptions, signal })),
    }),
    state: () => state.kind,
    stop() {
      isStopped = true;
      for (const controller of pending) controller.abort(new LookupFailure('abandoned'));
    },
  };

  async function run<Result extends Reply>(
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const entered = enter();
    const { controller, unfollow } = followAbort(signal);
    pending.add(controller);
    try {
      const result = await call(controller.signal);
      if (result.source === 'wolkvox') onSuccess(entered);
      else onNoCall(entered);
      return result;
    } catch (error) {
      onFailure(entered, error);
      throw error;
    } finally {
      pending.delete(controller);
      unfollow();
    }
  }

  /** @returns the state that the result of the call belongs to */
  function enter(): State {
    if (isStopped) throw new LookupFailure('abandoned');
    if (state.kind === 'closed') return state;
    const now = clock.monotonicMs();
    if (now < state.probeAt) throw circuitOpen(state, now);
    const delayMs = state.kind === 'half-open' ? nextDelayMs(state.reason, state.delayMs) : state.delayMs;
    state = { ...state, kind: 'half-open', delayMs, probeAt: now + delayMs };
    observe({ event: 'circuit.probing' });
    return state;
  }

  function onSuccess(entered: State): void {
    if (state.kind === 'closed') {
      if (entered === state) state.failuresInARow = 0;
      return;
    }
    if (entered.kind !== 'half-open' || entered.opening !== state.opening) return;
    state = { kind: 'closed', failuresInARow: 0 };
    observe({ event: 'circuit.closed' });
  }

  /** If the call was a probe, it did not reach Wolkvox, so the next lookup may be the probe. */
  function onNoCall(entered: State): void {
    if (entered !== state || state.kind !== 'half-open') return;
    state = { ...state, kind: 'open', probeAt: clock.monotonicMs() };
  }

  function onFailure(entered: State, error: unknown): void {
    if (!(error instanceof LookupFailure)) return;
    const circuit = error.isShared ? 'ignore' : error.policy.circuit;
    if (circuit === 'success') {
      onSuccess(entered);
      return;
    }
    if (circuit === 'ignore') {
      onNoCall(entered);
      return;
    }
    if (entered !== state) return;
    switch (circuit) {
      case 'failure':
        if (state.kind === 'closed') {
          state.failuresInARow += 1;
          if (state.failuresInARow < FAILURES_TO_OPEN) return;
        }
        open(error.kind);
        return;
      case 'open':
        open(error.kind);
    }
  }

  function open(reason: FailureKind): void {
    if (state.kind === 'closed') openings += 1;
    const delayMs = nextDelayMs(reason, state.kind === 'closed' ? 0 : state.delayMs);
    const probeAt = clock.monotonicMs() + delayMs;
    const opened = { kind: 'open', opening: openings, delayMs, probeAt, reason } as const;
    state = opened;
    observe({ event: 'circuit.opened', reason, ms: delayMs });
    for (const controller of pending) controller.abort(circuitOpen(opened, clock.monotonicMs()));
  }

  function nextDelayMs(reason: FailureKind, lastMs: number): number {
    if (reason === 'token') return probeDelays.tokenMs;
    return Math.min(probeDelays.maxMs, Math.max(probeDelays.firstMs, 2 * lastMs));
  }
}

function circuitOpen(state: Exclude<State, { kind: 'closed' }>, now: number): LookupFailure {
  const message =
    state.reason === 'token'
      ? 'Wolkvox does not accept the token of this service, so no calls are sent for a while. ' +
        'Its operator must check WOLKVOX_TOKEN.'
      : undefined;
  return new LookupFailure('circuit-open', { message, retryAfterSeconds: toRetryAfterSeconds(state.probeAt - now) });
}
