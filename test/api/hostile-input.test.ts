import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createDocumentCheck } from '../../src/graphql/document-limits.js';
import { logLines, startService, type TestService } from '../support/service.js';
import { eventually, holdCalls } from '../support/simulator-client.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';

const times = (count: number, write: (index: number) => string, between = ' '): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(between);
const nested = (depth: number): string =>
  '{ customer { campaignRecords '.repeat(depth) + '{ id }' + ' } }'.repeat(depth);

/** Documents that are too large, and the unit that the error names. */
const DOCUMENTS: Readonly<Record<string, { readonly names: string; readonly query: string }>> = {
  'more than 15,000 tokens': {
    names: 'tokens|characters',
    query: `{ ${times(8_000, (index) => `a${index}: __typename`)} }`,
  },
  'a 1.9 MB document of braces': { names: 'levels of nesting|tokens|characters', query: '{a'.repeat(950_000) },
  'selections 500 deep': {
    names: 'levels of nesting',
    query: `{ findCampaignRecords(phone: "3064821975") ${nested(250)} }`,
  },
  'selections 26 deep': {
    names: 'levels of nesting',
    query: `{ findCampaignRecords(phone: "3064821975") ${nested(12)} }`,
  },
  'inline fragments 3,000 deep': {
    names: 'levels of nesting',
    query: `{ ${'...{'.repeat(3_000)} __typename ${'}'.repeat(3_000)} }`,
  },
  'lists 7,000 deep in a value': {
    names: 'levels of nesting',
    query: `{ _entities(representations: ${'['.repeat(7_000)}${']'.repeat(7_000)}) { __typename } }`,
  },
  'objects 1,000 deep in a value': {
    names: 'levels of nesting',
    query: `{ _entities(representations: ${'{a:'.repeat(1_000)}1${'}'.repeat(1_000)}) { __typename } }`,
  },
  'a type 1,000 lists deep': {
    names: 'levels of nesting',
    query: `query ($a: ${'['.repeat(1_000)}Int${']'.repeat(1_000)}) { __typename }`,
  },
  'values 100 deep in a directive': {
    names: 'levels of nesting',
    query: `{ __typename @skip(if: ${'['.repeat(100)}${']'.repeat(100)}) }`,
  },
  'a fragment bomb of 2^40 fields': {
    names: 'fields with all fragments expanded',
    query: `{ ...f0 } ${times(40, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f40 on Query { __typename }`,
  },
  '1,800 fragments in a chain': {
    names: 'fragments',
    query: `{ ...f0 } ${times(1_800, (index) => `fragment f${index} on Query { ...f${index + 1} }`)}`,
  },
  '1,000 aliases': {
    names: 'aliases',
    query: `{ ${times(1_000, (index) => `a${index}: findCampaignRecords(phone: "${3_060_000_000 + index}") { id }`)} }`,
  },
  'an alias of 1 MB': { names: 'characters in an alias|characters', query: `{ ${'a'.repeat(1_000_000)}: __typename }` },
  '60 nested introspections': {
    names: 'introspection fields with all fragments expanded',
    query: `{ ${times(60, (index) => `s${index}: __schema { types { ...t } }`)} } fragment t on __Type { ${times(9, (index) => `t${index}: fields { name }`)} }`,
  },
  '1,000 directives on a field': {
    names: 'directives',
    query: `{ __typename ${times(1_000, () => '@skip(if: false)')} }`,
  },
  '3,000 directives on an operation': {
    names: 'directives',
    query: `query ${times(3_000, () => '@a')} { __typename }`,
  },
  'a field 7,000 times': { names: 'repeated fields', query: `{ ${times(7_000, () => '__typename')} }` },
  'a field 2,900 times in inline fragments': {
    names: 'repeated fields',
    query: `{ ${times(2_900, () => '...{__typename}')} }`,
  },
  '1,000 operations': { names: 'operations', query: times(1_000, (index) => `query q${index} { __typename }`) },
};

/** Bodies that are refused, with the status and the code of the error. */
const BODIES: Readonly<
  Record<string, { status: number; code: string; body: () => Uint8Array | string; headers?: Record<string, string> }>
