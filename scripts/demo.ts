/**
 * `npm run demo`: runs a simulated Wolkvox, the campaign subgraph, a customers subgraph and an Apollo Gateway in one
 * process, until Ctrl-C.
 */
import type { Subgraph } from '../examples/federation/gateway.js';
import { readSubgraph } from '../examples/federation/own-subgraph.js';
import { startStack } from '../examples/federation/stack.js';
import type { Stack, StackPorts } from '../examples/federation/stack.js';
import { EXAMPLES } from '../src/simulator/example-people.js';
import { createLog } from '../src/telemetry/log.js';
import { readOptions } from './command-line.mjs';

const HELP = `Usage: npm run demo -- [--subgraph <name>=<url>] [--help | --version]
Runs a simulated Wolkvox, the campaign subgraph, a customers subgraph and an Apollo Gateway. Ctrl-C ends them.
DEMO_PORT is the port of the gateway, 4000 by default. The others use the next three ports. 0: four free ports.

  --subgraph <name>=<url>  adds a subgraph of your own, which runs already; the option may be given several times.
                           Example: --subgraph tickets=http://127.0.0.1:4010/graphql

Exit codes: 0 a signal stopped it; 1 it cannot start; 130 a second signal ended it at once.`;
const DEFAULT_PORT = 4000;
const LAST_PORT = 65_535;
/** Ctrl-C sends SIGINT twice: the terminal sends one, and npm passes its own on. */
const SAME_KEY_PRESS_MS = 500;

function readPorts(text: string): StackPorts {
  const first = text.trim() === '' ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(first) || first < 0 || first + 3 > LAST_PORT) {
    throw new Error(`DEMO_PORT: expected a whole number from 0 to ${LAST_PORT - 3}.`);
  }
  const port = (offset: number): number => (first === 0 ? 0 : first + offset);
  return { gateway: first, campaigns: port(1), customers: port(2), simulator: port(3) };
}

function announce({ urls }: Stack, others: readonly Subgraph[]): void {
  const own = others.map(({ name, url }) => `\n  ${name.padEnd(19)} ${url}`).join('');
  const query = `{ customer(customerId: "${EXAMPLES.inSeveralCampaigns.customerId}") { name email campaignRecords { campaignId outcome } } }`;
  console.log(`
  gateway             ${urls.gateway}   has a playground: open it in a browser
  campaign subgraph   ${urls.campaigns}   has a playground
  customers subgraph  ${urls.customers}
  simulated Wolkvox   ${urls.simulator}   has invented people${own}

Pages of this machine may call the gateway, such as a Vite app at http://localhost:5173.

This operation uses both subgraphs:

  curl ${urls.gateway}/graphql -H 'content-type: application/json' \\
    -d '${JSON.stringify({ query })}'

This switches on an outage of Wolkvox, and the second command ends it. Cached answers are served meanwhile;
campaignRecords(maxAge: 0) shows the error.

  curl ${urls.simulator}/_simulator/faults -d '{"always":"503"}'
  curl ${urls.simulator}/_simulator/faults -d '{"clear":true}'

Ctrl-C ends the demo.
`);
}

/** Resolves at the first SIGINT or SIGTERM. A later one ends the process at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signalledAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        signalledAt ??= performance.now();
        if (performance.now() - signalledAt > SAME_KEY_PRESS_MS) process.exit(130);
        resolve();
      });
    }
  });
}

async function main(subgraphs: readonly string[]): Promise<void> {
  const signalled = firstSignal();
  const ports = readPorts(process.env['DEMO_PORT'] ?? '');
  const others = await Promise.all(subgraphs.map(readSubgraph));
  const stack = await startStack({ ports, log: createLog({ level: 'warn', secrets: [] }), others });
  announce(stack, others);
  await signalled;
  console.log('The demo ends.');
  await stack.stop();
}

const { subgraph: subgraphs = [] } = readOptions(HELP, { subgraph: { type: 'string', multiple: true } });
try {
  await main(subgraphs);
} catch (error) {
  console.error(`The demo cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
