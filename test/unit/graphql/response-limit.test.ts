import { buildSchema, execute, executeSync, parse, type GraphQLResolveInfo } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { CampaignRecord } from '../../../src/core/record.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { createResponseLimits, type ResponseLimit } from '../../../src/graphql/response-limit.js';
import { RECORD_TEXTS, bytesOf, measureSelection } from '../../../src/graphql/response-size.js';
import type { ServiceStatus } from '../../../src/core/status.js';
import { createSchema } from '../../../src/graphql/schema.js';
import { NO_LABELS } from '../../../src/labels/opt-labels.js';
import { createRecordIds } from '../../../src/graphql/record-ids.js';

const LIMIT = 1_000_000;

/** What graphql-js passes to the resolver of the field `list`. */
function infoOf(selection: string): GraphQLResolveInfo {
  let info: GraphQLResolveInfo | undefined;
  const schema = buildSchema('type Query { list: [Item] } type Item { id: ID name: String }');
  const rootValue = {
    list(_: unknown, __: unknown, given: GraphQLResolveInfo) {
      info = given;
      return [];
    },
  };
  executeSync({ schema, document: parse(`{ list { ${selection} } }`), rootValue });
  if (info === undefined) throw new Error('Expected that the field is resolved; it was not.');
  return info;
}

/** Counts one item with a text of this length. */
function consume(limit: ResponseLimit, textLength: number): number {
  return limit.consume([textLength], { id: (length) => length }, infoOf('id'));
}

function kindOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LookupFailure) return error.kind;
    throw error;
  }
  return 'accepted';
}

describe('a response', () => {
  it('may have the limit, and no more', () => {
    const limits = createResponseLimits(LIMIT);
    const limit = limits.start();
    expect(kindOf(() => consume(limit, 2 * LIMIT))).toBe('response-too-large');
    expect(limits.bytesInFlight()).toBe(0);
    expect(kindOf(() => consume(limit, 0.6 * LIMIT))).toBe('accepted');
    expect(kindOf(() => consume(limit, 0.6 * LIMIT))).toBe('response-too-large');
    expect(kindOf(() => consume(limit, 0.3 * LIMIT))).toBe('accepted');
    expect(limits.bytesInFlight()).toBeGreaterThan(0.9 * LIMIT);
    limit.end();
    expect(limits.bytesInFlight()).toBe(0);
  });

  it('is refused after its operation has ended', () => {
    const limits = createResponseLimits(LIMIT);
    const limit = limits.start();
    consume(limit, 10);
    limit.end();
    limit.end();
    expect(kindOf(() => consume(limit, 10))).toBe('abandoned');
    expect(limits.bytesInFlight()).toBe(0);
  });
});

describe('the responses of all operations', () => {
  it('have a limit together, at which large ones are refused and small ones are not (defect 44)', () => {
    const limits = createResponseLimits(LIMIT);
    const large = Array.from({ length: 20 }, () => limits.start());
    const kinds = large.map((limit) => kindOf(() => consume(limit, 0.9 * LIMIT)));
    expect(new Set(kinds)).toEqual(new Set(['accepted', 'responses-full']));
    expect(kinds.indexOf('responses-full')).toBeGreaterThan(1);
    expect(limits.bytesInFlight()).toBeLessThan(4 * LIMIT);
    for (let count = 0; count < 50; count += 1) expect(kindOf(() => consume(limits.start(), 1_000))).toBe('accepted');
    expect(limits.bytesInFlight()).toBeLessThan(4 * LIMIT);
    for (const limit of large) limit.end();
    expect(kindOf(() => consume(limits.start(), 0.9 * LIMIT))).toBe('accepted');
  });
});

describe('the estimate of a response', () => {
  const { schema } = createSchema({
    ids: createRecordIds(['a secret of the tests']),
    labels: NO_LABELS,
    readStatus: () => ({}) as ServiceStatus,
  });
  const RECORD: CampaignRecord = {
    campaignId: '4821',
    customerId: '21839174',
    customerName: 'María Fernanda',
    customerLastName: 'Gómez Ríos',
    opts: Array.from({ length: 12 }, (_, index) => (index < 6 ? 'Tarjeta de crédito' : null)),
    phones: [1, 2, 3].map((position) => ({ position, number: `57306482197${position}` })),
    address: { country: 'Colombia', state: 'Antioquia', city: 'Medellín', zone: 'Laureles', address: 'Calle 1 # 2-3' },
    date: '2026-11-20T09:30:00-05:00',
    calls: 2,
    connId: '1732112345.88213',
    result: 'ANSWER',
    outcome: 'ANSWER',
  };
  const WHOLE = `__typename id campaignId campaign { campaignId } customerId customer { customerId } customerName
    customerLastName opts { position name value } phones { position number }
    address { country state city zone address } date calls connId result outcome fetchedAt`;

  it.each<[string, string]>([
    ['a whole record', WHOLE],
    ['an id', 'id'],
    ['aliases', 'first: customerName second: customerName ofTheCustomer: customerLastName'],
    ['long aliases', `${'a'.repeat(150)}: calls ${'b'.repeat(150)}: opts { ${'c'.repeat(150)}: position }`],
    ['fragments', '...a ... on CampaignRecord { ...a b: id }'],
    ['inner lists', 'opts { value } a: opts { position } phones { number }'],
    ['an address', 'address { country state city zone address }'],
  ])('is the length of its JSON, or up to two times more, and at least 150 for each item: %s', async (_, selection) => {
    const records = Array.from({ length: 50 }, () => RECORD);
    const document = parse(
      `{ findCampaignRecords(campaignId: "4821") { ${selection} } } fragment a on CampaignRecord { id result }`,
    );
    const answer = { records, sentAt: Date.now(), source: 'wolkvox' as const };
    let estimate = 0;
    const result = await execute({
      schema,
      document,
      contextValue: {
        loader: { load: () => Promise.resolve(answer) },
        parts: { take: () => undefined, next: () => Promise.resolve() },
        running: { throwIfEnded: () => undefined },
        responseLimit: {
          consume(_items: unknown, __: unknown, info: GraphQLResolveInfo) {
            estimate = bytesOf(records, measureSelection(info), RECORD_TEXTS);
            return 1;
          },
        },
      },
    });
    expect(result.errors).toBeUndefined();
    const real = Buffer.byteLength(JSON.stringify(result.data?.['findCampaignRecords']));
    expect(estimate).toBeGreaterThanOrEqual(real * 0.95);
    expect(estimate).toBeGreaterThanOrEqual(records.length * 150);
    expect(estimate).toBeLessThanOrEqual(Math.max(real * 2, records.length * 150));
  });

  it('counts a field that starts a lookup, but not what it selects', () => {
    const sizeOf = (selection: string): number => measureSelection(infoOf(selection)).fixedBytes;
    expect(sizeOf('findRecords { id name }')).toBe(sizeOf('findRecords { id }'));
    expect(sizeOf('findRecords { id }')).toBeGreaterThan(50 * sizeOf('id'));
  });
});