> = {
  'of 2.1 MB': { status: 413, code: 'BAD_REQUEST', body: () => bodyOf('{ __typename }', 2_100_000) },
  'of 2.1 MB, sent without its length': {
    status: 413,
    code: 'BAD_REQUEST',
    body: () => bodyOf('{ __typename }', 2_100_000),
  },
  'of 300 MB, compressed': {
    status: 413,
    code: 'BAD_REQUEST',
    body: () => gzipSync(Buffer.alloc(300_000_000, ' ')),
    headers: { 'content-encoding': 'gzip' },
  },
  'of 50 MB, compressed with brotli': {
    status: 413,
    code: 'BAD_REQUEST',
    body: () => brotliCompressSync(Buffer.alloc(50_000_000, ' ')),
    headers: { 'content-encoding': 'br' },
  },
  'that is not compressed, against its header': {
    status: 400,
    code: 'BAD_REQUEST',
    body: () => bodyOf('{ __typename }'),
    headers: { 'content-encoding': 'gzip' },
  },
  'in an unknown encoding': {
    status: 415,
    code: 'BAD_REQUEST',
    body: () => bodyOf('{ __typename }'),
    headers: { 'content-encoding': 'zstd' },
  },
  'that is not JSON': { status: 400, code: 'BAD_REQUEST', body: () => '{"query":' },
  'that is empty': { status: 400, code: 'BAD_REQUEST', body: () => '' },
  'that is a text': { status: 400, code: 'BAD_REQUEST', body: () => '"{ __typename }"' },
  'of another type': {
    status: 415,
    code: 'BAD_REQUEST',
    body: () => '{ __typename }',
    headers: { 'content-type': 'text/plain' },
  },
  'with a prototype in it': {
    status: 400,
    code: 'BAD_REQUEST',
    body: () => '{"__proto__":{"query":"{ __typename }"}}',
  },
  'that is a batch': {
    status: 400,
    code: 'BAD_REQUEST',
    body: () => JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: '{ __typename }' }))),
  },
  'that is an empty batch': { status: 400, code: 'BAD_REQUEST', body: () => '[]' },
  'with 600,000 objects': {
    status: 400,
    code: 'BAD_USER_INPUT',
    body: () => `{"query":"{ __typename }","variables":{"of":[${times(600_000, () => '{}', ',')}]}}`,
  },
  'whose variable is a list 900,000 deep': {
    status: 400,
    code: 'BAD_REQUEST',
    body: () =>
      `{"query":"query ($phone: String) { findCampaignRecords(phone: $phone) { id } }","variables":{"phone":${'['.repeat(900_000)}${']'.repeat(900_000)}}}`,
  },
  'whose variable is a list 90 deep': {
    status: 400,
    code: 'BAD_USER_INPUT',
    body: () =>
      `{"query":"query ($phone: String) { findCampaignRecords(phone: $phone) { id } }","variables":{"phone":${'['.repeat(90)}${']'.repeat(90)}}}`,
  },
  'whose variable is a text of 1.9 MB': {
    status: 200,
    code: 'BAD_USER_INPUT',
    body: () =>
      JSON.stringify({
        query: 'query ($id: ID) { findCampaignRecords(customerId: $id) { id } }',
        variables: { id: 'x'.repeat(1_900_000) },
      }),
  },
};

