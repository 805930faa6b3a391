import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { readConfig } from '../../src/config/config.js';
import { createPlayground } from '../../src/playground/playground.js';
import { readExamples } from '../../src/playground/examples.js';
import { createService } from '../../src/service.js';
import { createSimulator } from '../../src/simulator/server.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import type { Log } from '../../src/core/log.js';
import { createCustomersSchema, CUSTOMERS, CUSTOMERS_SDL } from './customers.js';
import type { Customer } from './customers.js';
import { createGateway } from './gateway.js';
import type { Subgraph } from './gateway.js';
import { serve } from './serve.js';

/** The port of each part. 0: a free port. */
export interface StackPorts {
  readonly gateway: number;
  readonly campaigns: number;
  readonly customers: number;
  readonly simulator: number;
}

export interface StackOptions {
  readonly ports?: StackPorts;
  readonly log: Log;
  /** Changes to the default settings of the simulator. */
  readonly simulator?: Partial<SimulatorSettings>;
  /** More environment variables of the campaign subgraph. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The people of the customers subgraph. Defaults to the example people. */
  readonly customers?: readonly Customer[];
  /** More subgraphs, which listen already. */
  readonly others?: readonly Subgraph[];
}

/** A running supergraph: a gateway, the campaign subgraph with a simulated Wolkvox, and a subgraph of customers. */
export interface Stack {
  /** The addresses. GraphQL is at `/graphql` of all but the simulator. */
  readonly urls: Readonly<Record<keyof StackPorts, string>>;
  readonly simulator: Simulator;
  /** Stops all parts, the gateway first. */
  stop(): Promise<void>;
}

const FREE_PORTS: StackPorts = { gateway: 0, campaigns: 0, customers: 0, simulator: 0 };
const CAMPAIGNS_FILE = fileURLToPath(new URL('../campaigns.json', import.meta.url));
const CAMPAIGNS_SDL = readFileSync(new URL('../../schema/campaigns.graphql', import.meta.url), 'utf8');

/** Starts the parts in order. If one of them fails, the others are stopped. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports = FREE_PORTS, log, environment = {}, customers = CUSTOMERS, others = [] } = options;
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    const simulator = createSimulator({ settings: options.simulator ?? {} });
    const wolkvox = await simulator.listen({ port: ports.simulator });
    closers.push(() => simulator.close());

    const service = createService(
      readConfig({
        PORT: `${ports.campaigns}`,
        WOLKVOX_SERVER: '0042',
        WOLKVOX_TOKEN: SIMULATOR_TOKEN,
        WOLKVOX_BASE_URL: wolkvox.url,
        CAMPAIGNS_FILE,
        ...environment,
      }),
      { log },
    );
    const campaigns = await service.start();
    closers.push(() => service.stop());

    const customersServer = await serve({
      server: { schema: createCustomersSchema(customers) },
      port: ports.customers,
    });
    closers.push(() => customersServer.stop());

    const gateway = await serve({
      server: {
        gateway: createGateway([
          { name: 'campaigns', url: `${campaigns.url}/graphql`, sdl: CAMPAIGNS_SDL },
          { name: 'customers', url: `${customersServer.url}/graphql`, sdl: CUSTOMERS_SDL },
          ...others,
        ]),
      },
      port: ports.gateway,
      playground: createPlayground({
        title: 'Customers and campaigns',
        endpoint: '/graphql',
        examples: readExamples(new URL('queries/', import.meta.url)),
        headerNames: [],
      }),
    });
    closers.push(() => gateway.stop());

    return {
      urls: { gateway: gateway.url, campaigns: campaigns.url, customers: customersServer.url, simulator: wolkvox.url },
      simulator,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
