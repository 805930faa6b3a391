/** A controller that aborts with another signal, until `unfollow`. */
export interface FollowingController {
  readonly controller: AbortController;
  /** Stops following. To be called when the work is done, so that no listener is left behind. */
  readonly unfollow: () => void;
}

/**
 * Follows a signal by hand. `AbortSignal.any` holds its sources only weakly, so a signal that nothing else refers to
 * may be collected before it aborts (nodejs/node issue 54614).
 */
export function followAbort(signal: AbortSignal): FollowingController {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { controller, unfollow: () => signal.removeEventListener('abort', abort) };
}

/**
 * Calls a function when a signal aborts, or at once if it has aborted. The signal has one listener for all functions:
 * to add or remove a listener takes longer for each one that it has, and an operation may have thousands of waits.
 *
 * @param callback a function of its own for each call of `onAbort`. It must not throw
 * @returns a function that cancels this, so that the signal does not hold what the callback refers to
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const callbacks = callbacksOf(signal);
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

const callbackSets = new WeakMap<AbortSignal, Set<() => void>>();

function callbacksOf(signal: AbortSignal): Set<() => void> {
  const known = callbackSets.get(signal);
  if (known !== undefined) return known;
  const callbacks = new Set<() => void>();
  callbackSets.set(signal, callbacks);
  signal.addEventListener('abort', () => callbacks.forEach((callback) => callback()), { once: true });
  return callbacks;
}

/** Resolves after `ms`. Rejects with the signal's reason as soon as it aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Settles as the promise does, or rejects with the signal's reason as soon as it aborts. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
