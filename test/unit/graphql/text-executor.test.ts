import { getIntrospectionQuery } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/graphql/context.js';
import type { LoadArguments, RecordLoader } from '../../../src/graphql/loader.js';
import { campaign } from '../../support/campaigns.js';
import {
  ANA,
  EVA,
  createExecutors,
  expectSame,
  iterations,
  iterationsUntil,
  longList,
  optsOf,
  type Request,
} from '../../support/executors.js';

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', onUnhandled);
});
afterEach(async () => {
  await iterations(10);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

describe('The text executor', () => {
  it.each<[string, Request]>([
    ['an empty list', { query: '{ findCampaignRecords(customerId: "nobody") { id } }' }],
    [
      'nothing, because all fields are skipped',
      { query: '{ findCampaignRecords(phone: "1") @skip(if: true) { id } }' },
    ],
    ['a name that objects of JavaScript have', { query: '{ __proto__: __typename constructor: __typename }' }],
    [
      'fields of the same name, merged',
      {
        query: `{ findCampaignRecords(customerId: "C2") { campaign { campaignId } ...A ... { campaign { __typename } } } }
          fragment A on CampaignRecord { campaign { name a: name } __typename }`,
      },
    ],
    ['the SDL', { query: '{ _service { sdl } }' }],
    [
      'entities of all types, and some that do not exist',
      {
        query: `query ($representations: [_Any!]!) { _entities(representations: $representations) {
          __typename ... on Customer { customerId isInCampaign(campaignId: "7203") latestRecord { id } }
          ... on Campaign { name status findRecords(customerId: "C1") { customerName } } } }`,
        variables: {
          representations: [
            { __typename: 'Customer', customerId: 'C2' },
            { __typename: 'Customer', customerId: ' ' },
            { __typename: 'Customer', customerId: 5 },
            { __typename: 'Campaign', campaignId: '4821' },
            { __typename: 'CampaignRecord', id: 'unknown' },
          ],
        },
      },
    ],
    [
      'one representation in place of a list',
      {
        query: 'query ($a: [_Any!]!) { _entities(representations: $a) { ... on Customer { customerId } } }',
        variables: { a: { __typename: 'Customer', customerId: 'C1' } },
      },
    ],
    [
      'variables of several types, with names that objects of JavaScript have',
      {
        query: `query ($__proto__: ID, $constructor: String = "3001234567", $a: Int, $b: ID!) {
          a: findCampaignRecords(customerId: $__proto__, maxAge: $a) { id }
          b: findCampaignRecords(phone: $constructor) { id }
          c: findCampaignRecords(customerId: $b) { id } }`,
        variables: JSON.parse('{ "__proto__": "C1", "a": 60, "b": 2 }') as Readonly<Record<string, unknown>>,
      },
    ],
    ['one operation of several', { query: 'query A { a: __typename } query B { b: __typename }', operationName: 'B' }],
  ])('writes %s', async (_, request) => {
    const executors = createExecutors({ records: [ANA, EVA], campaigns: [campaign({ name: 'A "b"' })] });
    await expectSame(executors, request);
  });

  it.each<[string, Request]>([
    ['introspection', { query: getIntrospectionQuery() }],
    [
      'introspection beside records',
      { query: '{ findCampaignRecords(customerId: "C1") { id } __type(name: "A") { name } }' },
    ],
    ['an unknown operation name', { query: 'query A { __typename }', operationName: 'B' }],
    ['no name of several operations', { query: 'query A { a: __typename } query B { b: __typename }' }],
    ['a wrong argument', { query: '{ findCampaignRecords(phone: "x") { id } }' }],
    ['no criterion', { query: '{ findCampaignRecords { id } }' }],
    [
      'a variable of another type',
      { query: 'query ($a: ID) { findCampaignRecords(customerId: $a) { id } }', variables: { a: {} } },
    ],
    ['a required variable without a value', { query: 'query ($a: Boolean!) { __typename @skip(if: $a) }' }],
    [
      'null in a list of representations',
      { query: 'query ($a: [_Any!]!) { _entities(representations: $a) { __typename } }', variables: { a: [null] } },
    ],
    [
      'null in a list of representations that is skipped',
      {
        query: `query ($a: [_Any!]!, $s: Boolean!) {
          __typename _entities(representations: $a) @skip(if: $s) { __typename } }`,
        variables: { a: [null], s: true },
      },
    ],
    [
      'a representation of an unknown type',
      {
        query: 'query ($a: [_Any!]!) { _entities(representations: $a) { __typename } }',
        variables: { a: [{ __typename: 'Customer', customerId: 'C1' }, { __typename: 'Nobody' }] },
      },
    ],
  ])('leaves to graphql-js: %s', async (_, request) => {
    const executors = createExecutors({ records: [ANA, EVA] });
    expect(await executors.write(request)).toBeUndefined();
    expect(executors.responseLimits.bytesInFlight()).toBe(0);
    await expectSame(executors, { query: '{ findCampaignRecords(customerId: "C1") { id } }' });
  });

  it.each([true, false])('leaves null for @include to graphql-js, after an operation with %s', async (first) => {
    const executors = createExecutors({ records: [ANA] });
    const query = `query ($a: Boolean = true) { findCampaignRecords(customerId: "C1") { __typename id @include(if: $a) } }`;
    await expectSame(executors, { query, variables: { a: first } });
    expect((await executors.resolve({ query, variables: { a: null } })).errors).toHaveLength(1);
    expect(await executors.write({ query, variables: { a: null } })).toBeUndefined();
  });

  const CUSTOMERS = longList(300);
  const customers = (length: number): object[] =>
    CUSTOMERS.slice(0, length).map(({ customerId }) => ({ __typename: 'Customer', customerId }));

  it('writes an operation with 100 lookups, and leaves one with 300 to graphql-js', async () => {
    const executors = createExecutors({ records: CUSTOMERS, behaviourOf: () => 'answers later' });
    const requestOf = (length: number): Request => ({
      query:
        'query ($a: [_Any!]!) { _entities(representations: $a) { ... on Customer { campaignRecords { calls } } } }',
      variables: { a: customers(length) },
    });
    await expectSame(executors, requestOf(100));
    expect(await executors.write(requestOf(300))).toBeUndefined();
    expect((await executors.resolve(requestOf(300))).errors).toBeUndefined();
  });

  it('writes many items that are known after a wait in several parts, with several items in each', async () => {
    const executors = createExecutors({ records: CUSTOMERS });
    const query =
      'query ($a: [_Any!]!) { _entities(representations: $a) { ... on Customer { campaignRecords { calls } } } }';
    const a = Array.from({ length: 5 }, () => customers(300)).flat();
    const written = executors.write({ query, variables: { a } });
    const iterations = await iterationsUntil(written);
    expect(await written).toBeDefined();
    // 40 representations fill a part, and so do 100 lookups: about 38 and 15 parts.
    expect(iterations).toBeGreaterThan(45);
    expect(iterations).toBeLessThan(100);
  });

  it('writes items in several parts that are much larger than those before them', async () => {
    const records = longList(200, { campaignId: '1', opts: optsOf('x'.repeat(1_000)) });
    const executors = createExecutors({ records, responseLimitBytes: 20_000_000 });
    const query = `query ($a: [_Any!]!) {
      _entities(representations: $a) { ... on Campaign { findRecords(maxAge: 10) { opts { value } } } } }`;
    const campaignsOf = (count: number, campaignId: string): unknown[] =>
      Array.from({ length: count }, () => ({ __typename: 'Campaign', campaignId }));
    // A part has 40 representations. When the large ones are known, the part of the last ones waits already.
    const a = [...campaignsOf(40, '2'), ...campaignsOf(40, '1'), ...campaignsOf(20, '2')];
    const written = executors.write({ query, variables: { a } });
    // Each of the large ones has about 250,000 characters, so it fills most of a part.
    expect(await iterationsUntil(written)).toBeGreaterThan(40);
    expect((await written)?.length).toBeGreaterThan(9_000_000);
  });

  it('starts few lookups before it leaves an operation with many of them to graphql-js', async () => {
    const executors = createExecutors({ records: [], behaviourOf: () => 'answers later' });
    const query = `query ($a: [_Any!]!) { _entities(representations: $a) { ... on Customer {
      a: isInCampaign(campaignId: "1") b: isInCampaign(campaignId: "2") c: isInCampaign(campaignId: "3") } } }`;
    const { context, end } = executors.begin();
    expect(await executors.write({ query, variables: { a: customers(300) } }, context)).toBeUndefined();
    // Parts that wait go on, because the operation has not ended.
    await iterations(50);
    expect(executors.lookups.length).toBeGreaterThan(100);
    expect(executors.lookups.length).toBeLessThan(400);
    end();
  });

  it('leaves no rejection that nothing handles, if it stops waiting for lookups that fail later', async () => {
    const executors = createExecutors({ records: [], behaviourOf: () => 'fails later' });
    const query =
      'query ($a: [_Any!]!) { _entities(representations: $a) { ... on Customer { campaignRecords { calls } } } }';
    expect(await executors.write({ query, variables: { a: customers(300) } })).toBeUndefined();
    await iterations(20);
    expect(unhandled).toEqual([]);
  });

  it('counts a lookup once that many fields wait for', async () => {
    const executors = createExecutors({ records: [ANA], behaviourOf: () => 'answers later' });
    const aliases = Array.from(
      { length: 300 },
      (_, index) => `a${index}: findCampaignRecords(customerId: "C1") { id }`,
    );
    await expectSame(executors, { query: `{ ${aliases.join(' ')} }` });
    expect(executors.lookups).toEqual([{ customerId: 'C1' }, { customerId: 'C1' }]);
  });

  it('writes an operation with 9,000 values to wait for, and leaves one with 12,000 to graphql-js', async () => {
    // The list of campaigns is not cached, so the name of each campaign must be waited for.
    const executors = createExecutors({ records: longList(300), campaigns: [campaign({ name: 'A' })] });
    const requestOf = (names: number): Request => {
      const aliases = Array.from({ length: names }, (_, index) => `a${index}: name`);
      return { query: `{ findCampaignRecords(campaignId: "4821") { campaign { ${aliases.join(' ')} } } }` };
    };
    await expectSame(executors, requestOf(30));
    expect(await executors.write(requestOf(40))).toBeUndefined();
    expect((await executors.resolve(requestOf(40))).errors).toBeUndefined();
  });

  it('compiles an operation anew for other values of @skip and @include, and only for those', async () => {
    const executors = createExecutors({ records: [ANA] });
    const query = `query A($v: String, $s: Boolean!, $w: String) {
        x: __typename @skip(if: $s)
        y: findCampaignRecords(customerId: $v) { id }
        z: findCampaignRecords(customerId: $w) { id @include(if: $s) calls }
      }
      query B($v: Boolean!, $w: Boolean!) { __typename @skip(if: $v) @include(if: $w) }`;
    for (const variables of [
      { v: 'a', s: true, w: 'b false c' },
      { v: 'a true b', s: false, w: 'c' },
      { v: 'C1', s: false, w: 'C1' },
      { v: 'C1', s: true, w: 'C1' },
    ]) {
      await expectSame(executors, { query, variables, operationName: 'A' });
    }
  });

  it('writes an operation with very many fields, or leaves it to graphql-js', async () => {
    const executors = createExecutors({ records: [ANA] });
    const doubled = Array.from({ length: 10 }, (_, index) => {
      const inner = `customer { campaignRecords { ...F${index + 1} } }`;
      return `fragment F${index} on CampaignRecord { a: ${inner} b: ${inner} }`;
    });
    const query = `{ findCampaignRecords(customerId: "C1") { ...F0 } } ${doubled.join(' ')}
      fragment F10 on CampaignRecord { id calls }`;
    const { data, errors } = await executors.resolve({ query });
    expect(errors).toBeUndefined();
    expect([undefined, JSON.stringify(data)]).toContain(await executors.write({ query }));
  });
});

describe('An operation that graphql-js executes again', () => {
  const LATE_ID = { record: EVA, lookupOf: 'C2' };

  it('leaves no rejection that nothing handles, although its list has failed before', async () => {
    const executors = createExecutors({
      records: [ANA, EVA],
      behaviourOf: ({ customerId }) => (customerId === LATE_ID.lookupOf ? 'fails later' : 'is cached'),
    });
    const id = executors.ids.idOf({ records: [LATE_ID.record], sentAt: 0, source: 'wolkvox' }, 0);
    const request = {
      query: `query ($a: [_Any!]!) { _entities(representations: $a) {
        ... on Customer { campaignRecords(maxAge: -1) { id } } ... on CampaignRecord { calls } } }`,
      variables: {
        a: [
          { __typename: 'Customer', customerId: 'C1' },
          { __typename: 'CampaignRecord', id },
        ],
      },
    };
    const { context, end } = executors.begin();
    expect(await executors.write(request, context)).toBeUndefined();
    const { errors = [] } = await executors.resolve(request, context);
    expect(errors.map(({ path }) => path)).toEqual([
      ['_entities', 0, 'campaignRecords'],
      ['_entities', 1],
    ]);
    end();
    await iterations(10);
    expect(unhandled).toEqual([]);
  });

  it('asks for each lookup once', async () => {
    const executors = createExecutors({
      records: [ANA, EVA],
      behaviourOf: ({ phone }) => (phone ? 'fails' : 'answers'),
    });
    const { context, end } = executors.begin();
    const request = {
      query: `{ a: findCampaignRecords(customerId: "C1") { id } b: findCampaignRecords(phone: "3001234567") { id }
        c: findCampaignRecords(customerId: "C2", maxAge: 0) { customer { campaignRecords { id } } } }`,
    };
    expect(await executors.write(request, context)).toBeUndefined();
    const { data, errors } = await executors.resolve(request, context);
    end();
    expect(errors).toHaveLength(1);
    expect(data).toMatchObject({ a: [{}], b: null, c: [{}] });
    expect(executors.lookups).toEqual([
      { customerId: 'C1' },
      { phone: '3001234567' },
      { customerId: 'C2' },
      { customerId: 'C2' },
    ]);
  });

  it('has the whole response limit, although the first execution has not ended', async () => {
    const executors = createExecutors({
      records: longList(1_000, { connId: 'x'.repeat(700) }),
      responseLimitBytes: 1_000_000,
      behaviourOf: ({ campaignId }) => (campaignId === undefined ? 'fails' : 'answers later'),
    });
    const request = {
      query:
        '{ a: findCampaignRecords(customerId: "C1") { id } b: findCampaignRecords(campaignId: "4821") { connId } }',
    };
    const { context, end } = executors.begin();
    expect(await executors.write(request, context)).toBeUndefined();
    const { data, errors } = await executors.resolve(request, context);
    end();
    expect(errors?.map(({ path }) => path)).toEqual([['a']]);
    expect(data?.['b']).toHaveLength(1_000);
  });
});

describe('A long list', () => {
  const TEXTS = { connId: 'x'.repeat(1_000), opts: optsOf('"'.repeat(300)) };
  const query = '{ findCampaignRecords(campaignId: "4821") { customerId connId opts { value } fetchedAt } }';

  it.each([0, 16_000_000])(
    'is written in parts, and timers run between them, with %d bytes of texts',
    async (textBytes) => {
      const executors = createExecutors({ records: longList(1_000, TEXTS), textBytes });
      const short = executors.write({ query: query.replace('4821', '1') });
      expect(await iterationsUntil(short)).toBeLessThan(3);
      const long = executors.write({ query });
      expect(await iterationsUntil(long)).toBeGreaterThan(3);
      expect((await long)?.length).toBeGreaterThan(1_500_000);
      await expectSame(executors, { query });
    },
  );

  it('is not written further after its operation has ended', async () => {
    const executors = createExecutors({ records: longList(1_000, TEXTS) });
    const { context, end } = executors.begin();
    let serialized = 0;
    const counted = {
      ...context,
      responseLimit: { ...context.responseLimit, add: (bytes: number) => (serialized += bytes) },
    };
    const text = executors.write({ query }, counted);
    await iterations(1);
    end();
    expect(await text).toBeUndefined();
    expect(serialized).toBeGreaterThan(0);
    expect(serialized).toBeLessThan(1_000_000);
    expect(executors.texts.bytes()).toBe(0);
    expect(executors.responseLimits.bytesInFlight()).toBe(0);
  });

  it('is not written further after the deadline, and graphql-js reports that', async () => {
    const executors = createExecutors({ records: longList(1_000, TEXTS) });
    const { context, end } = executors.begin();
    const text = executors.write({ query }, context);
    await iterations(1);
    executors.clock.advance(30_000);
    expect(await text).toBeUndefined();
    const { errors } = await executors.resolve({ query }, context);
    expect(errors?.map(({ message }) => message)).toEqual([expect.stringContaining('deadline of 25 s')]);
    end();
  });

  it('is left by its later items without a rejection that nothing handles', async () => {
    const executors = createExecutors({
      records: [...longList(500, TEXTS), EVA],
      behaviourOf: ({ customerId }) => (customerId === 'C2' ? 'fails later' : 'is cached'),
    });
    const id = executors.ids.idOf({ records: [EVA], sentAt: 0, source: 'wolkvox' }, 0);
    const { context, end } = executors.begin();
    const campaigns = Array.from({ length: 3 }, () => ({ __typename: 'Campaign', campaignId: '4821' }));
    const text = executors.write(
      {
        query: `query ($a: [_Any!]!) { _entities(representations: $a) {
          ... on Campaign { findRecords { customerId connId opts { value } } } ... on CampaignRecord { id } } }`,
        variables: { a: [...campaigns, { __typename: 'CampaignRecord', id }] },
      },
      context,
    );
    await iterations(1);
    end();
    expect(await text).toBeUndefined();
    await iterations(10);
    expect(unhandled).toEqual([]);
  });
});

describe('The response limit', () => {
  const query = '{ a: findCampaignRecords(customerId: "C1") { customerName phones { number } } }';
  const EXPECTED = '{"a":[{"customerName":"Ana","phones":[{"number":"3001234567"}]}]}';

  it('is exact at its edge', async () => {
    const written = async (responseLimitBytes: number): Promise<string | undefined> =>
      createExecutors({ records: [ANA], responseLimitBytes }).write({ query });
    let limit = EXPECTED.length + 50;
    while ((await written(limit - 1)) !== undefined) limit -= 1;
    expect(await written(limit)).toBe(EXPECTED);
    // Each list has two brackets that do not count.
    expect(limit).toBeGreaterThanOrEqual(EXPECTED.length - 4);
    expect(limit).toBeLessThanOrEqual(EXPECTED.length);
  });

  it('counts a text that is kept as one that is written', async () => {
    const executors = createExecutors({ records: [ANA] });
    const sizeOf = async (): Promise<number> => {
      const { context, end } = executors.begin();
      expect(await executors.write({ query }, context)).toBe(EXPECTED);
      const bytes = executors.responseLimits.bytesInFlight();
      end();
      return bytes;
    };
    const first = await sizeOf();
    expect(first).toBeGreaterThan(0);
    expect(Math.abs((await sizeOf()) - first)).toBeLessThanOrEqual(4);
  });

  it('counts names of types, nulls and separators, which may be most of a response', async () => {
    const executors = createExecutors({ records: longList(100), textBytes: 0 });
    const names = Array.from({ length: 50 }, (_, index) => `a${index}: __typename b${index}: address { city }`);
    const { context, end } = executors.begin();
    const text = await executors.write(
      { query: `{ findCampaignRecords(campaignId: "4821") { ${names.join(' ')} } }` },
      context,
    );
    expect(executors.responseLimits.bytesInFlight()).toBeGreaterThan(0.9 * (text?.length ?? Infinity));
    end();
  });

  it('is checked while an object is written, before its parts are joined', async () => {
    const executors = createExecutors({
      records: longList(100, { connId: 'x'.repeat(500) }),
      responseLimitBytes: 1_000_000,
      behaviourOf: ({ phone }) => (phone === undefined ? 'is cached' : 'answers later'),
    });
    const aliases = Array.from(
      { length: 400 },
      (_, index) => `a${index}: findCampaignRecords(campaignId: "4821") { connId }`,
    );
    expect(await executors.write({ query: `{ ${aliases.slice(0, 5).join(' ')} }` })).toBeDefined();
    const { context, end } = executors.begin();
    const added: number[] = [];
    const { responseLimit } = context;
    const add = (bytes: number): void => {
      added.push(bytes);
      responseLimit.add(bytes);
    };
    const late = 'late: findCampaignRecords(phone: "3001234567") { id }';
    const query = `{ ${late} ${aliases.join(' ')} }`;
    expect(await executors.write({ query }, { ...context, responseLimit: { ...responseLimit, add } })).toBeUndefined();
    end();
    expect(added.length).toBeGreaterThan(0);
    expect(Math.max(...added)).toBeLessThan(1_000_000);
  });

  it('leaves an operation to graphql-js if the responses of all operations are too many', async () => {
    const executors = createExecutors({
      records: longList(1_000, { connId: 'x'.repeat(700) }),
      responseLimitBytes: 1_000_000,
    });
    const request = { query: '{ findCampaignRecords(campaignId: "4821") { connId } }' };
    const ends: (() => void)[] = [];
    const texts: (string | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { context, end } = executors.begin();
      texts.push(await executors.write(request, context));
      ends.push(end);
    }
    expect(texts[0]).toBeDefined();
    expect(texts[4]).toBeUndefined();
    const bytes = executors.responseLimits.bytesInFlight();
    expect((await executors.resolve(request)).errors?.map(({ originalError }) => originalError)).toEqual([
      expect.objectContaining({ kind: 'responses-full' }),
    ]);
    expect(executors.responseLimits.bytesInFlight()).toBe(bytes);
    for (const end of ends) end();
    expect(executors.responseLimits.bytesInFlight()).toBe(0);
    expect(await executors.write(request)).toBeDefined();
  });

  it('bounds the lookups of an operation whose text is short, as it does in graphql-js', async () => {
    const executors = createExecutors({ records: longList(1_000) });
    const { context, end } = executors.begin();
    const query = `{ a: findCampaignRecords(campaignId: "4821") { a: campaign { a: findRecords { a: campaign {
      a: findRecords(phone: "3001234567") { id } } } } } }`;
    const loads = { written: 0, resolved: 0 };
    const counting = (kind: keyof typeof loads): OperationContext => ({
      ...context,
      loader: countLoads(context.loader, () => (loads[kind] += 1)),
    });
    expect(await executors.write({ query }, counting('written'))).toBeUndefined();
    expect((await executors.resolve({ query }, counting('resolved'))).errors?.length).toBeGreaterThan(0);
    end();
    expect(loads.resolved).toBeGreaterThan(1_000);
    expect(loads.written).toBeLessThan(3 * loads.resolved);
  });
});

function countLoads(loader: RecordLoader, count: () => void): RecordLoader {
  return {
    ...loader,
    load(args: LoadArguments) {
      count();
      return loader.load(args);
    },
  };
}
