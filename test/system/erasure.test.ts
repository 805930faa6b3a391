import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSimulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { askGraph } from '../support/graphql-client.js';
import { startRedis } from '../support/redis-server.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const PHONE = '3079911882';
const NAME = 'Wilhelmina';
/** Literals: the document itself holds the phone, and a text that is no phone. */
const QUERIES = [PHONE, NAME].map((phone) => `{ findCampaignRecords(phone: "${phone}") { id customerName } }`);

interface Replica extends ServiceProcess {
  /** How often the texts are in the memory of the process. */
  readonly copies: () => Promise<number>;
}

/** A service over a simulator that knows a person with the phone and the name. */
async function startReplicas(count: number, env: Record<string, string> = {}): Promise<Replica[]> {
  const simulator = createSimulator({ settings: { latency: { minMs: 0, maxMs: 0 } } });
  simulator.add({ campaign_id: '4821', customer_id: '77441122', customer_name: NAME, tel1: PHONE });
  const { url: upstream } = await simulator.listen();
  onTestFinished(() => simulator.close());
  const folder = mkdtempSync(path.join(tmpdir(), 'heap-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return Array.from({ length: count }, (_, index) => {
    const file = path.join(folder, `${index}.heapsnapshot`);
    // The signal makes V8 collect its garbage and write every object that is left.
    const preload = `
      import { renameSync } from 'node:fs';
      import { writeHeapSnapshot } from 'node:v8';
      process.on('SIGUSR2', () => renameSync(writeHeapSnapshot('${file}.part'), '${file}'));
    `;
    const account = { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN, WOLKVOX_BASE_URL: upstream };
    const service = startProcess({ ...account, ...env }, preload);
    return {
      ...service,
      async copies() {
        service.kill('SIGUSR2');
        await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
        const snapshot = readFileSync(file, 'latin1');
        rmSync(file);
        return snapshot.split(new RegExp(`${PHONE}|${NAME}`)).length - 1;
      },
    };
  });
}

async function askAll({ url }: Replica): Promise<void> {
  for (const query of QUERIES) await askGraph(`${await url}/graphql`, query);
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
    const [replica] = await startReplicas(1);
    if (replica === undefined) throw new Error('Expected a replica.');
    await askAll(replica);
    expect(await replica.copies()).toBeGreaterThan(QUERIES.length);
    expect(await forget(replica)).toBe(200);
    expect(await replica.copies()).toBe(0);
  });

  it('clears the documents of the other replicas, too (defect 48)', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const replicas = await startReplicas(2, { REDIS_URL: redis.url });
    const [first, second] = replicas;
    if (first === undefined || second === undefined) throw new Error('Expected two replicas.');
    await Promise.all(replicas.map(askAll));
    expect(await second.copies()).toBeGreaterThan(QUERIES.length);
    expect(await forget(first)).toBe(200);
    for (const replica of replicas) expect(await replica.copies()).toBe(0);
  });
});
