import { EXAMPLES } from './cast.js';
import { FAULT_NAMES, isFaultName } from './faults.js';
import type { FaultName } from './faults.js';
import { createSimulator } from './server.js';
import { SIMULATOR_TOKEN } from './settings.js';

/** The simulator alone, as an HTTP server of its own: `npm run simulator`. */

interface Start {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly seed: number;
  readonly latency: { readonly minMs: number; readonly maxMs: number };
  readonly dailyLimit: number;
  readonly fault: FaultName | null;
}

function readStart(env: NodeJS.ProcessEnv): Start {
  const problems: string[] = [];
  const text = (name: string, otherwise: string): string => env[name]?.trim() || otherwise;
  const whole = (name: string, otherwise: number, most: number): number => {
    const given = text(name, `${otherwise}`);
    if (/^\d{1,10}$/.test(given) && Number(given) <= most) return Number(given);
    problems.push(`${name}: expected a whole number up to ${most}, came "${given}"`);
    return otherwise;
  };
  const latencyText = text('SIMULATOR_LATENCY_MS', '150-600');
  const latency = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(latencyText);
  const minMs = Number(latency?.[1] ?? 0);
  const maxMs = Number(latency?.[2] ?? minMs);
  if (latency === null || maxMs < minMs) {
    problems.push(`SIMULATOR_LATENCY_MS: expected milliseconds as "50" or "150-600", came "${latencyText}"`);
  }
  const fault = text('SIMULATOR_FAULT', '');
  if (fault !== '' && !isFaultName(fault)) {
    problems.push(`SIMULATOR_FAULT: expected one of ${FAULT_NAMES.join(', ')}; came "${fault}"`);
  }
  const start = {
    host: text('SIMULATOR_HOST', '127.0.0.1'),
    port: whole('SIMULATOR_PORT', 4002, 65_535),
    token: text('SIMULATOR_TOKEN', SIMULATOR_TOKEN),
    seed: whole('SIMULATOR_SEED', 1, 2 ** 31),
    latency: { minMs, maxMs },
    dailyLimit: whole('SIMULATOR_DAILY_LIMIT', 10_000, 1_000_000_000),
    fault: isFaultName(fault) ? fault : null,
  };
  if (problems.length > 0) throw new Error(`The simulator cannot start:\n  ${problems.join('\n  ')}`);
  return start;
}

function banner(url: string, { token, seed, latency, dailyLimit, fault }: Start): string {
  const ask = (query: string): string =>
    `curl -H 'wolkvox-token: ${token}' '${url}/api/v2/campaign.php?api=find_record&${query}'`;
  const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;
  return [
    `Wolkvox simulator at ${url}`,
    `  token ${token}, two calls at once, ${dailyLimit} a day, ${latency.minMs} to ${latency.maxMs} ms each, seed ${seed}`,
    ...(fault === null ? [] : [`  every answer has the fault "${fault}"`]),
    '',
    '  A person in three campaigns, by phone:',
    `    ${ask(`campaign_id=&customer_phone=${inSeveralCampaigns.phone}&customer_id=`)}`,
    '  Two records of a person in one campaign, by customer id:',
    `    ${ask(`campaign_id=${twiceInOneCampaign.campaignId}&customer_phone=&customer_id=${twiceInOneCampaign.customerId}`)}`,
    '',
    `  What it has seen: curl '${url}/_simulator/witness?summary'`,
    '',
  ].join('\n');
}

async function run(): Promise<void> {
  const start = readStart(process.env);
  const { token, seed, latency, dailyLimit, fault, host, port } = start;
  const simulator = createSimulator({ seed, settings: { tokens: [token], latency, dailyLimit, fault } });
  const { url } = await simulator.listen({ host, port });
  console.log(banner(url, start));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
