import { expect, it, onTestFinished } from 'vitest';
import { LookupFailure } from '../../../src/records/failure.js';
import { createSimulator } from '../../../src/simulator/server.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { createClient } from '../../../src/wolkvox/client.js';
import type { Client } from '../../../src/wolkvox/client.js';

interface Scene {
  readonly client: Client;
  readonly simulator: Simulator;
  /** Resolves when a call is under way at the server. */
  readonly hasArrived: () => Promise<void>;
  /** Calls that the simulator still has under way. */
  readonly heard: () => Promise<number>;
}

/** A client of a Wolkvox that takes calls and stays silent. */
async function overSilence(timeoutMs: number): Promise<Scene> {
  const simulator = createSimulator({ settings: { latency: { minMs: 0, maxMs: 0 }, fault: 'silence' } });
  const { url } = await simulator.listen();
  const account = { token: SIMULATOR_TOKEN, server: '0042' };
  const client = createClient({
    ...{ baseUrl: url, account, timeoutMs, concurrency: 2, zone: 'UTC-5', maxRecords: 1_000, maxBytes: 1_000_000 },
    now: Date.now,
  });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  // The simulator shares this process: it hears what has arrived when the event loop comes round.
  const heard = async (): Promise<number> => {
    for (let round = 0; round < 3; round += 1) await new Promise((resolve) => setImmediate(resolve));
    return simulator.witness.inFlight;
  };
  const hasArrived = async (): Promise<void> => {
    while (simulator.witness.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { client, simulator, hasArrived, heard };
}

it('A call without an answer in time has ended at the server, too, when its slot is free', async () => {
  const { client, simulator, heard } = await overSilence(100);
  await expect(client.call({ phone: '3064821975' })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  expect(simulator.witness.counts.calls).toBe(1);
  expect(await heard()).toBe(0);
});

it('A call that ends with its place has ended at the server, too, when the place is given back', async () => {
  const { client, hasArrived, heard } = await overSilence(30_000);
  const lost = new AbortController();
  const called = client.call({ phone: '3064821975' }, lost.signal);
  const failed = expect(called).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await hasArrived();
  lost.abort(new LookupFailure('UPSTREAM_UNAVAILABLE', 'The place is lost.'));
  await failed;
  expect(await heard()).toBe(0);
});

it('Calls that closing cuts off have ended at the server, too, when it is done', async () => {
  const { client, hasArrived, heard } = await overSilence(30_000);
  const called = client.call({ phone: '3064821975' });
  const failed = expect(called).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await hasArrived();
  await client.close();
  expect(await heard()).toBe(0);
  await failed;
});
