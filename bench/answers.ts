import { isDeepStrictEqual } from 'node:util';
import { createSimulator, type Simulator } from '../src/simulator/server.js';
import { recordsOfList, recordsOfPerson, toGraph, toWire } from './records.js';
import { bodyOf, type Criteria } from './workloads.js';

/** The answers that all servers give. */

/** A record with all fields of the graph. */
export type GraphRecord = Readonly<Record<string, unknown>> & { readonly id: string };

/** People of `recordsOfPerson` that Wolkvox knows. */
const PEOPLE = 3_100;

export interface Wolkvox {
  readonly simulator: Simulator;
  readonly url: string;
  /** The records of a lookup with the fields of the graph, without those that only the service knows. */
  find(lookup: Criteria): object[];
}

/** Starts the simulated Wolkvox of the benchmark in this process. */
export async function startWolkvox({ lists = 0, latencyMs = 0 }): Promise<Wolkvox> {
  const latency = { minMs: latencyMs, maxMs: latencyMs };
  const simulator = createSimulator({ settings: { latency, dailyLimit: null, gzip: false } });
  const records = [
    ...Array.from({ length: PEOPLE }, (_, person) => recordsOfPerson(person)).flat(),
    ...Array.from({ length: lists }, (_, list) => recordsOfList(list)).flat(),
  ];
  for (const record of records) simulator.add(toWire(record));
  const { url } = await simulator.listen();
  return {
    simulator,
    url,
    find: ({ campaignId, customerId, phone }) =>
      records
        .filter((record) => campaignId === undefined || record.campaignId === campaignId)
        .filter((record) => customerId === undefined || record.customerId === customerId)
        .filter((record) => phone === undefined || record.phones.includes(phone))
        .map(toGraph),
  };
}

/** @throws Error if the status is not 200 */
export async function ask(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

/** Asks a subgraph for the records of a lookup. @throws Error if there are none */
export async function askRecords(url: string, lookup: Criteria, fields: string): Promise<readonly GraphRecord[]> {
  const query = `query Source($phone: String, $customerId: ID, $campaignId: ID) {
    findCampaignRecords(phone: $phone, customerId: $customerId, campaignId: $campaignId) { ${fields} }
  }`;
  const text = await ask(url, bodyOf(query, { ...lookup }));
  const { data } = JSON.parse(text) as { readonly data?: { readonly findCampaignRecords: GraphRecord[] | null } };
  const records = data?.findCampaignRecords ?? [];
  if (records.length === 0) throw new Error(`The subgraph must find records; it answers ${text.slice(0, 300)}`);
  return records;
}

/** The name of a lookup in the file of answers. `bench/servers/graph.mjs` reads the same. */
export function keyOf({ campaignId, customerId, phone }: Criteria): string {
  return JSON.stringify([campaignId ?? null, customerId ?? null, phone ?? null]);
}

/** The path of the first difference of two JSON values, such as `data.findCampaignRecords.0.id`; undefined: none. */
export function firstDifference(one: unknown, other: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(one, other)) return undefined;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return path;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  const valueIn = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name];
  for (const name of names) {
    const inner = path === '' ? name : `${path}.${name}`;
    const found = firstDifference(valueIn(one, name), valueIn(other, name), inner);
    if (found !== undefined) return found;
  }
  // An array and an object, for example.
  return path;
}