describe('hostile input', () => {
  it.each(Object.entries(DOCUMENTS))('%s: refused before anything is sent', async (_, { query, names }) => {
    const { ask, simulator, lines } = await startService();
    await ask('{ __typename }');
    const value = await ask(query);
    expect(value.status).toBe(400);
    expect(value.errors).toHaveLength(1);
    expect(value.errors[0]?.message).toMatch(
      new RegExp(`^The document is too large: it may have at most [0-9]+ (${names})\\. Split it\\.$`),
    );
    expect(value.errors[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED', retryable: false });
    expect(simulator.requestLog.requests).toHaveLength(0);
    expect(lines.join('')).not.toContain('service.bug');
  });

  it.each(Object.entries(BODIES))(
    'a body %s: refused before anything is sent',
    async (name, { status, code, body, headers }) => {
      const { url, simulator, lines, ask } = await startService();
      await ask('{ __typename }');
      const bytes = body();
      const stream = name.includes('without its length');
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...headers },
        ...(stream ? { body: new Blob([bytes]).stream(), duplex: 'half' as const } : { body: bytes }),
      });
      const { errors } = (await response.json()) as { errors: GraphResponse['errors'] };
      expect(response.status).toBe(status);
      expect(errors[0]?.extensions).toEqual({ code, retryable: false });
      expect(JSON.stringify(errors).length).toBeLessThan(1_000);
      expect(simulator.requestLog.requests).toHaveLength(0);
      expect(lines.join('')).not.toContain('service.bug');
      expect((await ask('{ __typename }')).data).toEqual({ __typename: 'Query' });
    },
  );

  it('in an address is measured as Apollo Server reads the address', async () => {
    const { get } = await startService();
    const query = encodeURIComponent(DOCUMENTS['selections 500 deep']?.query ?? '');
    // `%ZZ` is not a valid escape. Parsers of addresses treat the rest differently.
    for (const tail of ['', '%23%ZZ', '%23%FF', '&a=%ZZ', '%23+;']) {
      const response = await get(`/graphql?query=${query}${tail}`, { 'apollo-require-preflight': 'yes' });
      expect(response.status, tail).toBe(400);
      expect(await response.text(), tail).toContain('25 levels of nesting');
    }
  });
});

describe('a response (defect 44)', () => {
  it.each<[string, string]>([
    [
      '400 aliases of a field',
      `{ findCampaignRecords(campaignId: "4821") { ${times(400, (index) => `a${index}: id`)} } }`,
    ],
    [
      '490 aliases of a list',
      `{ findCampaignRecords(campaignId: "4821") { ${times(490, (index) => `a${index}: opts { name value }`)} } }`,
    ],
    [
      '60 lists',
      `{ ${times(60, (index) => `a${index}: findCampaignRecords(campaignId: "4821") { ...r }`)} }
      fragment r on CampaignRecord { id customerName opts { position name value } phones { number } }`,
    ],
    [
      '20,000 copies of the SDL',
      `{ ${times(200, (index) => `a${index}: _service { ...s }`)} }
      fragment s on _Service { ${times(99, (index) => `b${index}: sdl`)} }`,
    ],
  ])('is refused before it is resolved if it is too large: %s', async (_, query) => {
    const { ask, post, simulator, lines } = await startMeasured();
    const response = await ask(query);
    expect(codesOf(response)).toContain('RESULT_TOO_LARGE');
    expect(response.errors[0]?.message).toBe(
      'The response to one operation may have at most 10 MB (RESPONSE_LIMIT_MB); this one would have more. Select fewer fields, or split the operation.',
    );
    expect(Buffer.byteLength(await post(query))).toBeLessThanOrEqual(10_000_000);
    expect(simulator.requestLog.calls.length).toBeLessThanOrEqual(1);
    expect(lines.join('')).not.toContain('service.bug');
  });

  it('may have the size of RESPONSE_LIMIT_MB, about', async () => {
    const query = `{ findCampaignRecords(campaignId: "4821") { ${times(60, (index) => `a${index}: id`)} } }`;
    const { ask, post } = await startMeasured();
    expect((await ask(query)).errors).toEqual([]);
    const bytes = Buffer.byteLength(await post(query));
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(bytes).toBeLessThan(3_000_000);
    const small = await startService({ env: { RESPONSE_LIMIT_MB: '2' } });
    const refused = await small.ask(query);
    expect(codesOf(refused)).toEqual(['RESULT_TOO_LARGE']);
    expect(refused.errors[0]?.message).toContain('at most 2 MB');
    const large = await startService({ env: { RESPONSE_LIMIT_MB: '4' } });
    expect((await large.ask(query)).errors).toEqual([]);
  });

  it('is replaced if it is larger than was estimated', async () => {
    const { ask, get, simulator } = await startService({ env: { RESPONSE_LIMIT_MB: '1' } });
    // JSON writes a quote as two bytes.
    const text = '"'.repeat(500);
    for (let index = 0; index < 600; index += 1) {
      simulator.add({ campaign_id: '9999', customer_id: `${80_000_000 + index}`, opt1: text, opt2: text });
    }
    const query = (field: string): string => `{ findCampaignRecords(campaignId: "9999") { ${field} } }`;
    const fitting = await ask(query('customerId'));
    expect(fitting.data?.['findCampaignRecords']).toHaveLength(600);
    expect(fitting.headers.get('cache-control')).toMatch(/^max-age=/);
    const replaced = await ask(query('customerId opts { value }'));
    expect(codesOf(replaced)).toEqual(['RESULT_TOO_LARGE']);
    expect(replaced.data).toBeUndefined();
    expect(replaced.headers.get('cache-control')).toBe('no-store');
    expect(await (await get('/metrics')).text()).toContain('graphql_errors_total{code="RESULT_TOO_LARGE"} 1');
  });

  it('that nests lists in lists ends at the limit', async () => {
    const { ask, simulator } = await startService();
    const nest = (depth: number): string =>
      depth === 0 ? '{ id }' : `{ campaign { findRecords ${nest(depth - 1)} } }`;
    const deep = await ask(`{ findCampaignRecords(campaignId: "4821") ${nest(10)} }`);
    expect(new Set(codesOf(deep))).toEqual(new Set(['RESULT_TOO_LARGE']));
    expect(simulator.requestLog.calls).toHaveLength(1);
  });

  it('has at most 100 errors, and the last one says how many are left out (defect 43)', async () => {
    const { ask } = await startService();
    const many = await ask(
      `{ findCampaignRecords(campaignId: "4821") { campaign { findRecords(maxAge: -1) { id } } } }`,
    );
    const records = many.data?.['findCampaignRecords'] as unknown[];
    expect(records.length).toBeGreaterThan(200);
    expect(many.errors).toHaveLength(100);
    expect(many.errors.at(-1)).toEqual({
      message: `A response lists at most 100 errors; ${records.length - 99} more are left out. The first of them has this code.`,
      extensions: { code: 'BAD_USER_INPUT', retryable: false },
    });
    const { errors } = await ask(`{ ${times(100, (index) => `a${index}: findCampaignRecords { id }`)} }`);
    expect(errors).toHaveLength(100);
    expect(errors.at(-1)?.path).toEqual(['a99']);
  });
});

