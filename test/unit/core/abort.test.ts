import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { abortable, delay, followAbort, whenAborted } from '../../../src/core/abort.js';

const reason = new Error('the reason');

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
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { controller } = followAbort(AbortSignal.timeout(60));
    const collecting = setInterval(collect, 5);
    onTestFinished(() => clearInterval(collecting));
    await expect.poll(() => controller.signal.aborted, { interval: 10, timeout: 30_000 }).toBe(true);
    expect(controller.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('The abortion of a signal', () => {
  it('is one promise with one listener, and resolves when the signal aborts', async () => {
    const source = new AbortController();
    let aborted = 0;
    const waits = Array.from({ length: 3 }, () => whenAborted(source.signal).then(() => (aborted += 1)));
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(1);
    await Promise.resolve();
    expect(aborted).toBe(0);
    source.abort(reason);
    await Promise.all(waits);
    expect(aborted).toBe(3);
  });

  it('resolves at once for a signal that has aborted', async () => {
    await expect(whenAborted(AbortSignal.abort(reason))).resolves.toBeUndefined();
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
