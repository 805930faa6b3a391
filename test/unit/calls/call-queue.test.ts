import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startOperation, type RunningOperation } from '../../../src/graphql/operation.js';
import type { ServiceEvent } from '../../../src/records/events.js';
import { LookupFailure } from '../../../src/records/failure.js';
import { WolkvoxFailure } from '../../../src/wolkvox/failure.js';
import type { Place, Places } from '../../../src/records/limits.js';
import { askingOf, type Answer } from '../../../src/records/source.js';
import { createTurnstile, unsharedPlaces, type Turnstile } from '../../../src/wolkvox/turnstile.js';

const ANSWER: Answer = { records: [], fetchedAt: 0 };

/** A turnstile whose calls the test ends by hand, on a clock of its own. */
class Bench {
  now = 0;
  readonly events: ServiceEvent[] = [];
  readonly sent: { phone: string | undefined; end: (failure?: LookupFailure) => Promise<void> }[] = [];
  readonly turnstile: Turnstile;

  constructor({
    concurrency = 2,
    queueLimit = 10,
    places = unsharedPlaces,
  }: { concurrency?: number; queueLimit?: number; places?: Places } = {}) {
    this.turnstile = createTurnstile({
      concurrency,
      queueLimit,
      places,
      observe: (event) => this.events.push(event),
      now: () => this.now,
      random: () => 1,
      send: ({ phone }) =>
        new Promise((resolve, reject) => {
          this.sent.push({
            phone,
            end: async (failure) => {
              if (failure === undefined) resolve(ANSWER);
              else reject(failure);
              await turn();
            },
          });
        }),
    });
  }

  async ask(phone: string, operation = start(this.now + 60_000)): Promise<{ answer: Promise<Answer> }> {
    const answer = this.turnstile.find({ phone }, askingOf(operation));
    answer.catch(() => undefined);
    await turn();
    return { answer };
  }

  get phones(): (string | undefined)[] {
    return this.sent.map(({ phone }) => phone);
  }

  /** Lets calls of `ms` each be measured. */
  async learn(calls: number, ms: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      await this.ask('known');
      this.now += ms;
      await this.sent.pop()?.end();
    }
  }
}

