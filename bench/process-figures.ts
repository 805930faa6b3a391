import { setTimeout as wait } from 'node:timers/promises';
import { ask, startWolkvox } from './answers.js';
import { measureLoad, prepareRequest } from './load.js';
import { customerIdOf } from './records.js';
import type { Plan, Progress, Result, Row } from './result.js';
import { SERVERS, startServer, type ServerName, type ServerProcess } from './server-process.js';
import { median } from './statistics.js';
import { ALL_FIELDS, bodyOf, entitiesRequest, WORKLOADS, type Criteria, type WorkloadName } from './workloads.js';

/** How long the subgraph takes to start, and how much memory it needs. Beside it a plain Apollo Server. */

const NAMES = ['subgraph', 'apollo'] as const;
/** Until the memory of a server that has started does not change any more. */
const IDLE_MS = 2_000;
const CONNECTIONS = 16;
/** Operations before the first reading: code is compiled then, and buffers have their size. */
const WARM_UP_OPERATIONS = 3_000;

/** From the start of the process to the first answer, on all cores. */
export async function measureStart({ starts }: Plan, progress: Progress): Promise<Result> {
  const { simulator, url: source } = await startWolkvox({});
  const times = new Map(NAMES.map((name) => [name, [] as number[]]));
  try {
    for (let round = 1; round <= starts; round += 1) {
      for (const [name, values] of times) {
        progress(WORKLOADS.start, `round ${round}, ${SERVERS[name]}`);
        const startedAt = performance.now();
        const server = await startServer(name, { source, onAllCores: true });
        await ask(server.url, entitiesRequest([personAt(0)], 'campaignId'));
        values.push(performance.now() - startedAt);
        await server.stop();
      }
    }
  } finally {
    await simulator.close();
  }
  const rows = NAMES.map((name) => rowOf(name, [median(times.get(name) ?? [])]));
  return toResult('start', ['first answer, ms'], rows);
}

/** Memory after the start. For the subgraph also how much it grows by many operations, and by different documents. */
export async function measureMemory(plan: Plan, progress: Progress): Promise<Result> {
  const { simulator, url: source } = await startWolkvox({});
  try {
    const idle: number[] = [];
    for (const name of NAMES) {
      progress(WORKLOADS.memory, `idle, ${SERVERS[name]}`);
      idle.push(await readIdleMb(name, source));
    }
    const [ofSubgraph = NaN, ofApollo = NaN] = idle;
    const growth = await readGrowthMb(source, plan, progress);
    const rows = [rowOf('subgraph', [ofSubgraph, ...growth]), rowOf('apollo', [ofApollo, NaN, NaN])];
    return toResult('memory', ['idle, MB', 'operations, MB', 'documents, MB'], rows);
  } finally {
    await simulator.close();
  }
}

async function readIdleMb(name: ServerName, source: string): Promise<number> {
  const server = await startServer(name, { source });
  await ask(server.url, entitiesRequest([personAt(0)], 'campaignId'));
  await wait(IDLE_MS);
  const megabytes = server.residentMb();
  await server.stop();
  return megabytes;
}

/** What a subgraph holds more, after garbage collections: after the operations, and then after the documents. */
async function readGrowthMb(source: string, plan: Plan, progress: Progress): Promise<[number, number]> {
  const server = await startServer('subgraph', { source, inspected: true });
  try {
    await sendOperations(server, WARM_UP_OPERATIONS);
    const before = await server.heldMb();
    progress(WORKLOADS.memory, `${plan.operations.toLocaleString('en')} operations`);
    await sendOperations(server, plan.operations);
    const between = await server.heldMb();
    progress(WORKLOADS.memory, `${plan.documents.toLocaleString('en')} different documents`);
    await sendDocuments(server, plan.documents);
    return [between - before, (await server.heldMb()) - between];
  } finally {
    await server.stop();
  }
}

/** Operations about 50 people, whose answers are cached. */
async function sendOperations({ url }: ServerProcess, count: number): Promise<void> {
  const people = Array.from({ length: 50 }, (_, index) => personAt(index));
  const bodies = [entitiesRequest(people), ...people.map((person) => entitiesRequest([person]))];
  const requests = [];
  for (const body of bodies) requests.push(prepareRequest(url, body, Buffer.byteLength(await ask(url, body))));
  await measureLoad(url, requests, { connections: CONNECTIONS, count });
}

/** Documents that differ in one alias, of the same length. */
async function sendDocuments({ url }: ServerProcess, count: number): Promise<void> {
  const answerBytes = Buffer.byteLength(await ask(url, documentAt(0)));
  const requests = Array.from({ length: count }, (_, index) => prepareRequest(url, documentAt(index), answerBytes));
  await measureLoad(url, requests, { connections: CONNECTIONS, count });
}

function documentAt(index: number): string {
  const { customerId = '' } = personAt(0);
  const alias = `a${String(index).padStart(6, '0')}`;
  const field = `findCampaignRecords(customerId: "${customerId}") { ${ALL_FIELDS} }`;
  return bodyOf(`{ ${alias}: ${field} other: ${field} third: ${field} }`);
}

/** A person with one record. */
function personAt(index: number): Criteria {
  return { customerId: customerIdOf(3 * index) };
}

function rowOf(name: ServerName, values: readonly number[]): Row {
  return { title: SERVERS[name], isSubgraph: name === 'subgraph', values };
}

function toResult(workload: WorkloadName, titles: readonly string[], rows: readonly Row[]): Result {
  const values = rows.find(({ isSubgraph }) => isSubgraph)?.values ?? [];
  return {
    workload,
    columns: titles.map((title) => ({ title, plotted: true })),
    rows,
    figures: Object.fromEntries(titles.map((title, index) => [title, values[index] ?? NaN])),
  };
}
