import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, askRecords, firstDifference, keyOf, startWolkvox, type GraphRecord, type Wolkvox } from './answers.js';
import { prepareRequest, type PreparedRequest } from './load.js';
import type { Plan, Progress } from './result.js';
import { SERVERS, startServer, type ServerName, type ServerProcess } from './server-process.js';
import {
  ALL_FIELDS,
  CACHED_WORKLOADS,
  LIST,
  firstLists,
  listRequest,
  type Criteria,
  type WorkloadName,
} from './workloads.js';

/** The servers with the same answers in their memory, and the requests that they answer equally. */

/** The cached answers of the runs, in megabytes. The default is less than the lists need. */
const SUBGRAPH_ENV = { CACHE_TTL_SECONDS: '86400', CACHE_MAX_MB: '2000' };

/** What is sent to each server, with the right answers. */
export interface PreparedServers {
  readonly servers: readonly ServerProcess[];
  /** The bodies of a workload's requests. */
  readonly bodies: ReadonlyMap<WorkloadName, readonly string[]>;
  /** The right answer to each body. */
  readonly answers: ReadonlyMap<string, unknown>;
  /** The answer to each lookup. */
  readonly records: ReadonlyMap<string, readonly GraphRecord[]>;
  readonly close: () => Promise<void>;
}

/** Starts the servers, and fills them with the same answers. */
export async function prepareServers(
  names: readonly WorkloadName[],
  plan: Plan,
  progress: Progress,
  references: readonly ServerName[],
): Promise<PreparedServers> {
  const workloads = CACHED_WORKLOADS.filter(({ name }) => names.includes(name));
  const lists = names.includes('list-first') ? firstLists(plan) : [];
  const lookups = [LIST, ...workloads.flatMap((workload) => workload.lookups), ...lists];
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const wolkvox = await startWolkvox({ lists: 1 + lists.length });
  const servers: ServerProcess[] = [];
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await wolkvox.simulator.close();
    removeFolder();
  };
  try {
    progress('Reads the answers');
    const source = await startServer('subgraph', { source: wolkvox.url, env: SUBGRAPH_ENV });
    servers.push(source);
    const found = await readRecords(source, lookups, wolkvox);
    await source.stop();

    const subgraph = await startServer('subgraph', { source: wolkvox.url, env: SUBGRAPH_ENV });
    servers.splice(0, 1, subgraph);
    const records = await cacheRecords(subgraph, lookups, found);
    const idsOf = (lookup: Criteria): string[] => (records.get(keyOf(lookup)) ?? []).map(({ id }) => id);
    const bodies = new Map<WorkloadName, readonly string[]>(
      workloads.map((workload) => [workload.name, workload.requests(idsOf)]),
    );
    bodies.set('list-first', [listRequest(LIST)]);
    const texts = await readTexts(subgraph, [...bodies.values()].flat());

    progress('Starts the references');
    writeFileSync(join(folder, 'answers.json'), JSON.stringify(Object.fromEntries(records)));
    writeFileSync(join(folder, 'texts.json'), JSON.stringify(Object.fromEntries(texts)));
    const starting = references.map((name) =>
      startServer(name, { source: join(folder, name === 'constant' ? 'texts.json' : 'answers.json') }),
    );
    const started = await Promise.allSettled(starting);
    for (const outcome of started) if (outcome.status === 'fulfilled') servers.push(outcome.value);
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
    const answers = new Map([...texts].map(([body, text]) => [body, JSON.parse(text) as unknown]));
    return { servers, bodies, answers, records, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The records of the lookups, from another process of the subgraph than the one that is measured. So that one has made
 * no id and written no record before.
 *
 * @throws Error if the subgraph answers something else than Wolkvox has
 */
async function readRecords(
  source: ServerProcess,
  lookups: readonly Criteria[],
  wolkvox: Wolkvox,
): Promise<Map<string, readonly GraphRecord[]>> {
  const records = new Map<string, readonly GraphRecord[]>();
  for (const lookup of lookups) {
    if (records.has(keyOf(lookup))) continue;
    const found = await askRecords(source.url, lookup, ALL_FIELDS);
    const withoutOwn = found.map((record) => ({ ...record, id: undefined, fetchedAt: undefined }));
    const right = wolkvox.find(lookup).map((record) => ({ ...record, id: undefined, fetchedAt: undefined }));
    const difference = firstDifference(withoutOwn, right);
    if (difference !== undefined) throw new Error(`The subgraph answers another record than Wolkvox: ${difference}.`);
    records.set(keyOf(lookup), found);
  }
  return records;
}

/**
 * Lets a subgraph cache the answers. It writes only their time, so it has written no list of the timed documents.
 *
 * @returns the records with the time of this subgraph's answers
 */
async function cacheRecords(
  subgraph: ServerProcess,
  lookups: readonly Criteria[],
  found: ReadonlyMap<string, readonly GraphRecord[]>,
): Promise<Map<string, readonly GraphRecord[]>> {
  const records = new Map<string, readonly GraphRecord[]>();
  for (const lookup of lookups) {
    if (records.has(keyOf(lookup))) continue;
    const [first] = await askRecords(subgraph.url, lookup, 'fetchedAt');
    const fetchedAt = first?.['fetchedAt'];
    records.set(
      keyOf(lookup),
      (found.get(keyOf(lookup)) ?? []).map((record) => ({ ...record, fetchedAt })),
    );
  }
  return records;
}

/** The subgraph's answers to the bodies. @throws Error if one of them has errors */
async function readTexts(subgraph: ServerProcess, bodies: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const body of bodies) {
    const text = await ask(subgraph.url, body);
    const { errors } = JSON.parse(text) as { readonly errors?: unknown };
    if (errors !== undefined) throw new Error(`The subgraph answers with an error: ${text.slice(0, 300)}`);
    texts.set(body, text);
  }
  return texts;
}

/**
 * Compares a server's answers with the right ones.
 *
 * @returns the requests, with the lengths of the server's own answers
 * @throws Error if an answer differs
 */
export async function checkAnswers(
  server: ServerProcess,
  { bodies, answers }: Pick<PreparedServers, 'bodies' | 'answers'>,
): Promise<Map<string, PreparedRequest>> {
  const requests = new Map<string, PreparedRequest>();
  for (const body of [...bodies.values()].flat()) {
    const text = await ask(server.url, body);
    compareAnswer(server, text, answers.get(body));
    requests.set(body, prepareRequest(server.url, body, Buffer.byteLength(text)));
  }
  return requests;
}

/** @throws Error if the text is another answer, with the path of the first difference */
export function compareAnswer(server: ServerProcess, text: string, answer: unknown): void {
  const difference = firstDifference(JSON.parse(text), answer);
  if (difference === undefined) return;
  throw new Error(
    `${SERVERS[server.name]} gives another answer than the subgraph, at ${difference}: ${text.slice(0, 300)}`,
  );
}