describe('clients that send several requests at once on a connection and leave', () => {
  it('leave no response behind that counts towards the limit of all responses (defect 44)', async () => {
    const service = await startService({ env: { RESPONSE_LIMIT_MB: '1' } });
    const large = `{ findCampaignRecords(campaignId: "4821") { ${times(15, (index) => `a${index}: id`)} } }`;
    expect((await service.ask(large)).errors).toEqual([]);
    const gate = holdCalls(service.simulator);
    const { hostname, port } = new URL(service.url);
    for (let client = 0; client < 12; client += 1) {
      // The first response waits for Wolkvox, and the second one, which is ready, waits for the first.
      const waiting = `{ findCampaignRecords(customerId: "${40_000_000 + client}") { id } }`;
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write([waiting, large].map(postRequest).join(''));
      await eventually(() => logLines(service, 'answer.served').length).toBe(client + 2);
      socket.destroy();
    }
    await eventually(async () => (await service.ask(large)).errors).toEqual([]);
    gate.open();
  });
});

function postRequest(query: string): string {
  const body = JSON.stringify({ query });
  const head = ['POST /graphql HTTP/1.1', 'host: localhost', 'content-type: application/json'];
  return [...head, `content-length: ${body.length}`, '', body].join('\r\n');
}

/** A service, and the texts of its responses. */
async function startMeasured(): Promise<TestService & { readonly post: (query: string) => Promise<string> }> {
  const service = await startService();
  return {
    ...service,
    async post(query) {
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const body = JSON.stringify({ query });
      return (await fetch(`${service.url}/graphql`, { method: 'POST', headers, body })).text();
    },
  };
}

