import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { abortable, delay, followAbort, onAbort } from '../../../src/core/abort.js';

const reason = new Error('the reason');
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('A following controller', () => {
  it('aborts with the reason of the signal that it follows', () => {
    const source = new AbortController();
    const { controller } = followAbort(source.signal);
    expect(controller.signal.aborted).toBe(false);
    source.abort(reason);
    expect(controller.signal.reason).toBe(reason);
    expect(followAbort(source.signal).controller.signal.reason).toBe(reason);
  });

  it('can abort by itself, which does not abort the signal that it follows', () => {
    const source = new AbortController();
    const { controller } = followAbort(source.signal);
    controller.abort(reason);
    expect(source.signal.aborted).toBe(false);
  });

  it('follows no longer after unfollow, and leaves no listener', () => {
    const source = new AbortController();
    const { controller, unfollow } = followAbort(source.signal);
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(1);
    unfollow();
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
    source.abort(reason);
    expect(controller.signal.aborted).toBe(false);
  });

  it('follows although memory is collected and nothing else refers to the signal', async () => {
    const { controller } = followAbort(AbortSignal.timeout(60));
    const collecting = setInterval(collectGarbage, 5);
    onTestFinished(() => clearInterval(collecting));
    await expect.poll(() => controller.signal.aborted, { interval: 10, timeout: 30_000 }).toBe(true);
    expect(controller.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('A callback for an abort', () => {
  it('is called once when the signal aborts, and all callbacks share one listener', () => {
    const source = new AbortController();
    const called: number[] = [];
    for (const index of [0, 1, 2]) onAbort(source.signal, () => void called.push(index));
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(1);
    expect(called).toEqual([]);
    source.abort(reason);
    expect(called).toEqual([0, 1, 2]);
  });

  it('is called at once for a signal that has aborted', () => {
    const callback = vi.fn();
    onAbort(AbortSignal.abort(reason), callback)();
    expect(callback).toHaveBeenCalledOnce();
  });

  it('is not called after it is cancelled', () => {
    const source = new AbortController();
    const [cancelled, other] = [vi.fn(), vi.fn()];
    const cancel = onAbort(source.signal, cancelled);
    onAbort(source.signal, other);
    cancel();
    source.abort(reason);
    expect(cancelled).not.toHaveBeenCalled();
    expect(other).toHaveBeenCalledOnce();
  });

  it('is not held by the signal after it is cancelled', async () => {
    const source = new AbortController();
    const wait = (isCancelled: boolean): WeakRef<object> => {
      const object = {};
      const cancel = onAbort(source.signal, () => expect(object).toBeDefined());
      if (isCancelled) cancel();
      return new WeakRef(object);
    };
    const [cancelled, pending] = [wait(true), wait(false)];
    const isCollected = (object: WeakRef<object>): boolean => {
      collectGarbage();
      return object.deref() === undefined;
    };
    await expect.poll(() => isCollected(cancelled), { interval: 10, timeout: 30_000 }).toBe(true);
    expect(isCollected(pending)).toBe(false);
    source.abort(reason);
  });
});

describe('A delay', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  it('resolves after its time, and leaves no listener', async () => {
    const { signal } = new AbortController();
    let isOver = false;
    const delayed = delay(1_000, signal).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await delayed;
    expect(isOver).toBe(true);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rejects with the reason of its signal at once, and leaves no timer', async () => {
    const controller = new AbortController();
    const delayed = delay(1_000, controller.signal);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(reason);
    await expect(delayed).rejects.toBe(reason);
    await expect(delay(1_000, controller.signal)).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('An abortable promise', () => {
  it('settles as the promise does, and leaves no listener', async () => {
    const { signal } = new AbortController();
    await expect(abortable(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(abortable(Promise.reject(reason), signal)).rejects.toBe(reason);
    await expect.poll(() => getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rejects with the reason of its signal at once', async () => {
    const controller = new AbortController();
    const pending = new Promise(() => undefined);
    const waiting = abortable(pending, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(abortable(pending, controller.signal)).rejects.toBe(reason);
  });
});
