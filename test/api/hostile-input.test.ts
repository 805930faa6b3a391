import { brotliCompressSync, gzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createDocumentCheck } from '../../src/graphql/document-limits.js';
import { startService } from '../support/service.js';
import type { GraphResponse } from '../support/graphql-client.js';

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
    names: 'fields and values with all fragments expanded|pairs of fields with the same name',
    query: `{ ...f0 } ${times(40, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f40 on Query { __typename }`,
  },
  '101 items in a list': {
    names: 'items in a list',
    query: `{ findCampaignRecords(customerId: "1", outcomes: [${times(101, () => 'FAX')}]) { id } }`,
  },
  '101 items in a default value': {
    names: 'items in a list',
    query: `query ($a: [CallOutcome!] = [${times(101, () => 'FAX')}]) { findCampaignRecords(outcomes: $a) { id } }`,
  },
  'a text of 2,001 characters': {
    names: 'characters in a text',
    query: `{ findCampaignRecords(customerId: "${'1'.repeat(2_001)}") { id } }`,
  },
  'fields of one name in many fragments': {
    names: 'pairs of fields with the same name',
    query: `{ ${times(50, (index) => `...f${index}`)} } ${times(50, (index) => `fragment f${index} on Query { ${times(9, (alias) => `a${alias}: findCampaignRecords(customerId: "1") { id calls opts { name } phones { number } }`)} }`)}`,
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

function bodyOf(query: string, bytes = 0): string {
  return JSON.stringify({ query, filler: 'x'.repeat(bytes) });
}
