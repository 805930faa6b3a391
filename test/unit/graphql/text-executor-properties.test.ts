/**
 * The text executor and graphql-js must write the same bytes. Every operation runs through both, over the same answers:
 * those of the repository's own documents and tests, and generated ones.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Kind, getNamedType, parse, typeFromAST, validate, type DocumentNode, type ExecutionResult } from 'graphql';
import ts from 'typescript';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lookupKey, type Lookup } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import { requestsOver } from '../../soak/fuzz-operations.js';
import { campaign } from '../../support/campaigns.js';
import {
  createExecutors,
  iterations,
  type Behaviour,
  type Executors,
  type ExecutorsOptions,
  type Request,
} from '../../support/executors.js';
import { operationsOver, type Pools } from '../../support/generated-operations.js';
import { campaignRecord } from '../../support/record.js';

const SEED = 20_261_128;
const OPERATIONS = 400;
const TIMEOUT_MS = 300_000;
const ROOT = new URL('../../../', import.meta.url);

/** Texts that JSON escapes, or may not be cut. Half of a surrogate pair is written as an escape. */
const ODD_TEXTS = [
  'a "quoted" \\ text\n\t\u0000\u001f\u007f',
  'María Fernanda ñandú 👩‍👧 𝄞 漢字',
  'half \ud83d and \udc69 and \udc69\ud83d',
  '\u2028\u2029\ufeff\uffff</script>',
  '__proto__',
  '',
];

const RECORDS: readonly CampaignRecord[] = [
  campaignRecord(),
  campaignRecord({ customerId: 'CC 1', customerName: 'Ana', calls: 0, outcome: 'CLEAN' }),
  campaignRecord({
    campaignId: '7203',
    ...{ customerId: 'CC 1', customerName: ODD_TEXTS[0] ?? '', customerLastName: ODD_TEXTS[1] ?? '', calls: 2 },
    opts: Array.from({ length: 12 }, (_, index) => ODD_TEXTS[index] ?? null),
    phones: [1, 4].map((position) => ({ position, number: `573001234${position}00` })),
    address: { country: 'Colombia', state: null, city: ODD_TEXTS[2] ?? '', zone: null, address: 'Calle 1 # 2-3' },
    ...{ date: '2026-11-20T09:30:00-05:00', connId: '1732112345.88213', result: ODD_TEXTS[3] ?? '', outcome: 'ANSWER' },
  }),
  campaignRecord({ campaignId: '7203', customerId: 'ñ-2', phones: [{ position: 1, number: '3001234100' }] }),
  campaignRecord({ campaignId: '10277', customerId: 'ñ-2', date: '2026-11-21T09:30:00-05:00', outcome: 'OTHER' }),
  // Wolkvox left out its campaign.
  campaignRecord({
    campaignId: '',
    customerId: 'CC 3',
    outcome: 'BUSY',
    phones: [{ position: 2, number: '3019999999' }],
  }),
];
const CAMPAIGNS = [
  campaign({ campaignId: '4821', name: 'Cobranza "A"', type: 'PREDICTIVE', status: 'STARTED', recordCount: 2 }),
  campaign({ campaignId: '7203', description: ODD_TEXTS[1] ?? '', lastUsedAt: '2026-11-20T09:30:00-05:00' }),
];

const EXECUTORS = {
  'with kept texts': { records: RECORDS, campaigns: CAMPAIGNS },
  'with room for few texts': { records: RECORDS, campaigns: CAMPAIGNS, textBytes: 20_000 },
  'without kept texts': { records: RECORDS, campaigns: CAMPAIGNS, textBytes: 0 },
} as const;

function poolsOf({ ids }: Executors): Pools {
  const answer = { records: RECORDS, sentAt: 0, source: 'wolkvox' } as const;
  return {
    phones: ['3001234100', '+57 (300) 123-4400', '3019999999', '3000000000', '12'],
    customerIds: ['CC 1', 'ñ-2', 'CC 3', 'nobody'],
    campaignIds: ['4821', '7203', '07203', '10277', '999'],
    recordIds: [...RECORDS.map((_, index) => ids.idOf(answer, index)), 'no id'],
    names: ['opt1', ' OPT4 ', 'opt12', 'opt13', ODD_TEXTS[1] ?? ''],
  };
}

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => process.on('unhandledRejection', onUnhandled));
beforeEach(() => (unhandled.length = 0));
afterAll(() => process.off('unhandledRejection', onUnhandled));

