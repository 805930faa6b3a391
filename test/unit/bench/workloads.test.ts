import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { customerIdOf, phoneOf, recordsOfList, recordsOfPerson } from '../../../bench/records.js';
import { SERVERS } from '../../../bench/server-process.js';
import { BARS, CACHED_WORKLOADS, WORKLOADS, firstLists, type Workload } from '../../../bench/workloads.js';
import { createDocumentCheck } from '../../../src/graphql/document-limits.js';
import { readTypeDefs } from '../../../src/graphql/schema.js';

const schema = buildSubgraphSchema(readTypeDefs());
const idsOf = (): string[] => Array.from({ length: 1_000 }, (_, index) => `id-${index}`);

function documentsOf({ requests }: Workload): string[] {
  return requests(idsOf).map((body) => (JSON.parse(body) as { readonly query: string }).query);
}

describe('The workloads of the benchmark', () => {
  it.each(CACHED_WORKLOADS.map((workload) => [workload.name, workload] as const))(
    'have documents that the schema and the document limits accept: %s',
    (_, workload) => {
      const documents = documentsOf(workload);
      expect(documents.length).toBeGreaterThan(0);
      for (const document of documents) {
        expect(validate(schema, parse(document))).toEqual([]);
        expect(createDocumentCheck().check(document)).toBeUndefined();
      }
    },
  );

  it('have 200 different documents in the mix, and the same ones each time', () => {
    const mix = CACHED_WORKLOADS.find(({ name }) => name === 'mix');
    const documents = mix === undefined ? [] : documentsOf(mix);
    expect(new Set(documents).size).toBe(200);
    expect(mix && documentsOf(mix)).toEqual(documents);
  });

  it('have bars only for figures that are measured', () => {
    const ratios = Object.keys(SERVERS).map((name) => `÷ ${name}`);
    const others = ['calls ÷ least possible', 'refused', 'wrong', 'p50 cached, ms', 'first answer, ms'];
    for (const { workload, figure, atLeast, atMost } of BARS) {
      expect([...ratios, ...others, 'idle, MB', 'operations, MB', 'documents, MB']).toContain(figure);
      expect((atLeast === undefined) !== (atMost === undefined), `${workload}, ${figure}`).toBe(true);
    }
    expect(new Set(BARS.map(({ workload }) => workload))).toEqual(new Set(Object.keys(WORKLOADS)));
  });
});

describe('The records of the benchmark', () => {
  it('are 1,000 for each list, and no person is in two lists or among the people with a page', () => {
    const lists = [0, 1].map(recordsOfList);
    expect(lists.map(({ length }) => length)).toEqual([1_000, 1_000]);
    const ids = lists.flat().map(({ customerId }) => customerId);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids).not.toContain(customerIdOf(0));
    const first = firstLists({ rounds: 2, listsPerRound: 3 }).map(({ campaignId }) => campaignId);
    expect(new Set(first).size).toBe(9);
    expect(first).not.toContain(recordsOfList(0)[0]?.campaignId);
  });

  it('are one to three for each person, and one if the number of the person divides by three', () => {
    expect([0, 1, 2, 3].map((person) => recordsOfPerson(person).length)).toEqual([1, 2, 3, 1]);
    expect(recordsOfPerson(2).every(({ customerId }) => customerId === customerIdOf(2))).toBe(true);
    expect(recordsOfPerson(2).every(({ phones }) => phones[0] === phoneOf(2))).toBe(true);
    expect(recordsOfPerson(2)).toEqual(recordsOfPerson(2));
  });
});
