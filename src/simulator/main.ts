import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isWhole } from './values.js';
import { EXAMPLES } from './example-people.js';
import { FAULT_NAMES, type FaultName } from './faults.js';
import { createSimulator } from './server.js';
import { SIMULATOR_TOKEN, defaultSettings, readLatency } from './settings.js';

/** The simulator as an HTTP server of its own: `npm run simulator`. */

const HELP = `Usage: npm run simulator [-- --help | --version]
Serves a simulated Wolkvox API with invented people. The environment variables SIMULATOR_HOST, SIMULATOR_PORT,
SIMULATOR_TOKEN, SIMULATOR_SEED, SIMULATOR_LATENCY_MS, SIMULATOR_DAILY_LIMIT and SIMULATOR_FAULT change it:
see docs/simulator.md.

Exit codes: 0 a signal stopped it; 1 it cannot start.`;
const MANIFEST = new URL('../../package.json', import.meta.url);

async function start(): Promise<void> {
  const { host, port, seed, settings } = readEnvironment(process.env);
  const simulator = createSimulator({ seed, settings });
  const { url } = await simulator.listen({ host, port });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());

  const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;
  const call = `curl -H 'wolkvox-token: ${settings.tokens[0] ?? ''}' '${url}/api/v2/campaign.php?api=find_record`;
  console.log(`Wolkvox simulator at ${url}, settings ${JSON.stringify(settings)}

  A person in three campaigns, by phone:
    ${call}&customer_phone=${inSeveralCampaigns.phone}'
  Two records of a person in one campaign, by customer id:
    ${call}&campaign_id=${twiceInOneCampaign.campaignId}&customer_id=${twiceInOneCampaign.customerId}'
  What it received:
    curl '${url}/_simulator/request-log?summary'
`);
}

/** @throws an Error that names every wrong variable */
function readEnvironment(environment: NodeJS.ProcessEnv) {
  const problems: string[] = [];
  /** The value of a variable, or `absent` if it is blank. `parse` returns undefined if the text is wrong. */
  function read<Value>(
    name: string,
    absent: NoInfer<Value>,
    expected: string,
    parse: (text: string) => Value | undefined,
  ): Value {
    const text = environment[name] ?? '';
    if (text.trim() === '') return absent;
    const value = parse(text);
    if (value === undefined) problems.push(`${name}: expected ${expected}.`);
    return value ?? absent;
  }
  const { latency, dailyLimit } = defaultSettings();
  const milliseconds = 'milliseconds such as 50 or 150-600';
  const values = {
    host: read('SIMULATOR_HOST', '127.0.0.1', 'a host', String),
    port: read('SIMULATOR_PORT', 4002, 'a whole number from 0 to 65535', (text) => readWhole(text, 65_535)),
    seed: read('SIMULATOR_SEED', 1, 'a whole number', readWhole),
    settings: {
      tokens: [read('SIMULATOR_TOKEN', SIMULATOR_TOKEN, 'a token', String)],
      latency: read('SIMULATOR_LATENCY_MS', latency, milliseconds, readLatency),
      dailyLimit: read<number | null>('SIMULATOR_DAILY_LIMIT', dailyLimit, 'a whole number', readWhole),
      fault: read<FaultName | null>('SIMULATOR_FAULT', null, 'a fault of docs/simulator.md', readFault),
    },
  };
  if (problems.length > 0) throw new Error(`The simulator cannot start:\n${problems.join('\n')}`);
  return values;
}

function readWhole(text: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  return isWhole(Number(text)) && Number(text) <= max ? Number(text) : undefined;
}

function readFault(text: string): FaultName | undefined {
  return FAULT_NAMES.find((name) => name === text);
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
