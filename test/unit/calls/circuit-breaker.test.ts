import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createCallQueue } from '../../../src/calls/call-queue.js';
import { createCircuitBreaker, type CircuitBreaker } from '../../../src/calls/circuit-breaker.js';
import type { Answer } from '../../../src/core/answer.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, type FailureKind, type LookupFailure } from '../../../src/core/failure.js';
import {
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
  type ManualClock,
  type ManualSource,
} from '../../support/lookup-source.js';

const ANA = { phone: '3001112233' };
const KINDS = Object.keys(FAILURES) as FailureKind[];

interface TestCircuit {
  readonly circuit: CircuitBreaker;
  readonly clock: ManualClock;
  readonly source: ManualSource;
  readonly events: ServiceEvent[];
  readonly find: (signal?: AbortSignal) => Promise<Answer>;
  /** Makes a lookup, and ends its call with this failure. */
  readonly fail: (kind: FailureKind) => Promise<void>;
  /** Opens the circuit. */
  readonly open: () => Promise<void>;
}

function createTestCircuit(): TestCircuit {
  const clock = createManualClock();
  const source = createManualSource(clock);
  const events: ServiceEvent[] = [];
  const circuit = createCircuitBreaker({ clock, observe: (event) => events.push(event) });
  const top = circuit.layer(source);
  const find = (signal = new AbortController().signal): Promise<Answer> => {
    const answer = top.find(ANA, lookupOptions(clock, { signal }));
    answer.catch(() => undefined);
    return answer;
  };
  const fail = async (kind: FailureKind): Promise<void> => {
    const found = find();
    await source.call(source.calls.length - 1).fail(kind);
    await expect(found).rejects.toMatchObject({ kind });
  };
  return {
    ...{ circuit, clock, source, events, find, fail },
    async open() {
      for (let call = 0; call < 5; call += 1) await fail('server');
    },
  };
}

const failures = KINDS.filter((kind) => FAILURES[kind].circuit === 'failure');
const harmless = KINDS.filter((kind) => ['success', 'ignore'].includes(FAILURES[kind].circuit));