/** What the text executor did with operations. */
interface Counts {
  written: number;
  left: number;
  failed: number;
}

/** Executes an operation in both ways: twice, so that kept texts are used, and then with the other conditions. */
async function compare(executors: Executors, request: Request, counts: Counts): Promise<void> {
  for (const each of [request, request, withOtherConditions(request)]) await compareOnce(executors, each, counts);
}

/** The same document, with the opposite of each variable that is true or false. */
function withOtherConditions({ variables = {}, ...request }: Request): Request {
  const others = Object.entries(variables).map(([name, value]) => [name, typeof value === 'boolean' ? !value : value]);
  return { ...request, variables: Object.fromEntries(others) as Record<string, unknown> };
}

async function compareOnce(executors: Executors, request: Request, counts: Counts): Promise<void> {
  const { context, end } = executors.begin();
  const text = await executors.write(request, context);
  // Apollo Server executes the operation again in the same context.
  const again = text === undefined ? await executors.resolve(request, context) : undefined;
  end();
  const result = await executors.resolve(request);
  const where = JSON.stringify(request);
  const hasFailed = result.errors !== undefined;
  if (hasFailed) expect(text, where).toBeUndefined();
  else if (text !== undefined) expect(text, where).toBe(JSON.stringify(result.data));
  else expect(isLeft(request), where).toBe(true);
  if (again !== undefined) expect(comparable(again), where).toEqual(comparable(result));
  counts.written += text === undefined ? 0 : 1;
  counts.left += text === undefined && !hasFailed ? 1 : 0;
  counts.failed += hasFailed ? 1 : 0;
}

/** Whether the text executor may leave an operation that succeeds: introspection, and null for a directive. */
function isLeft({ query, variables = {} }: Request): boolean {
  return /__schema|__type\b/.test(query) || Object.values(variables).includes(null);
}

/** The order of errors depends on the time at which they occur. */
function comparable({ data, errors = [] }: ExecutionResult): object {
  const texts = errors.map(({ message, path }) => JSON.stringify([path, message])).sort();
  return { data: JSON.stringify(data), errors: texts };
}

