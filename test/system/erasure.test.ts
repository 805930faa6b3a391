import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { askGraph } from '../support/graphql-client.js';
import { startRedis } from '../support/redis-server.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { eventually, holdCalls } from '../support/simulator-client.js';

const PHONE = '3079911882';
const NAME = 'Wilhelmina';
/** Literals: the document itself holds the phone, and a text that is no phone. */
const LITERALS = [PHONE, NAME].map((phone) => `{ findCampaignRecords(phone: "${phone}") { id customerName } }`);
/** Their texts are kept: that of the list, that of an entity, and one whose selection has the name as an alias. */
const QUERIES = [
  'query ($phone: String!) { findCampaignRecords(phone: $phone) { id customerName phones { number } } }',
  `query ($phone: String!) { findCampaignRecords(phone: $phone) { ${NAME}: customerName } }`,
  'query ($entities: [_Any!]!) { _entities(representations: $entities) { ... on CampaignRecord { customerName } } }',
];

/** What is in the memory of a process. */
interface Memory {
  /** How often the phone and the name are there. */
  readonly copies: number;
  /** How often the name is there as a value in a text of a response. */
  readonly texts: number;
  /** How many documents hold the phone or the name as a literal. */
  readonly documents: number;
}

const NOTHING: Memory = { copies: 0, texts: 0, documents: 0 };

interface Replica extends ServiceProcess {
  readonly readMemory: () => Promise<Memory>;
}

/** Services over a simulator that knows a person with the phone and the name. */
async function startReplicas(
  count: number,
  env: Record<string, string> = {},
  morePreload = '',
): Promise<{ readonly replicas: readonly Replica[]; readonly simulator: Simulator }> {
  const simulator = createSimulator({ settings: { latency: { minMs: 0, maxMs: 0 } } });
  simulator.add({ campaign_id: '4821', customer_id: '77441122', customer_name: NAME, tel1: PHONE });
  const { url: upstream } = await simulator.listen();
  onTestFinished(() => simulator.close());
  const folder = mkdtempSync(path.join(tmpdir(), 'heap-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const replicas = Array.from({ length: count }, (_, index) => {
    const file = path.join(folder, `${index}.heapsnapshot`);
    // The signal makes V8 collect its garbage and write every object that is left.
    const preload = `
      import { renameSync } from 'node:fs';
      import { writeHeapSnapshot } from 'node:v8';
      process.on('SIGUSR2', () => renameSync(writeHeapSnapshot('${file}.part'), '${file}'));
      ${morePreload}
    `;
    const account = { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN, WOLKVOX_BASE_URL: upstream };
    const service = startProcess({ ...account, ...env }, preload);
    const readMemory = async (): Promise<Memory> => {
      service.kill('SIGUSR2');
      await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
      const snapshot = readFileSync(file, 'latin1');
      rmSync(file);
      // A snapshot is JSON, with each string once. A kept text is one string, or it has a string for each value.
      const text = new RegExp(`(?:customerName\\\\":|\\n")\\\\"${NAME}\\\\"`, 'g');
      return {
        copies: countIn(snapshot, new RegExp(`${PHONE}|${NAME}`, 'g')),
        texts: countIn(snapshot, text),
        documents: countIn(snapshot, new RegExp(`findCampaignRecords\\(phone: \\\\"(?:${PHONE}|${NAME})`, 'g')),
      };
    };
    return { ...service, readMemory };
  });
  return { replicas, simulator };
}

function countIn(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

async function askAll({ url }: Replica): Promise<void> {
  const graph = `${await url}/graphql`;
  for (const query of LITERALS) await askGraph(graph, query);
  const { data } = await askGraph(graph, '{ findCampaignRecords(campaignId: "4821", customerId: "77441122") { id } }');
  const [record] = data?.['findCampaignRecords'] as readonly [{ readonly id: string }];
  const entities = [{ __typename: 'CampaignRecord', ...record }];
  // Twice, so that kept texts are used.
  for (const query of [...QUERIES, ...QUERIES]) {
    const { errors } = await askGraph(graph, query, { phone: PHONE, entities });
    expect(errors).toEqual([]);
  }
}

async function forget({ url }: Replica): Promise<number> {
  const response = await fetch(`${await url}/forget`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ phone: PHONE }),
  });
  await response.body?.cancel();
  return response.status;
}

describe('an erasure', () => {
  it('leaves no text of the person in the memory of the process, documents included (defect 48)', async () => {
    const {
      replicas: [replica],
    } = await startReplicas(1);
    if (replica === undefined) throw new Error('Expected a replica.');
    await askAll(replica);
    const before = await replica.readMemory();
    expect(before.copies).toBeGreaterThan(LITERALS.length);
    expect(before.texts).toBeGreaterThan(0);
    expect(await forget(replica)).toBe(200);
    expect(await replica.readMemory()).toEqual(NOTHING);
  });

  it('of documents alone comes after an hour (defect 48)', async () => {
    // The hour of the process is half a second.
    const shortHour = `
      const { setInterval } = globalThis;
      globalThis.setInterval = (work, ms, ...rest) => setInterval(work, ms === 3_600_000 ? 500 : ms, ...rest);
    `;
    const [ofAnHour, ofHalfASecond] = [
      ...(await startReplicas(1)).replicas,
      ...(await startReplicas(1, {}, shortHour)).replicas,
    ];
    if (ofAnHour === undefined || ofHalfASecond === undefined) throw new Error('Expected two replicas.');
    await Promise.all([askAll(ofAnHour), askAll(ofHalfASecond)]);
    await sleep(1_000);
    expect((await ofAnHour.readMemory()).documents).toBeGreaterThanOrEqual(LITERALS.length);
    const { documents, copies } = await ofHalfASecond.readMemory();
    expect(documents).toBe(0);
    // The answers are cached.
    expect(copies).toBeGreaterThan(0);
  });

  it('leaves no text of an operation that was under way', async () => {
    const { replicas, simulator } = await startReplicas(1);
    const [replica] = replicas;
    if (replica === undefined) throw new Error('Expected a replica.');
    const calls = holdCalls(simulator);
    const [query = ''] = QUERIES;
    const response = askGraph(`${await replica.url}/graphql`, query, { phone: PHONE });
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    expect(await forget(replica)).toBe(200);
    calls.open();
    expect((await response).data).toMatchObject({ findCampaignRecords: [{ customerName: NAME }] });
    expect(await replica.readMemory()).toEqual(NOTHING);
  });

  it('clears the documents of the other replicas, too (defect 48)', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const { replicas } = await startReplicas(2, { REDIS_URL: redis.url });
    const [first, second] = replicas;
    if (first === undefined || second === undefined) throw new Error('Expected two replicas.');
    await Promise.all(replicas.map(askAll));
    expect((await second.readMemory()).copies).toBeGreaterThan(LITERALS.length);
    expect(await forget(first)).toBe(200);
    const after = await Promise.all(replicas.map((replica) => replica.readMemory()));
    expect(after).toEqual(replicas.map(() => NOTHING));
  });
});