describe('entities', () => {
  const RECORDS =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { campaignRecords { id } } } }';
  const customers = (count: number): object[] =>
    Array.from({ length: count }, (_, index) => ({ __typename: 'Customer', customerId: `${30_000_000 + index}` }));

  it('of 2,000 customers without records cause no call', async () => {
    const { ask, simulator } = await startService();
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { customerId } } }';
    const { data, errors } = await ask(query, { of: customers(2_000) });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toHaveLength(2_000);
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it('of 2,000 customers cause LOOKUPS_PER_OPERATION calls, and the others have errors', async () => {
    // The queue and the deadline have room for all lookups, so that the only limit is that of the operation.
    const env = { LOOKUPS_PER_OPERATION: '40', QUEUE_LIMIT: '5000', REQUEST_DEADLINE_MS: '600000' };
    const { ask, simulator } = await startService({ env });
    const response = await ask(RECORDS, { of: customers(2_000) });
    expect(simulator.requestLog.calls).toHaveLength(40);
    expect(new Set(codesOf(response))).toEqual(new Set(['TOO_MANY_LOOKUPS']));
    expect(response.errors.at(-1)?.message).toContain('1,861 more are left out');
    const lists = response.data?.['_entities'] as { campaignRecords: unknown }[];
    expect(lists.filter(({ campaignRecords }) => Array.isArray(campaignRecords))).toHaveLength(40);
  });

  it('of 2,000 record ids cause LOOKUPS_PER_OPERATION calls, and forged ids none', async () => {
    // Without a cache the answers that listed the ids do not help.
    const service = await startService({ env: { LOOKUPS_PER_OPERATION: '5', CACHE_TTL_SECONDS: '0' } });
    const { ask, simulator } = service;
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on CampaignRecord { calls } } }';
    const ids = await idsOf(service, 30);
    simulator.requestLog.reset();
    const known = Array.from({ length: 2_000 }, (_, index) => ({ __typename: 'CampaignRecord', id: ids[index % 30] }));
    const response = await ask(query, { of: known });
    expect(simulator.requestLog.calls).toHaveLength(5);
    expect(new Set(codesOf(response))).toEqual(new Set(['TOO_MANY_LOOKUPS']));

    simulator.requestLog.reset();
    const forged = [
      ...Array.from({ length: 1_990 }, (_, index) => `1${index}`),
      '',
      5,
      null,
      [[]],
      {},
      'x'.repeat(1_000_000),
    ];
    const answer = await ask(query, { of: forged.map((id) => ({ __typename: 'CampaignRecord', id })) });
    expect(answer.errors).toEqual([]);
    expect(answer.data?.['_entities']).toEqual(forged.map(() => null));
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  const ANY = 'of: [_Any!]!';
  const ENTITIES = '_entities(representations: $of) { __typename }';
  const literal = (count: number): string => `[${times(count, () => '{ __typename: "Customer" }')}]`;
  it.each<[string, string, number]>([
    ['of a variable', `query ($${ANY}) { ${ENTITIES} }`, 2_001],
    ['in a document', `{ _entities(representations: ${literal(2_001)}) { __typename } }`, 0],
    ['of a default value', `query ($of: [_Any!]! = ${literal(2_001)}) { ${ENTITIES} }`, -1],
    ['of two fields', `query ($${ANY}) { a: ${ENTITIES} ... { b: ${ENTITIES} } }`, 1_001],
    ['of a fragment', `query ($${ANY}) { a: ${ENTITIES} ...f } fragment f on Query { b: ${ENTITIES} }`, 1_001],
  ])('%s are refused before anything is resolved if there are more than 2,000 (defect 43)', async (_, query, count) => {
    const { ask, simulator, lines } = await startService();
    const { status, data, errors } = await ask(query, count < 0 ? {} : { of: customers(count) });
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(
      /^The _entities fields of an operation may have at most 2,000 representations together; got 2,00[12]\. Send several operations\.$/,
    );
    expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false });
    expect(simulator.requestLog.requests).toHaveLength(0);
    expect(lines.join('')).not.toContain('service.bug');
  });

  it.each([25_000, 100_000])('of %s foreign records in one body are refused (defects 36 and 43)', async (count) => {
    const { ask, simulator } = await startService();
    const { status, errors } = await ask(`query ($${ANY}) { ${ENTITIES} }`, {
      of: Array.from({ length: count }, () => ({ __typename: 'A' })),
    });
    expect(status).toBe(400);
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it('of a field that is selected several times count once', async () => {
    const { ask } = await startService();
    const query = `query ($${ANY}) { ${ENTITIES} ...f ...f } fragment f on Query { ${ENTITIES} }`;
    const { data, errors } = await ask(query, { of: customers(1_500) });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toHaveLength(1_500);
  });

  it('have keys that no JSON parser has changed (defect 52)', async () => {
    const { url, simulator } = await startService();
    const query = RECORDS.replace('campaignRecords { id }', 'customerId');
    const askFor = async (customerId: string): Promise<{ data: unknown; errors?: GraphResponse['errors'] }> => {
      const of = `[{"__typename":"Customer","customerId":${customerId}}]`;
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: `{"query":${JSON.stringify(query)},"variables":{"of":${of}}}`,
      });
      return (await response.json()) as { data: unknown; errors?: GraphResponse['errors'] };
    };
    for (const key of ['10000000000000000001', '9007199254740993', '1e400', '-1e400', '1.5']) {
      const { errors = [] } = await askFor(key);
      expect(codesOf({ errors }), key).toEqual(['BAD_USER_INPUT']);
      expect(errors[0]?.message, key).toBe(
        'customerId must be a text, or a whole number up to 9,007,199,254,740,991; got another number. Send it as a text.',
      );
    }
    for (const key of ['21839174', '9007199254740991', '"10000000000000000001"']) {
      expect(await askFor(key), key).toEqual({
        data: { _entities: [{ customerId: key.replaceAll('"', '') }] },
      });
    }
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it.each<[string, unknown]>([
    ['of no type', [{ customerId: '1' }]],
    ['of an unknown type', [{ __typename: 'Agent', id: '1' }]],
    ['of a type that is not an entity', [{ __typename: 'CampaignOpt' }]],
    ['that are numbers', [5]],
    ['that are lists', [[[]]]],
    ['whose type is an object', [{ __typename: { a: 1 } }]],
    ['named as a prototype', [{ __typename: '__proto__' }]],
  ])('%s are BAD_USER_INPUT', async (_, of) => {
    const { ask, lines } = await startService();
    const answer = await ask('query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }', { of });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(lines.join('')).not.toContain('service.bug');
  });
});