describe.each(Object.entries(EXECUTORS))('The text executor %s', (_, options) => {
  it(
    'writes what graphql-js and JSON.stringify write, of generated operations',
    async () => {
      const { executors, operations } = generated(options, ['is cached', 'is cached', 'answers', 'answers later']);
      const counts: Counts = { written: 0, left: 0, failed: 0 };
      await fc.assert(
        fc.asyncProperty(operations, async (request) => {
          const document = parse(request.query);
          expect(validate(executors.executable.schema, document), request.query).toEqual([]);
          await compare(executors, request, counts);
        }),
        { numRuns: OPERATIONS, seed: SEED },
      );
      expect(counts.written).toBeGreaterThan(2.2 * OPERATIONS);
      expect(counts.failed).toBeGreaterThan(0.01 * OPERATIONS);
      expect(counts.left).toBeGreaterThan(0);
      expect(unhandled).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'writes what graphql-js and JSON.stringify write, while lookups fail or are slow',
    async () => {
      const behaviours: Behaviour[] = ['is cached', 'answers', 'answers later', 'fails', 'fails later'];
      const { executors, operations } = generated(options, behaviours);
      const counts: Counts = { written: 0, left: 0, failed: 0 };
      await fc.assert(
        fc.asyncProperty(operations, async (request) => {
          await compare(executors, request, counts);
          // A lookup that nobody waits for any more ends, too.
          await iterations(5);
        }),
        { numRuns: OPERATIONS, seed: SEED },
      );
      expect(counts.written).toBeGreaterThan(0.5 * OPERATIONS);
      expect(counts.failed).toBeGreaterThan(0.5 * OPERATIONS);
      expect(unhandled).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'leaves to graphql-js what graphql-js refuses: wrong documents, variables and names of operations',
    async () => {
      const executors = createExecutors(options);
      const { schema } = executors.executable;
      const counts: Counts = { written: 0, left: 0, failed: 0 };
      await fc.assert(
        fc.asyncProperty(requestsOver(schema), async ({ query, variables, operationName }) => {
          const document = parseOrNothing(query);
          if (document === undefined || validate(schema, document).length > 0) return;
          const given = isObject(variables) ? variables : {};
          await compare(executors, { query, variables: given, operationName }, counts);
        }),
        { numRuns: OPERATIONS, seed: SEED },
      );
      expect(counts.written).toBeGreaterThan(100);
      expect(counts.failed).toBeGreaterThan(100);
      expect(unhandled).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('writes the documents of the repository and of its tests', async () => {
    const executors = createExecutors(options);
    const { schema } = executors.executable;
    const requests = documentsOfRepository().filter(({ query }) => {
      const document = parseOrNothing(query);
      return document !== undefined && validate(schema, document).length === 0;
    });
    expect(requests.length).toBeGreaterThan(100);
    const counts: Counts = { written: 0, left: 0, failed: 0 };
    for (const request of requests) {
      const { query, variables = variablesFor(executors, query) } = request;
      await compare(executors, { query, variables }, counts);
    }
    expect(counts.written).toBeGreaterThan(2 * requests.length);
    expect(unhandled).toEqual([]);
  });
});

/** Executors whose lookups have one of the behaviours each, and operations for them. */
function generated(options: ExecutorsOptions, behaviours: readonly Behaviour[]) {
  let shift = 0;
  const behaviourOf = (lookup: Lookup): Behaviour => {
    const sum = Buffer.from(lookupKey(lookup)).reduce((before, byte) => before + byte, shift);
    return behaviours[sum % behaviours.length] ?? 'answers';
  };
  const executors = createExecutors({ ...options, behaviourOf });
  const operations = fc
    .tuple(operationsOver(executors.executable.schema, poolsOf(executors)), fc.nat({ max: 9 }))
    .map(([request, chosen]) => {
      shift = chosen;
      return request;
    });
  return { executors, operations };
}

function parseOrNothing(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The operations of the folders, and the texts in the tests that are operations. */
function documentsOfRepository(): Request[] {
  const folders = ['operations/', 'examples/federation/queries/', 'examples/clients/'];
  const files = folders.flatMap((folder) => filesIn(folder, /\.graphql$/)).map(read);
  const tests = ['test/api/', 'test/system/', 'test/soak/'].flatMap((folder) => filesIn(folder, /\.ts$/));
  const queries = [...files, ...tests.flatMap((path) => textsIn(path, read(path)))];
  return [...new Set(queries)].map((query) => ({ query }));
}

function filesIn(folder: string, name: RegExp): string[] {
  return readdirSync(new URL(folder, ROOT))
    .filter((file) => name.test(file))
    .map((file) => folder + file);
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The texts in the source of a test. A value in a template is taken as digits. */
function textsIn(path: string, source: string): string[] {
  const texts: string[] = [];
  const visitNode = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      texts.push(node.head.text + node.templateSpans.map(({ literal }) => `3001234100${literal.text}`).join(''));
    }
    ts.forEachChild(node, visitNode);
  };
  visitNode(ts.createSourceFile(path, source, ts.ScriptTarget.Latest));
  return texts.filter((text) => text.includes('{'));
}

/** Values for the variables of a document that has none. */
function variablesFor(executors: Executors, query: string): Record<string, unknown> {
  const pools = poolsOf(executors);
  const values: Record<string, unknown> = {
    ...{ String: pools.phones[0], ID: pools.campaignIds[0], Int: 60, Boolean: true },
    _Any: pools.customerIds.map((customerId) => ({ __typename: 'Customer', customerId })),
  };
  const variables: Record<string, unknown> = {};
  for (const definition of parse(query).definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { variable, type } of definition.variableDefinitions ?? []) {
      const known = typeFromAST(executors.executable.schema, type as never);
      variables[variable.name.value] = values[known === undefined ? '' : getNamedType(known).name];
    }
  }
  return variables;
}
