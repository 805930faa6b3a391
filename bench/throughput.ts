import { ask, keyOf } from './answers.js';
import { measureLoad, type PreparedRequest, type Throughput } from './load.js';
import { checkAnswers, compareAnswer, prepareServers, type PreparedServers } from './prepared-servers.js';
import type { Plan, Progress, Result } from './result.js';
import { SERVERS, type ServerName, type ServerProcess } from './server-process.js';
import { median } from './statistics.js';
import { CACHED_WORKLOADS, firstLists, listRequest, WORKLOADS, type Criteria, type WorkloadName } from './workloads.js';

/** Requests a second of all servers, over answers that are cached. */

const REFERENCES = (Object.keys(SERVERS) as ServerName[]).filter((name) => name !== 'subgraph');
/** Lists are asked for two at a time, so that the server never waits for the client. */
const FIRST_LISTS_AT_ONCE = 2;
/** Some servers compile a document only when it comes again. */
const WARM_UP_REQUESTS = 3;

/** @throws Error if a server gives another answer than the subgraph */
export async function measureThroughput(
  names: readonly WorkloadName[],
  plan: Plan,
  progress: Progress,
  references: readonly ServerName[] = REFERENCES,
): Promise<Result[]> {
  const prepared = await prepareServers(names, plan, progress, references);
  try {
    const checked = new Map<ServerProcess, ReadonlyMap<string, PreparedRequest>>();
    for (const server of prepared.servers) {
      progress('Compares the answers', SERVERS[server.name]);
      checked.set(server, await checkAnswers(server, prepared));
    }
    const results: Result[] = [];
    for (const workload of CACHED_WORKLOADS.filter(({ name }) => names.includes(name))) {
      const { connections } = workload;
      const warmUpMs = results.length === 0 ? plan.firstWarmUpMs : plan.warmUpMs;
      const bodies = prepared.bodies.get(workload.name) ?? [];
      const rounds = await measureRounds(prepared.servers, plan, async (server, round) => {
        progress(workload.title, `${nameOf(round)}, ${SERVERS[server.name]}`);
        const requests = bodies.flatMap((body) => checked.get(server)?.get(body) ?? []);
        if (round > 0) return measureLoad(server.url, requests, { connections, ms: plan.roundMs });
        await measureLoad(server.url, requests, { connections, count: WARM_UP_REQUESTS * bodies.length });
        return measureLoad(server.url, requests, { connections, ms: warmUpMs });
      });
      results.push(toResult(workload.name, rounds));
    }
    if (names.includes('list-first')) results.push(await measureFirstLists(prepared, plan, progress));
    return results;
  } finally {
    await prepared.close();
  }
}

/** What a server did in the rounds. */
interface Rounds {
  readonly server: ServerName;
  readonly rates: readonly number[];
  /** CPU time of the server in all rounds, in milliseconds, and the requests of all rounds. */
  readonly cpuMs: number;
  readonly requests: number;
}

/**
 * Measures one server after the other in each round, so that a busy moment of the machine hits all of them.
 *
 * @param measure called with round 0 for the warm-up
 */
async function measureRounds(
  servers: readonly ServerProcess[],
  plan: Plan,
  measure: (server: ServerProcess, round: number) => Promise<Throughput>,
): Promise<Rounds[]> {
  const rounds = new Map(servers.map((server) => [server, { rates: [] as number[], cpuMs: 0, requests: 0 }]));
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const [server, sums] of rounds) {
      const cpuMs = server.cpuMs();
      const { requests, seconds } = await measure(server, round);
      if (round === 0) continue;
      sums.rates.push(requests / seconds);
      sums.cpuMs += server.cpuMs() - cpuMs;
      sums.requests += requests;
    }
  }
  return [...rounds].map(([{ name }, sums]) => ({ server: name, ...sums }));
}

/** Every server but the constant one writes lists that it has cached and never written. */
async function measureFirstLists(
  { servers, records }: PreparedServers,
  plan: Plan,
  progress: Progress,
): Promise<Result> {
  const lists = firstLists(plan);
  const writers = servers.filter(({ name }) => name !== 'constant');
  const rounds = await measureRounds(writers, plan, async (server, round) => {
    progress(WORKLOADS['list-first'], `${nameOf(round)}, ${SERVERS[server.name]}`);
    const lookups = lists.slice(round * plan.listsPerRound, (round + 1) * plan.listsPerRound);
    const startedAt = performance.now();
    const texts = await askLists(server, lookups);
    const seconds = (performance.now() - startedAt) / 1_000;
    for (const [lookup, text] of texts) {
      compareAnswer(server, text, { data: { findCampaignRecords: records.get(keyOf(lookup)) } });
    }
    return { requests: lookups.length, seconds };
  });
  return toResult('list-first', rounds);
}

function nameOf(round: number): string {
  return round === 0 ? 'warm-up' : `round ${round}`;
}

async function askLists(server: ServerProcess, lookups: readonly Criteria[]): Promise<Map<Criteria, string>> {
  const texts = new Map<Criteria, string>();
  const waiting = [...lookups];
  const work = async (): Promise<void> => {
    for (let lookup = waiting.shift(); lookup !== undefined; lookup = waiting.shift()) {
      texts.set(lookup, await ask(server.url, listRequest(lookup)));
    }
  };
  await Promise.all(Array.from({ length: FIRST_LISTS_AT_ONCE }, work));
  return texts;
}

function toResult(workload: WorkloadName, rounds: readonly Rounds[]): Result {
  const rateOf = (server: ServerName): number => median(rounds.find((one) => one.server === server)?.rates ?? []);
  return {
    workload,
    columns: [
      { title: 'requests a second', plotted: true },
      { title: 'slowest round', plotted: false },
      { title: 'fastest round', plotted: false },
      { title: 'CPU µs a request', plotted: false },
      { title: 'subgraph ÷ it', plotted: false },
    ],
    rows: rounds.map(({ server, rates, cpuMs, requests }) => ({
      title: SERVERS[server],
      isSubgraph: server === 'subgraph',
      values: [
        median(rates),
        Math.min(...rates),
        Math.max(...rates),
        (1_000 * cpuMs) / requests,
        rateOf('subgraph') / median(rates),
      ],
    })),
    figures: Object.fromEntries(rounds.map(({ server }) => [`÷ ${server}`, rateOf('subgraph') / rateOf(server)])),
  };
}
