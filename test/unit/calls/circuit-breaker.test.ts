import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServiceEvent } from '../../../src/records/events.js';
import { LookupFailure } from '../../../src/records/failure.js';
import { createBreaker, type Breaker } from '../../../src/wolkvox/breaker.js';
import { WolkvoxFailure, type WolkvoxFailureKind } from '../../../src/wolkvox/failure.js';

describe('The circuit breaker', () => {
  let breaker: Breaker;
  let events: ServiceEvent[];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    events = [];
    breaker = createBreaker({ observe: (event) => events.push(event), now: Date.now });
  });
  afterEach(() => void vi.useRealTimers());

  const fail = (kind: WolkvoxFailureKind): Promise<unknown> =>
    breaker.run(() => Promise.reject(new WolkvoxFailure(kind))).catch((error: unknown) => error);
  const open = async (): Promise<void> => {
    for (let count = 0; count < 5; count += 1) await fail('server');
    expect(breaker.state).toBe('open');
  };
  const refusal = (): LookupFailure | undefined => {
    try {
      breaker.check();
      return undefined;
    } catch (error) {
      if (error instanceof LookupFailure) return error;
      throw error;
    }
  };

  it.each<WolkvoxFailureKind>(['maintenance', 'server', 'timeout', 'connection'])(
    'opens on five of %s',
    async (kind) => {
      for (let count = 0; count < 4; count += 1) await fail(kind);
      expect(breaker.state).toBe('closed');
      await fail(kind);
      expect(breaker.state).toBe('open');
      expect(refusal()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 5 });
    },
  );

  it.each<WolkvoxFailureKind>(['simultaneous', 'throttled', 'quota', 'request', 'malformed', 'too-large'])(
    'stays closed whatever there is of %s',
    async (kind) => {
      for (let count = 0; count < 20; count += 1) await fail(kind);
      expect(breaker.state).toBe('closed');
      expect(refusal()).toBeUndefined();
    },
  );

  it('probes after 5 s, and after twice as long each time that fails, up to a minute', async () => {
    await open();
    for (const seconds of [5, 10, 20, 40, 60, 60]) {
      expect(refusal()?.retryAfterSeconds).toBe(seconds);
      vi.advanceTimersByTime(seconds * 1000 - 1);
      expect(refusal()).toBeDefined();
      vi.advanceTimersByTime(1);
      expect(refusal()).toBeUndefined();
      await fail('connection');
      expect(breaker.state).toBe('open');
    }
  });

  it('opens at once on a refused token, and leaves it a minute', async () => {
    await fail('token');
    expect(refusal()).toMatchObject({ message: expect.stringContaining('token') as string, retryAfterSeconds: 60 });
  });

  it('closes on a probe that is answered, or refused for what is no sickness', async () => {
    for (const answer of [Promise.resolve('records'), Promise.reject(new WolkvoxFailure('simultaneous'))]) {
      await open();
      vi.advanceTimersByTime(5_000);
      await breaker.run(() => answer).catch(() => undefined);
      expect(breaker.state).toBe('closed');
      await breaker.run(() => Promise.resolve());
    }
  });

  it('learns nothing from a probe that was never sent', async () => {
    await open();
    vi.advanceTimersByTime(5_000);
    const unsent = new LookupFailure('UPSTREAM_QUOTA_EXHAUSTED', 'used up');
    await expect(breaker.run(() => Promise.reject(unsent))).rejects.toBe(unsent);
    expect(breaker.state).toBe('open');
  });

  it('refuses everybody else while a probe is under way', async () => {
    await open();
    vi.advanceTimersByTime(5_000);
    let answer: (text: string) => void = () => undefined;
    const probe = breaker.run(() => new Promise<string>((resolve) => (answer = resolve)));
    expect(breaker.state).toBe('half-open');
    expect(refusal()?.code).toBe('UPSTREAM_UNAVAILABLE');
    const call = vi.fn(() => Promise.resolve());
    await expect(breaker.run(call)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(call).not.toHaveBeenCalled();
    answer('records');
    await expect(probe).resolves.toBe('records');
    expect(events.filter(({ event }) => event === 'circuit').map((event) => 'state' in event && event.state)).toEqual([
      'open',
      'half-open',
      'closed',
    ]);
  });
});
