import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { EXAMPLES } from './example-people.js';
import { FAULT_NAMES } from './faults.js';
import { createSimulator } from './server.js';
import { SIMULATOR_TOKEN, readLatency } from './settings.js';

/** The simulator as an HTTP server of its own: `npm run simulator`. */

const HELP = `Usage: npm run simulator [-- --help | --version]
Serves a simulated Wolkvox API with invented people. The environment variables SIMULATOR_HOST, SIMULATOR_PORT,
SIMULATOR_TOKEN, SIMULATOR_SEED, SIMULATOR_LATENCY_MS, SIMULATOR_DAILY_LIMIT and SIMULATOR_FAULT change it:
see docs/simulator.md.

Exit codes: 0 a signal stopped it; 1 it cannot start.`;
const MANIFEST = new URL('../../package.json', import.meta.url);

const whole = z.coerce.number().pipe(z.int().nonnegative());
const latencyText = z.string().refine(readLatency, 'must be milliseconds such as 50 or 150-600');
const environment = z.object({
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_PORT: whole.refine((port) => port <= 65_535, 'must be at most 65535').default(4002),
  SIMULATOR_TOKEN: z.string().default(SIMULATOR_TOKEN),
  SIMULATOR_SEED: whole.default(1),
  SIMULATOR_LATENCY_MS: latencyText.default('150-600'),
  SIMULATOR_DAILY_LIMIT: whole.default(10_000),
  SIMULATOR_FAULT: z.enum(FAULT_NAMES).nullable().default(null),
});

async function start(): Promise<void> {
  const given = Object.entries(process.env).filter(([, value]) => value?.trim() !== '');
  const { data: env, error } = environment.safeParse(Object.fromEntries(given));
  if (env === undefined) throw new Error(`The simulator cannot start:\n${z.prettifyError(error)}`);
  const settings = {
    tokens: [env.SIMULATOR_TOKEN],
    latency: readLatency(env.SIMULATOR_LATENCY_MS) ?? { minMs: 0, maxMs: 0 },
    dailyLimit: env.SIMULATOR_DAILY_LIMIT,
    fault: env.SIMULATOR_FAULT,
  };
  const simulator = createSimulator({ seed: env.SIMULATOR_SEED, settings });
  const { url } = await simulator.listen({ host: env.SIMULATOR_HOST, port: env.SIMULATOR_PORT });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());

  const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;
  const call = `curl -H 'wolkvox-token: ${env.SIMULATOR_TOKEN}' '${url}/api/v2/campaign.php?api=find_record`;
  console.log(`Wolkvox simulator at ${url}, settings ${JSON.stringify(settings)}

  A person in three campaigns, by phone:
    ${call}&customer_phone=${inSeveralCampaigns.phone}'
  Two records of a person in one campaign, by customer id:
    ${call}&campaign_id=${twiceInOneCampaign.campaignId}&customer_id=${twiceInOneCampaign.customerId}'
  What it received:
    curl '${url}/_simulator/request-log?summary'
`);
}

async function main(): Promise<void> {
  const options = { help: { type: 'boolean' }, version: { type: 'boolean' } } as const;
  const { values, tokens } = parseArgs({ options, strict: false, tokens: true });
  const unknown = tokens.find((token) => token.kind !== 'option' || !Object.hasOwn(options, token.name));
  if (unknown !== undefined) throw new Error('Unknown option. The known options are --help, --version.');
  if (values.help === true) console.log(HELP);
  else if (values.version === true) console.log(/"version": "(.*?)"/.exec(readFileSync(MANIFEST, 'utf8'))?.[1]);
  else await start();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
