import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createRandom } from '../src/simulator/random.js';
import type { Simulator } from '../src/simulator/server.js';
import { ask, startWolkvox } from './answers.js';
import { customerIdOf, recordsOfPerson, toGraph } from './records.js';
import type { Plan, Progress, Result } from './result.js';
import { SERVERS, startServer, type ServerName } from './server-process.js';
import { createZipf, percentile } from './statistics.js';
import { entitiesRequest, WORKLOADS } from './workloads.js';

/**
 * A real page: 200 people work with a page that shows the records of a person. Each of them opens the next one 12 s
 * after the last one. Zipf's law decides which person it is. A call to Wolkvox takes 300 ms.
 */

const CLIENTS = 200;
const PEOPLE = 2_000;
const LATENCY_MS = 300;
/** 200 clients open 1,000 pages a minute, of about 400 people. Wolkvox can answer 400 calls a minute. */
const INTERVAL_MS = 12_000;
const FIELDS =
  'campaignId customerId customerName customerLastName opts { position name value } phones { position number } ' +
  'date calls result outcome';
const FIELD_NAMES = FIELDS.replace(/ \{[^}]*\}/g, '').split(' ');

interface Visit {
  readonly person: number;
  readonly ms: number;
  /** Whether the person's records had been answered before the request was sent. */
  readonly isCached: boolean;
  readonly isRight: boolean;
}

interface PageRun {
  readonly url: string;
  readonly startedAt: number;
  readonly endsAt: number;
  readonly visits: Visit[];
  /** The people whose records were answered. */
  readonly answered: Set<number>;
}

const COLUMNS = [
  ...['pages', 'calls', 'least possible calls', 'refused', 'wrong'],
  ...['p50, ms', 'p95, ms', 'p99, ms', 'p50 cached, ms'],
] as const;

/** The subgraph and a plain Apollo Server at the same time, each with a Wolkvox of its own. */
export async function measurePage({ pageMs }: Plan, progress: Progress): Promise<Result> {
  progress(WORKLOADS.page, `${pageMs / 1_000} s, and the time until all clients have their answers`);
  const names = ['subgraph', 'apollo'] as const;
  const figures = await Promise.all(names.map((name) => measureServer(name, pageMs)));
  const [ours] = figures;
  if (ours === undefined) throw new Error('The subgraph was not measured.');
  return {
    workload: 'page',
    columns: COLUMNS.map((title) => ({ title, plotted: ['calls', 'p50, ms', 'p95, ms', 'p99, ms'].includes(title) })),
    rows: names.map((name, index) => ({
      title: SERVERS[name],
      isSubgraph: name === 'subgraph',
      values: COLUMNS.map((title) => figures[index]?.[title] ?? NaN),
    })),
    figures: { ...ours, 'calls ÷ least possible': ours.calls / ours['least possible calls'] },
  };
}

async function measureServer(name: ServerName, pageMs: number): Promise<Record<(typeof COLUMNS)[number], number>> {
  const { simulator, url: source } = await startWolkvox({ latencyMs: LATENCY_MS });
  const server = await startServer(name, { source });
  try {
    const startedAt = performance.now();
    const run: PageRun = {
      ...{ url: server.url, startedAt, endsAt: startedAt + pageMs },
      ...{ visits: [], answered: new Set<number>() },
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => runClient(client, run)));
    return figuresOf(run, simulator);
  } finally {
    await server.stop();
    await simulator.close();
  }
}

/** The first pages of the clients are spread over the interval. */
async function runClient(client: number, run: PageRun): Promise<void> {
  const random = createRandom(client);
  const nextPerson = createZipf(PEOPLE, () => random(1_000_000) / 1_000_000);
  let dueAt = run.startedAt + (client / CLIENTS) * INTERVAL_MS;
  while (dueAt < run.endsAt) {
    await wait(dueAt - performance.now());
    run.visits.push(await visit(nextPerson(), run));
    dueAt = Math.max(dueAt + INTERVAL_MS, performance.now());
  }
}

async function visit(person: number, { url, answered }: PageRun): Promise<Visit> {
  const customerId = customerIdOf(person);
  const isCached = answered.has(person);
  const sentAt = performance.now();
  const text = await ask(url, entitiesRequest([{ customerId }], FIELDS, 'Page'));
  const ms = performance.now() - sentAt;
  answered.add(person);
  const campaignRecords = recordsOfPerson(person).map((record) => {
    const fields = toGraph(record);
    return Object.fromEntries(FIELD_NAMES.map((name) => [name, fields[name]]));
  });
  const right = { data: { _entities: [{ customerId, campaignRecords }] } };
  return { person, ms, isCached, isRight: isDeepStrictEqual(JSON.parse(text), right) };
}

function figuresOf({ visits }: PageRun, { requestLog }: Simulator): Record<(typeof COLUMNS)[number], number> {
  const all = visits.map(({ ms }) => ms);
  const cached = visits.filter(({ isCached }) => isCached).map(({ ms }) => ms);
  return {
    pages: visits.length,
    calls: requestLog.counts.calls,
    'least possible calls': new Set(visits.map(({ person }) => person)).size,
    refused: requestLog.refusedThird,
    wrong: visits.filter(({ isRight }) => !isRight).length,
    'p50, ms': percentile(all, 50),
    'p95, ms': percentile(all, 95),
    'p99, ms': percentile(all, 99),
    'p50 cached, ms': percentile(cached, 50),
  };
}