function start(deadlineMs = 60_000): RunningOperation {
  const operation = startOperation({ deadlineMs, calls: 1_000 }, () => 0);
  return operation;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the turnstile', () => {
  it('sends two at once, and the next when one has ended, well or not', async () => {
    const bench = new Bench();
    const asked = [await bench.ask('1'), await bench.ask('2'), await bench.ask('3'), await bench.ask('4')];
    expect(bench.phones).toEqual(['1', '2']);
    expect([bench.turnstile.running, bench.turnstile.waiting]).toEqual([2, 2]);
    await bench.sent[1]?.end();
    expect(bench.phones).toEqual(['1', '2', '3']);
    const failure = new LookupFailure('UPSTREAM_UNAVAILABLE', 'planned');
    await bench.sent[0]?.end(failure);
    await expect(asked[0]?.answer).rejects.toBe(failure);
    await expect(asked[1]?.answer).resolves.toBe(ANSWER);
    expect(bench.phones).toEqual(['1', '2', '3', '4']);
    expect([bench.turnstile.running, bench.turnstile.waiting]).toEqual([2, 0]);
  });

  it('refuses at once what a full queue has no room for, and says when it will have', async () => {
    const bench = new Bench({ queueLimit: 4 });
    await bench.learn(20, 3_000);
    for (let call = 0; call < 6; call += 1) await bench.ask(`${call}`);
    expect(bench.turnstile.waiting).toBe(4);
    const { answer } = await bench.ask('too many');
    // Four calls of 3 s, two at a time.
    await expect(answer).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', retryable: true, retryAfterSeconds: 6 });
    expect(bench.events).toEqual([{ event: 'refused', code: 'UPSTREAM_BUSY', why: 'queue-full' }]);
  });

  it('refuses at once what would have its turn after the deadline, by the length of the queue and the latest calls', async () => {
    const bench = new Bench({ queueLimit: 100 });
    await bench.learn(30, 9_999);
    await bench.learn(20, 2_000);
    const now = bench.now;
    const big = start(now + 60_000);
    for (let call = 0; call < 12; call += 1) await bench.ask(`${call}`, big);
    expect(bench.turnstile.waiting).toBe(10);
    // Its own ten before it, of 2 s, two at a time: 10 s.
    const late = await bench.ask('late', Object.assign(big, { deadline: now + 7_500 }));
    await expect(late.answer).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', retryAfterSeconds: 3 });
    await bench.ask('in time', Object.assign(big, { deadline: now + 10_000 }));
    expect(bench.turnstile.waiting).toBe(11);
    // A newcomer has one call of the big one before it: 1 s.
    await bench.ask('small', start(now + 1_000));
    expect(bench.turnstile.waiting).toBe(12);
    // The next one has a call of each before it: 2 s.
    const hurried = await bench.ask('hurried', start(now + 1_999));
    await expect(hurried.answer).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', retryAfterSeconds: 1 });
    expect(bench.events.map((event) => (event.event === 'refused' ? event.why : event.event))).toEqual([
      'wait-too-long',
      'wait-too-long',
    ]);
  });

  it('bounds the queue before it has measured a call, too', async () => {
    const bench = new Bench({ queueLimit: 1, concurrency: 1 });
    await bench.ask('1');
    await bench.ask('2');
    const { answer } = await bench.ask('3');
    await expect(answer).rejects.toMatchObject({
      retryAfterSeconds: 1,
      message: expect.stringContaining('1 calls wait') as string,
    });
  });

  it('measures the latest twenty calls', async () => {
    const bench = new Bench({ queueLimit: 1, concurrency: 1 });
    await bench.learn(1, 40_000);
    await bench.learn(20, 1_000);
    await bench.ask('1');
    await bench.ask('2');
    const { answer } = await bench.ask('3');
    await expect(answer).rejects.toMatchObject({ retryAfterSeconds: 1 });
    const slower = new Bench({ queueLimit: 1, concurrency: 1 });
    await slower.learn(1, 40_000);
    await slower.learn(19, 1_000);
    await slower.ask('1');
    await slower.ask('2');
    // (40 + 19) s by 20.
    await expect((await slower.ask('3')).answer).rejects.toMatchObject({ retryAfterSeconds: 3 });
  });

  it('leaves no listener on an operation that goes on, and reports a failed call as no refusal', async () => {
    const bench = new Bench();
    const operation = start();
    await bench.ask('1', operation);
    await bench.ask('2', operation);
    await bench.ask('3', operation);
    expect(getEventListeners(operation.signal, 'abort')).toHaveLength(1);
    for (let call = 0; call < 3; call += 1) {
      await bench.sent[call]?.end(new LookupFailure('UPSTREAM_UNAVAILABLE', 'planned'));
    }
    expect(getEventListeners(operation.signal, 'abort')).toHaveLength(0);
    expect(bench.events).toEqual([]);
  });

  it('refuses nobody while a slot is free, however slow the latest calls were', async () => {
    const bench = new Bench();
    await bench.learn(20, 50_000);
    await bench.ask('1', start(bench.now + 1));
    await bench.ask('2', start(bench.now + 1));
    expect(bench.phones).toEqual(['1', '2']);
  });

  it('never sends what nobody waits for any more, and ends what is sent', async () => {
    const bench = new Bench();
    const [sender, waiter] = [start(), start()];
    const sent = await bench.ask('sent', sender);
    await bench.ask('2');
    const waiting = await bench.ask('waiting', waiter);
    waiter.end();
    await expect(waiting.answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await turn();
    expect(bench.turnstile.waiting).toBe(0);
    expect(bench.events).toEqual([{ event: 'refused', code: 'UPSTREAM_TIMEOUT', why: 'nobody-waits' }]);
    sender.end();
    await turn();
    // Its slot is not free before it has ended.
    await bench.ask('next');
    expect(bench.phones).toEqual(['sent', '2']);
    await bench.sent[0]?.end();
    await expect(sent.answer).resolves.toBe(ANSWER);
    expect(bench.phones).toEqual(['sent', '2', 'next']);
  });

  it('sends nothing for an operation that is over before it asks', async () => {
    const bench = new Bench();
    const gone = start();
    gone.end();
    const { answer } = await bench.ask('1', gone);
    await expect(answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(bench.sent).toEqual([]);
    expect(bench.turnstile.waiting).toBe(0);
  });
});

describe('the turnstile while Wolkvox asks for a pause', () => {
  it('refuses at once whose deadline is before its end, and lets the others wait it out', async () => {
    const bench = new Bench();
    const throttled = new WolkvoxFailure('throttled', undefined, { retryAfterSeconds: 60 });
    await bench.ask('1', start(200_000));
    await bench.sent[0]?.end(throttled);
    const { answer } = await bench.ask('2', start(25_000));
    await expect(answer).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', retryAfterSeconds: 35 });
    bench.now = 59_990;
    const patient = start(200_000);
    const waiting = await bench.ask('3', patient);
    expect(bench.phones).toEqual(['1']);
    bench.now = 60_000;
    await expect.poll(() => bench.phones).toEqual(['1', '3']);
    await bench.sent[1]?.end();
    await expect(waiting.answer).resolves.toBe(ANSWER);
  });

  it('gives back a place that came during a pause, and takes one after it', async () => {
    const grants: ((place: Place) => void)[] = [];
    let released = 0;
    const place: Place = { lost: undefined, release: () => (released += 1) };
    const bench = new Bench({ places: { take: () => new Promise((resolve) => grants.push(resolve)) } });
    await bench.ask('1');
    await bench.ask('2');
    grants[0]?.(place);
    await expect.poll(() => bench.phones).toEqual(['1']);
    await bench.sent[0]?.end(new WolkvoxFailure('throttled', undefined, { retryAfterSeconds: 1 }));
    grants[1]?.(place);
    await expect.poll(() => released).toBe(2);
    expect(bench.phones).toEqual(['1']);
    bench.now = 1_000;
    await expect.poll(() => grants.length, { timeout: 5_000 }).toBe(3);
    grants[2]?.(place);
    await expect.poll(() => bench.phones).toEqual(['1', '2']);
  });

  it('sends nothing for those who leave during the pause, and pauses for somebody else who uses the token, too', async () => {
    const bench = new Bench();
    await bench.ask('1');
    await bench.sent[0]?.end(new WolkvoxFailure('simultaneous'));
    const leaver = start();
    const { answer } = await bench.ask('2', leaver);
    leaver.end();
    await expect(answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(bench.phones).toEqual(['1']);
    bench.now = 1_000;
    await bench.ask('3');
    expect(bench.phones).toEqual(['1', '3']);
  });
});

describe('the turnstile and the places of the token', () => {
  it('takes a place before each call and gives it back after, well or not', async () => {
    let held = 0;
    let most = 0;
    const places: Places = {
      take: () => {
        held += 1;
        most = Math.max(most, held);
        return Promise.resolve<Place>({ lost: undefined, release: () => (held -= 1) });
      },
    };
    const bench = new Bench({ places });
    for (let call = 0; call < 5; call += 1) await bench.ask(`${call}`);
    for (let call = 0; call < 5; call += 1)
      await bench.sent[call]?.end(call % 2 === 0 ? undefined : new LookupFailure('UPSTREAM_TIMEOUT', 'planned'));
    expect([most, held]).toEqual([2, 0]);
  });

  it('frees the slot where no place can be had, and sends nothing where everybody left while it waited for one', async () => {
    const failure = new LookupFailure('UPSTREAM_UNAVAILABLE', 'no places');
    let grant: ((place: Place) => void) | undefined;
    let released = 0;
    const places: Places = {
      take: () => (grant === undefined ? new Promise((resolve) => (grant = resolve)) : Promise.reject(failure)),
    };
    const bench = new Bench({ places, concurrency: 1 });
    const asker = start();
    const first = await bench.ask('1', asker);
    const second = await bench.ask('2');
    asker.end();
    grant?.({ lost: undefined, release: () => (released += 1) });
    await expect(first.answer).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect(second.answer).rejects.toBe(failure);
    expect(bench.sent).toEqual([]);
    expect(released).toBe(1);
    expect(bench.turnstile.running).toBe(0);
  });
});
