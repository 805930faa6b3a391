import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { createService } from '../../src/service.js';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN, type SimulatorSettings } from '../../src/simulator/settings.js';
import { createLog } from '../../src/telemetry/log.js';
import type { ProbeDelays } from '../../src/wolkvox/breaker.js';

export interface GraphResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly {
    message: string;
    path?: readonly (string | number)[];
    extensions: Record<string, unknown>;
  }[];
}

export interface TestService {
  readonly url: string;
  readonly simulator: Simulator;
  /** The simulator's address: what asks it directly has the records as Wolkvox would send them. */
  readonly upstream: string;
  /** What the service wrote into its log. */
  readonly lines: readonly string[];
  readonly ask: (
    query: string,
    variables?: Record<string, unknown>,
    init?: { headers?: Record<string, string>; signal?: AbortSignal },
  ) => Promise<GraphResponse>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

export interface TestServiceOptions {
  readonly env?: Record<string, string>;
  /** Default: no latency. */
  readonly settings?: Partial<SimulatorSettings>;
  /** When an open circuit is probed. */
  readonly probes?: ProbeDelays;
  /** The service's clock, epoch milliseconds. */
  readonly now?: () => number;
}

/** A service over a simulator of its own, both on free ports; ended with the test. */
export async function startService({
  env = {},
  settings = {},
  ...world
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
    ...env,
  });
  const log = createLog({
    level: config.logLevel,
    secrets: [SIMULATOR_TOKEN, ...config.routerSecrets, config.recordIdSecret],
    destination: { write: (line: string) => lines.push(line) },
  });
  const service = createService(config, { log, ...world });
  const { url } = await service.start();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await service.stop();
      await simulator.close();
    })());
  onTestFinished(stop);
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

/** Asks a GraphQL endpoint over HTTP, on a connection that is closed afterwards. */
export async function askGraph(
  url: string,
  query: string,
  variables?: Record<string, unknown>,
  init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<GraphResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...init.headers },
    body: JSON.stringify({ query, variables }),
    ...(init.signal === undefined ? {} : { signal: init.signal }),
  });
  const { data, errors = [] } = (await response.json()) as Partial<GraphResponse>;
  return { status: response.status, headers: response.headers, data, errors };
}