describe('The circuit', () => {
  it('counts the failures of Wolkvox and of the connection to it', () => {
    expect(failures).toEqual(['maintenance', 'server', 'not-connected', 'connection', 'timeout']);
    expect(KINDS.filter((kind) => FAILURES[kind].circuit === 'open')).toEqual(['token']);
    expect(harmless.length).toBeGreaterThan(15);
  });

  it.each(failures)('opens after five of %s in a row', async (kind) => {
    const { circuit, source, find, fail } = createTestCircuit();
    for (let call = 0; call < 4; call += 1) await fail(kind);
    expect(circuit.state()).toBe('closed');
    await fail(kind);
    expect(circuit.state()).toBe('open');
    await expect(find()).rejects.toMatchObject({ kind: 'circuit-open', retryAfterSeconds: 5, retryable: true });
    expect(source.calls).toHaveLength(5);
  });

  it.each(harmless)('stays closed after any number of %s', async (kind) => {
    const { circuit, fail, source } = createTestCircuit();
    for (let call = 0; call < 12; call += 1) await fail(kind);
    expect(circuit.state()).toBe('closed');
    expect(source.calls).toHaveLength(12);
  });

  it('stays closed if an answer, or a refusal that shows that Wolkvox works, comes between failures', async () => {
    const { circuit, source, find, fail } = createTestCircuit();
    for (const kind of [undefined, 'simultaneous', 'malformed'] as const) {
      for (let call = 0; call < 4; call += 1) await fail('timeout');
      if (kind === undefined) {
        const found = find();
        await source.call(source.calls.length - 1).answer();
        await found;
      } else {
        await fail(kind);
      }
    }
    expect(circuit.state()).toBe('closed');
    // A refusal of the service itself says nothing about Wolkvox.
    for (let call = 0; call < 4; call += 1) await fail('timeout');
    await fail('quota-used');
    await fail('timeout');
    expect(circuit.state()).toBe('open');
  });

  it('opens at once if Wolkvox refuses the token, for a minute, and says what to check', async () => {
    const { circuit, find, fail, events } = createTestCircuit();
    await fail('token');
    expect(circuit.state()).toBe('open');
    await expect(find()).rejects.toMatchObject({
      kind: 'circuit-open',
      message: expect.stringContaining('WOLKVOX_TOKEN') as string,
      retryAfterSeconds: 60,
    });
    expect(events).toEqual([{ event: 'circuit.opened', reason: 'token', ms: 60_000 }]);
  });

  it('sends a probe after 5 s, and after twice as long each time that the probe fails, up to a minute', async () => {
    const { circuit, clock, source, events, find, fail, open } = createTestCircuit();
    await open();
    for (const seconds of [5, 10, 20, 40, 60, 60]) {
      const calls = source.calls.length;
      await expect(find()).rejects.toMatchObject({ retryAfterSeconds: seconds });
      clock.advance(seconds * 1_000 - 1);
      await expect(find()).rejects.toMatchObject({ kind: 'circuit-open', retryAfterSeconds: 1 });
      clock.advance(1);
      expect(source.calls).toHaveLength(calls);
      await fail('connection');
      expect(circuit.state()).toBe('open');
    }
    expect(events.filter(({ event }) => event === 'circuit.opened').map((event) => 'ms' in event && event.ms)).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000,
    ]);
  });

  it.each(['answer', 'simultaneous', 'quota', 'malformed'] as const)(
    'closes if the probe ends with %s',
    async (end) => {
      const { circuit, clock, source, events, find, fail, open } = createTestCircuit();
      await open();
      clock.advance(5_000);
      const probe = find();
      expect(circuit.state()).toBe('half-open');
      if (end === 'answer') await source.call(5).answer();
      else await source.call(5).fail(end);
      await probe.catch(() => undefined);
      expect(circuit.state()).toBe('closed');
      expect(events.map(({ event }) => event)).toEqual(['circuit.opened', 'circuit.probing', 'circuit.closed']);
      // The count of failures starts anew.
      for (let call = 0; call < 4; call += 1) await fail('server');
      expect(circuit.state()).toBe('closed');
    },
  );

  it('sends one probe at a time', async () => {
    const { clock, source, find, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    const probe = find();
    const others = [find(), find()];
    for (const other of others)
      await expect(other).rejects.toMatchObject({ kind: 'circuit-open', retryAfterSeconds: 5 });
    expect(source.calls).toHaveLength(6);
    await source.call(5).answer();
    await expect(probe).resolves.toMatchObject({ records: [] });
  });

  it('sends the next probe although the one before has no result, and the newest one decides', async () => {
    const { circuit, clock, source, find, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    const first = find();
    clock.advance(5_000);
    const second = find();
    expect(source.calls).toHaveLength(7);
    await source.call(5).fail('timeout');
    await expect(first).rejects.toMatchObject({ kind: 'timeout' });
    expect(circuit.state()).toBe('half-open');
    await source.call(6).answer();
    await second;
    expect(circuit.state()).toBe('closed');
  });

  it('lets the probe decide, whatever happens to calls that were sent before (defect 11)', async () => {
    for (const older of ['timeout', 'answer'] as const) {
      const { circuit, clock, source, find, fail } = createTestCircuit();
      const slow = find();
      for (let call = 0; call < 5; call += 1) await fail('server');
      clock.advance(5_000);
      const probe = find();
      if (older === 'answer') await source.call(0).answer();
      else await source.call(0).fail(older);
      await slow.catch(() => undefined);
      expect(circuit.state()).toBe('half-open');
      if (older === 'answer') await source.call(6).fail('server');
      else await source.call(6).answer();
      await probe.catch(() => undefined);
      expect(circuit.state()).toBe(older === 'answer' ? 'open' : 'closed');
    }
  });

  it('makes the next lookup the probe if the probe was refused before it was sent (defect 12)', async () => {
    const { circuit, clock, source, find, fail, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    await fail('quota-used');
    expect(circuit.state()).toBe('open');
    const probe = find();
    await source.call(6).answer();
    await expect(probe).resolves.toMatchObject({ records: [] });
    expect(circuit.state()).toBe('closed');
  });

  it('makes the next lookup the probe if another replica answered the probe', async () => {
    const { circuit, clock, source, find, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    const probe = find();
    await source.call(5).answer({ source: 'shared' });
    expect(await probe).toMatchObject({ source: 'shared' });
    expect(circuit.state()).toBe('open');
    const next = find();
    await source.call(6).answer();
    await next;
    expect(circuit.state()).toBe('closed');
  });

  it('ignores the failures of calls of other replicas', async () => {
    const { circuit, source, find } = createTestCircuit();
    for (let call = 0; call < 6; call += 1) {
      const found = find();
      await source.call(call).fail(call === 5 ? 'token' : 'server', { isShared: true });
      await expect(found).rejects.toMatchObject({ isShared: true });
    }
    expect(circuit.state()).toBe('closed');
  });

  it('that is stopped cancels the calls that wait, and refuses others', async () => {
    const { circuit, source, find } = createTestCircuit();
    const waiting = find();
    await settle();
    circuit.stop();
    expect(source.call(0).options.signal.aborted).toBe(true);
    await expect(find()).rejects.toMatchObject({ kind: 'abandoned' });
    expect(source.calls).toHaveLength(1);
    await source.call(0).fail('abandoned');
    await expect(waiting).rejects.toMatchObject({ kind: 'abandoned' });
  });

  it('does not count a bug', async () => {
    const clock = createManualClock();
    const circuit = createCircuitBreaker({ clock, observe: () => undefined });
    const top = circuit.layer({ find: () => Promise.reject(new TypeError('a bug')) });
    for (let call = 0; call < 10; call += 1) {
      await expect(top.find(ANA, lookupOptions(clock))).rejects.toThrow('a bug');
    }
    expect(circuit.state()).toBe('closed');
  });

  it('leaves no listener on a signal', async () => {
    const { source, find } = createTestCircuit();
    const { signal } = new AbortController();
    const found = [find(signal), find(signal)];
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    await source.call(0).answer();
    await source.call(1).fail('server');
    await Promise.allSettled(found);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('When the circuit opens', () => {
  it('the calls that wait are cancelled, and those that were sent go on', async () => {
    const clock = createManualClock();
    const source = createManualSource(clock);
    const circuit = createCircuitBreaker({ clock, observe: () => undefined });
    const queue = createCallQueue({ concurrency: 2, limit: 100, pausedForMs: () => 0, clock });
    const top = circuit.layer(queue.layer(source));
    const found = Array.from({ length: 12 }, () => top.find(ANA, lookupOptions(clock)));
    const settled = Promise.allSettled(found);
    await settle();
    for (let call = 0; call < 5; call += 1) await source.call(call).fail('server');
    expect(circuit.state()).toBe('open');
    // The fifth failure frees a slot at the same moment.
    expect(queue.state()).toEqual({ running: 2, waiting: 0 });
    await source.call(5).answer();
    await source.call(6).answer();
    expect(source.calls).toHaveLength(7);
    const kinds = (await settled).map((result) =>
      result.status === 'fulfilled' ? 'answer' : (result.reason as LookupFailure).kind,
    );
    expect(kinds).toEqual([
      ...Array<string>(5).fill('server'),
      'answer',
      'answer',
      ...Array<string>(5).fill('circuit-open'),
    ]);
    expect((await settled)[11]).toMatchObject({ reason: { retryAfterSeconds: 5 } });
  });
});

describe('Probes that take longer than their delay', () => {
  it('close the circuit when the first one succeeds, although a later one is under way', async () => {
    const { circuit, clock, source, find, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    const slow = find();
    const slowProbe = source.calls.length - 1;
    clock.advance(5_000);
    void find();
    expect(source.calls).toHaveLength(slowProbe + 2);
    await source.call(slowProbe).answer();
    await expect(slow).resolves.toBeDefined();
    expect(circuit.state()).toBe('closed');
  });

  it('come after twice the delay each time, up to 60 s, while none has a result', async () => {
    const { clock, source, find, open } = createTestCircuit();
    await open();
    const openedAt = clock.monotonicMs();
    const probedAt: number[] = [];
    for (let second = 0; second < 240; second += 1) {
      const before = source.calls.length;
      void find();
      if (source.calls.length > before) probedAt.push((clock.monotonicMs() - openedAt) / 1_000);
      clock.advance(1_000);
    }
    expect(probedAt).toEqual([5, 10, 20, 40, 80, 140, 200]);
  });

  it('do not close a later opening of the circuit', async () => {
    const { circuit, clock, source, find, open } = createTestCircuit();
    await open();
    clock.advance(5_000);
    void find();
    const oldProbe = source.calls.length - 1;
    clock.advance(5_000);
    void find();
    await source.call(oldProbe + 1).answer();
    expect(circuit.state()).toBe('closed');
    await open();
    await source.call(oldProbe).answer();
    expect(circuit.state()).toBe('open');
  });
});
