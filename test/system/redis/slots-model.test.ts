import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slot } from '../../../src/core/limits.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { openRedis, type OpenedRedis } from '../../support/shared-redis.js';

const CLIENTS = 3;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

type Step =
  | { readonly act: 'acquire' | 'release' | 'leave'; readonly client: number }
  | { readonly act: 'drop connections' | 'flush' | 'wait' };

const client = fc.nat({ max: CLIENTS - 1 });
const step = (...rare: ('drop connections' | 'flush')[]): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ act: fc.constant('acquire' as const), client }) },
    { weight: 9, arbitrary: fc.record({ act: fc.constant('release' as const), client }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('leave' as const), client }) },
    { weight: 9, arbitrary: fc.constant({ act: 'wait' as const }) },
    ...rare.map((act) => ({ weight: 1, arbitrary: fc.constant({ act }) })),
  );

/** Drives the real slots of three replicas and notes who holds one at each moment. */
class Model {
  readonly #clients: readonly OpenedRedis[];
  readonly #held: Set<Slot>[];
  readonly #waiting: Set<AbortController>[];
  most = 0;
  acquired = 0;

  constructor(clients: readonly OpenedRedis[]) {
    this.#clients = clients;
    this.#held = clients.map(() => new Set());
    this.#waiting = clients.map(() => new Set());
  }

  /** Slots whose holders may go on with their calls. */
  held(): number {
    return this.#held.reduce((sum, slots) => sum + [...slots].filter(({ lost }) => !lost.aborted).length, 0);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#do(one);
  }

  async #do(one: Step): Promise<void> {
    switch (one.act) {
      case 'acquire':
        void this.#acquire(one.client);
        return;
      case 'release':
        for (const slot of [...(this.#held[one.client] ?? [])].slice(0, 1)) await this.#release(one.client, slot);
        return;
      case 'leave':
        for (const waiter of [...(this.#waiting[one.client] ?? [])].slice(0, 1)) waiter.abort(new Error('left'));
        return;
      case 'drop connections':
        await redis.command('CLIENT', 'KILL', 'SKIPME', 'yes');
        return;
      case 'flush':
        await redis.command('FLUSHALL');
        return;
      case 'wait':
        await sleep(15);
    }
  }

  async #acquire(index: number): Promise<void> {
    const leaving = new AbortController();
    this.#waiting[index]?.add(leaving);
    try {
      const slot = await this.#clients[index]?.shared.slots.acquire(Infinity, leaving.signal);
      if (slot === undefined) return;
      this.#held[index]?.add(slot);
      this.acquired += 1;
      this.most = Math.max(this.most, this.held());
    } catch (error) {
      if (error instanceof LookupFailure ? error.kind !== 'redis-down' : !leaving.signal.aborted) throw error;
    } finally {
      this.#waiting[index]?.delete(leaving);
    }
  }

  async #release(index: number, slot: Slot): Promise<void> {
    this.#held[index]?.delete(slot);
    await slot.release();
  }

  /** Releases everything; afterwards both slots must be free. */
  async end(): Promise<void> {
    for (const waiters of this.#waiting) for (const waiter of waiters) waiter.abort(new Error('left'));
    for (const [index, slots] of this.#held.entries()) for (const slot of slots) await this.#release(index, slot);
    const { slots } = this.#clients[0]?.shared ?? {};
    for (const slot of [await acquireSoon(slots), await acquireSoon(slots)]) await slot.release();
    await until(() => this.#clients.every(({ shared }) => shared.state().connection === 'up'));
    expect(this.#clients.map(({ shared }) => shared.state().slotsHeld)).toEqual(this.#clients.map(() => 0));
    await until(async () => ((await redis.command('KEYS', '*:slot:*')) as string[]).length === 0);
  }
}

/** A slot within 3 s, although the connection may be about to drop. */
async function acquireSoon(slots: OpenedRedis['shared']['slots'] | undefined): Promise<Slot> {
  if (slots === undefined) throw new Error('There is no client.');
  const signal = AbortSignal.timeout(3_000);
  for (;;) {
    try {
      return await slots.acquire(Infinity, signal);
    } catch (error) {
      if (!(error instanceof LookupFailure)) throw error;
      await sleep(50);
    }
  }
}

describe('a model of the slots', () => {
  it('never has three holders, and never keeps a slot that nobody holds, also when connections drop', async () => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openRedis(redis.url)));
    let acquired = 0;
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step('drop connections'), { minLength: 100, maxLength: 140 }), async (steps) => {
        const model = new Model(clients);
        await model.run(steps);
        await model.end();
        expect(model.most).toBeLessThanOrEqual(2);
        acquired += model.acquired;
        most = Math.max(most, model.most);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect(acquired).toBeGreaterThan(15);
    expect(most).toBe(2);
    expect(clients.some(({ events }) => events.some(({ event }) => event === 'redis.down'))).toBe(true);
  });

  it('has two holders again soon after Redis has lost its data', async () => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openRedis(redis.url)));
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step('flush'), { minLength: 100, maxLength: 140 }), async (steps) => {
        const model = new Model(clients);
        await model.run([...steps, { act: 'flush' }, { act: 'acquire', client: 0 }, { act: 'acquire', client: 1 }]);
        // A holder whose slot was given to another one finds out by its next renewal.
        await sleep(2_500);
        await expect.poll(() => model.held(), { timeout: 20_000 }).toBeLessThanOrEqual(2);
        lost += clients.reduce((sum, { shared }) => sum + shared.state().leasesLost, 0);
        await model.end();
      }),
      { numRuns: 3, endOnFailure: true },
    );
    expect(lost).toBeGreaterThan(0);
  });
});