describe('a document of usual size', () => {
  it('is accepted if it is a full introspection query', async () => {
    const { ask } = await startService();
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    const { status, errors } = await ask(query);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
  });

  it.each<[string, string]>([
    [
      'an entities query of a router with fragments',
      `query Q__campaigns__0($representations: [_Any!]!) { _entities(representations: $representations) { ...a } } fragment a on Customer { campaignRecords { ...b } } fragment b on CampaignRecord { __typename id campaign { __typename campaignId } customer { __typename customerId } opts { position name value } }`,
    ],
    [
      '250 aliases',
      `{ ${times(250, (index) => `a${index}: findCampaignRecords(customerId: "${30_000_000 + index}") { id customerName phones { number } }`)} }`,
    ],
    ['three nested levels of customers and records', `{ findCampaignRecords(phone: "3064821975") ${nested(3)} }`],
    [
      '40 conditional fields',
      `query ($a: Boolean!) { ${times(40, (index) => `f${index}: __typename @include(if: $a)`)} }`,
    ],
  ])('is accepted: %s', (_, query) => {
    expect(createDocumentCheck().check(query)).toBeUndefined();
  });
});

async function idsOf({ ask }: TestService, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (const campaignId of ['4821', '7203']) {
    const { data } = await ask(`{ findCampaignRecords(campaignId: "${campaignId}") { id customerId } }`);
    const records = (data?.['findCampaignRecords'] ?? []) as { id: string; customerId: string | null }[];
    ids.push(...records.filter(({ customerId }) => customerId !== null).map(({ id }) => id));
  }
  return ids.slice(0, count);
}

function bodyOf(query: string, bytes = 0): string {
  return JSON.stringify({ query, filler: 'x'.repeat(bytes) });
}
