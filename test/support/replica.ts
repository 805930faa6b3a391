/**
 * One replica as a process of its own, told what to do by messages of its parent. Its calls go to the parent's witness, which counts
 * how many there are at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LookupFailure } from '../../src/records/failure.js';
import type { Lookup } from '../../src/records/lookup.js';
import { askingOf } from '../../src/records/source.js';
import type { Answer, RecordSource } from '../../src/records/source.js';
import { createShared } from '../../src/redis/shared.js';
import type { SharedOptions } from '../../src/redis/shared.js';

export type Order =
  | {
      readonly act: 'start';
      readonly options: Omit<SharedOptions, 'log' | 'now'>;
      readonly witness: string;
      readonly skewMs: number;
    }
  /** Makes `calls` calls of `ms` each, `parallel` at once, each given up after `patienceMs`; a refused one is tried again. */
  | {
      readonly act: 'run';
      readonly calls: number;
      readonly parallel: number;
      readonly ms: number;
      readonly label: string;
      readonly patienceMs: number;
    }
  /** Takes one place for `ms` or tells the code of the failure; no second try. */
  | { readonly act: 'once'; readonly ms: number; readonly label: string; readonly patienceMs: number }
  | { readonly act: 'spend'; readonly tries: number }
  | {
      readonly act: 'find';
      readonly lookup: Lookup;
      readonly maxAgeMs?: number;
      readonly ms: number;
      readonly patienceMs: number;
    }
  | { readonly act: 'health' }
  | { readonly act: 'close' };

type Start = Extract<Order, { act: 'start' }>;

let started:
  | { readonly shared: ReturnType<typeof createShared>; readonly witness: string; readonly clock: () => number }
  | undefined;

process.on('message', (message: { id: number; order: Order }) => {
  const answer = (result: object): void => void process.send?.({ id: message.id, ...result });
  obey(message.order).then(
    (value) => answer({ value }),
    (error: unknown) => answer({ error: error instanceof LookupFailure ? error.code : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', (error) => {
  console.error('unhandled rejection', error);
  process.exit(70);
});
process.send?.({ id: 0 });

async function start({ options, witness, skewMs }: Start): Promise<void> {
  const clock = (): number => Date.now() + skewMs;
  const quiet = (): void => undefined;
  const shared = createShared({ ...options, now: clock, log: { info: quiet, warn: quiet, error: quiet } });
  started = { shared, witness, clock };
  await shared.start();
}

async function obey(order: Order): Promise<unknown> {
  if (order.act === 'start') return start(order);
  if (started === undefined) throw new Error('Expected to be started first.');
  const { shared, witness, clock } = started;

  async function call(label: string, ms: number, patienceMs: number): Promise<void> {
    const place = await shared.places.take(AbortSignal.timeout(patienceMs));
    try {
      place.lost?.throwIfAborted();
      const response = await fetch(`${witness}/?ms=${ms}&label=${label}`, { signal: place.lost ?? null });
      await response.text();
    } finally {
      place.release();
    }
  }

  switch (order.act) {
    case 'run': {
      const { calls, parallel, ms, label, patienceMs } = order;
      let left = calls;
      let refused = 0;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          try {
            await call(label, ms, patienceMs);
          } catch (error) {
            if (error instanceof DOMException && error.name === 'TimeoutError') throw error;
            left += 1;
            refused += 1;
            await sleep(50);
          }
        }
      };
      await Promise.all(Array.from({ length: parallel }, worker));
      return { refused };
    }
    case 'once':
      return call(order.label, order.ms, order.patienceMs);
    case 'spend': {
      let spent = 0;
      const refusals = new Set<string>();
      await Promise.all(
        Array.from({ length: order.tries }, async () => {
          try {
            await shared.budget.spend();
            spent += 1;
          } catch (error) {
            refusals.add(error instanceof LookupFailure ? error.code : String(error));
          }
        }),
      );
      return { spent, refusals: [...refusals], state: shared.budget.state };
    }
    case 'find': {
      const source: RecordSource = {
        async find(_lookup, asking): Promise<Answer> {
          const place = await shared.places.take(asking.signal);
          try {
            await shared.budget.spend();
            place.lost?.throwIfAborted();
            asking.onSent();
            const response = await fetch(`${witness}/?ms=${order.ms}&label=find`, { signal: place.lost ?? null });
            const text = await response.text();
            if (response.status !== 200) {
              throw new LookupFailure('UPSTREAM_REFUSED', text, { retryAfterSeconds: 7 });
            }
            return { records: [], fetchedAt: clock() };
          } finally {
            place.release();
          }
        },
      };
      const operation = {
        deadline: clock() + order.patienceMs,
        signal: AbortSignal.timeout(order.patienceMs),
        claimCall: () => true,
      };
      return shared.around(source).find(order.lookup, askingOf(operation, order.maxAgeMs));
    }
    case 'health':
      return shared.health;
    case 'close':
      await shared.close();
      return undefined;
  }
}
