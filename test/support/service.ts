import { expect, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { createService, type ServiceDependencies } from '../../src/service.js';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN, type SimulatorSettings } from '../../src/simulator/settings.js';
import { createLog } from '../../src/telemetry/log.js';
import { askGraph, type GraphResponse } from './graphql-client.js';
import { eventually, holdCalls } from './simulator-client.js';

export interface TestService {
  readonly url: string;
  readonly simulator: Simulator;
  /** The address of the simulator. Requests to it get the records as Wolkvox would send them. */
  readonly upstream: string;
  /** The lines of the log. */
  readonly lines: readonly string[];
  readonly ask: (
    query: string,
    variables?: Record<string, unknown>,
    init?: { headers?: Record<string, string>; signal?: AbortSignal },
  ) => Promise<GraphResponse>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

export interface TestServiceOptions extends Omit<ServiceDependencies, 'log'> {
  readonly env?: Record<string, string>;
  /** Default: no latency. */
  readonly settings?: Partial<SimulatorSettings>;
}

/** Starts a service over a simulator of its own, both on free ports. They end with the test. */
export async function startService({
  env = {},
  settings = {},
  ...dependencies
}: TestServiceOptions = {}): Promise<TestService> {
  const simulator = createSimulator({ settings: { latency: { minMs: 0, maxMs: 0 }, ...settings } });
  const { url: upstream } = await simulator.listen();
  const lines: string[] = [];
  const config = readConfig({
    PORT: '0',
    WOLKVOX_SERVER: '0042',
    WOLKVOX_TOKEN: SIMULATOR_TOKEN,
    WOLKVOX_BASE_URL: upstream,
    LOG_LEVEL: 'debug',
    // The service's own calls would change the counts of a test.
    WOLKVOX_QUOTA_SYNC_MINUTES: '0',
    DRAIN_GRACE_MS: '0',
    ...env,
  });
  const log = createLog({
    level: config.logLevel,
    secrets: [SIMULATOR_TOKEN, ...config.routerSecrets, ...config.recordIdSecrets],
    destination: { write: (line: string) => lines.push(line) },
  });
  const service = createService(config, { log, ...dependencies });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await service.stop();
      await simulator.close();
    })());
  onTestFinished(stop);
  const { url } = await service.start();
  return {
    url,
    simulator,
    upstream,
    lines,
    stop,
    ask: (query, variables, init) => askGraph(`${url}/graphql`, query, variables, init),
    get: (path, headers = {}) => fetch(url + path, { headers: { connection: 'close', ...headers } }),
  };
}

/** The log lines of an event. */
export function logLines({ lines }: TestService, event: string): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event);
}

/** Sends an operation whose client leaves while its call waits for the answer. The call is answered after that. */
export async function askAndLeave(service: TestService, query: string): Promise<void> {
  const calls = holdCalls(service.simulator);
  const client = new AbortController();
  const left = service.ask(query, {}, { signal: client.signal });
  await eventually(() => service.simulator.requestLog.inFlight).toBe(1);
  client.abort();
  await expect(left).rejects.toThrow('aborted');
  await eventually(() => logLines(service, 'lookup.refused')).toHaveLength(1);
  calls.open();
}
