import { Agent, request } from 'undici';
import { expect, onTestFinished } from 'vitest';
import type { WireRecord } from '../../src/simulator/columns.js';
import { createSimulator } from '../../src/simulator/server.js';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';

/** A simulator on a free port, without latency, and a client for it. Both end with the test. */
export interface Started {
  readonly simulator: Simulator;
  readonly url: string;
  /** Calls `find_record`, or the api that `query` names. */
  readonly ask: (query: string, options?: AskOptions) => Promise<Reply>;
  /** The records of a response that must be a match. */
  readonly records: (query: string) => Promise<WireRecord[]>;
}

export interface AskOptions {
  readonly page?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  json(): Envelope;
}

export interface Envelope {
  readonly code: unknown;
  readonly error: unknown;
  readonly msg: unknown;
  readonly data?: WireRecord[] | null;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Started> {
  const simulator = createSimulator({
    ...options,
    settings: { latency: { minMs: 0, maxMs: 0 }, ...options.settings },
  });
  const { url } = await simulator.listen();
  const dispatcher = new Agent({ pipelining: 1 });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await simulator.close();
  });

  async function ask(query: string, { page = 'campaign', headers = {}, signal }: AskOptions = {}): Promise<Reply> {
    const api = query.includes('api=') ? '' : 'api=find_record&';
    const given: Readonly<Record<string, string | undefined>> = { 'wolkvox-token': SIMULATOR_TOKEN, ...headers };
    const answer = await request(`${url}/api/v2/${page}.php?${api}${query}`, {
      dispatcher,
      headers: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      ...(signal === undefined ? {} : { signal }),
    });
    const body = Buffer.from(await answer.body.arrayBuffer());
    const text = body.toString('utf8');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body,
      text,
      json: () => JSON.parse(text) as Envelope,
    };
  }

  return {
    simulator,
    url,
    ask,
    async records(query) {
      const reply = await ask(query);
      if (reply.status !== 200) throw new Error(`Expected a match for ${query}; got HTTP ${reply.status}.`);
      return reply.json().data ?? [];
    },
  };
}

/** Holds every accepted call until `open` is called. */
export function holdCalls(simulator: Simulator): { open(): void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  simulator.respondWith(async () => {
    await gate;
    return undefined;
  });
  return { open: () => open() };
}

/** Polls until the value is as expected. The timeout is for a machine under load. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { interval: 5, timeout: 20_000 });
}
