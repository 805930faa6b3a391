/**
 * `npm run demo`: a simulated Wolkvox, the campaign subgraph, a subgraph of customers and an Apollo Gateway in front, in one
 * process. DEMO_PORT is the gateway's port, the others listen on the next three; 0: each on a free one. Ends on Ctrl-C.
 */
import { EXAMPLES } from '../src/simulator/cast.js';
import { createLog } from '../src/telemetry/log.js';
import { startStack } from '../examples/federation/stack.js';
import type { Stack, StackPorts } from '../examples/federation/stack.js';

const DEFAULT_PORT = 4000;
const LAST_PORT = 65_535;
/** One Ctrl-C comes twice: from the terminal, and from npm, which hands on what it gets. */
const SAME_KEY_PRESS_MS = 500;

function readPorts(text: string): StackPorts {
  const first = text.trim() === '' ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(first) || first < 0 || first + 3 > LAST_PORT) {
    throw new Error(`DEMO_PORT: expected a whole number from 0 to ${LAST_PORT - 3}.`);
  }
  const port = (place: number): number => (first === 0 ? 0 : first + place);
  return { gateway: first, campaigns: port(1), customers: port(2), simulator: port(3) };
}

function announce({ urls }: Stack): void {
  const query = `{ customer(customerId: "${EXAMPLES.inSeveralCampaigns.customerId}") { name email campaignRecords { campaignId outcome } } }`;
  console.log(`
  gateway             ${urls.gateway}   with a playground: open it in a browser
  campaign subgraph   ${urls.campaigns}   with a playground too
  customers subgraph  ${urls.customers}
  simulated Wolkvox   ${urls.simulator}   invented people

A question that both subgraphs answer together:

  curl ${urls.gateway}/graphql -H 'content-type: application/json' \\
    -d '${JSON.stringify({ query })}'

Ctrl-C ends all of them.
`);
}

/** Resolves at the first signal that asks to end; a later one ends at once. */
function untilAskedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        askedAt ??= performance.now();
        if (performance.now() - askedAt > SAME_KEY_PRESS_MS) process.exit(130);
        resolve();
      });
    }
  });
}

async function main(): Promise<void> {
  const asked = untilAskedToEnd();
  const stack = await startStack({
    ports: readPorts(process.env['DEMO_PORT'] ?? ''),
    log: createLog({ level: 'warn', secrets: [] }),
  });
  announce(stack);
  await asked;
  console.log('Ending.');
  await stack.stop();
}

try {
  await main();
} catch (error) {
  console.error(`The demo cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
