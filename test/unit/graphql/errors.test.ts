import fc from 'fast-check';
import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createErrorFormatter, withoutValues } from '../../../src/graphql/errors.js';
import { createGraph } from '../../../src/graphql/server.js';
import { LookupFailure, type FailureCode } from '../../../src/records/failure.js';
import type { RecordSource } from '../../../src/records/source.js';

/** A graph over a source that nobody should reach, and what it says to a request. */
async function respond(
  request: { query: string; variables?: Record<string, unknown>; operationName?: string },
  find: RecordSource['find'] = () => Promise.reject(new Error('Expected no question; one came.')),
): Promise<{ text: string; codes: unknown[]; messages: string[]; bugs: unknown[] }> {
  const bugs: unknown[] = [];
  const graph = createGraph({
    source: { find },
    limits: { deadlineMs: 5_000, calls: 10 },
    freshMs: 1_000,
    recordIdSecret: 'a secret of the tests',
    explorable: true,
    onBug: (error) => bugs.push(error),
  });
  await graph.apollo.start();
  const { operation, context } = graph.begin();
  try {
    const { body } = await graph.apollo.executeOperation(request, { contextValue: context });
    if (body.kind !== 'single') throw new Error('Expected a response in one piece.');
    const { errors = [] } = body.singleResult;
    return {
      text: JSON.stringify(body.singleResult),
      codes: errors.map(({ extensions }) => extensions?.['code']),
      messages: errors.map(({ message }) => message),
      bugs,
    };
  } finally {
    operation.end();
    await graph.apollo.stop();
  }
}

const PHONE = '3064821975';
const NAME = 'Gumersinda';

/** Requests that are wrong, each with a person's phone or name where a message of graphql-js would repeat it. */
const WRONG: Readonly<Record<string, { query: string; variables?: Record<string, unknown>; operationName?: string }>> =
  {
    'a number for a text': { query: `{ findCampaignRecords(phone: ${PHONE}) { id } }` },
    'a fraction for an id': { query: `{ findCampaignRecords(customerId: ${PHONE}.5) { id } }` },
    'a text for a number': { query: `{ findCampaignRecords(phone: "1234567", maxAge: "${PHONE}") { id } }` },
    'a number that no Int holds': { query: `{ findCampaignRecords(phone: "1234567", maxAge: ${PHONE}) { id } }` },
    'a list for a text': { query: `{ findCampaignRecords(phone: ["${PHONE}", "${NAME}"]) { id } }` },
    'an object for a text': { query: `{ findCampaignRecords(phone: { number: "${PHONE}", of: "${NAME}" }) { id } }` },
    'a block string for a number': {
      query: `{ findCampaignRecords(phone: "1234567", maxAge: """\n  ${NAME}\n  ${PHONE}\n""") { id } }`,
    },
    'an enum value for a text': { query: `{ findCampaignRecords(phone: ${NAME}) { id } }` },
    'a text for a condition': { query: `{ findCampaignRecords(phone: "1234567") { id @include(if: "${PHONE}") } }` },
    'a default of the wrong type': {
      query: `query ($maxAge: Int = "${PHONE}") { findCampaignRecords(phone: "1234567", maxAge: $maxAge) { id } }`,
    },
    'a variable that is a number': {
      query: 'query ($phone: String) { findCampaignRecords(phone: $phone) { id } }',
      variables: { phone: Number(PHONE) },
    },
    'a variable that is a list': {
      query: 'query ($phone: String) { findCampaignRecords(phone: $phone) { id } }',
      variables: { phone: [PHONE, NAME] },
    },
    'a variable that is an object': {
      query: 'query ($id: ID) { findCampaignRecords(customerId: $id) { id } }',
      variables: { id: { [NAME]: PHONE } },
    },
    'a variable that no Int holds': {
      query: 'query ($maxAge: Int) { findCampaignRecords(phone: "1234567", maxAge: $maxAge) { id } }',
      variables: { maxAge: Number(PHONE) },
    },
    'a variable that imitates a message': {
      query: 'query ($maxAge: Int) { findCampaignRecords(phone: "1234567", maxAge: $maxAge) { id } }',
      variables: { maxAge: `; String cannot represent ${NAME.toLowerCase()} value` },
    },
    'a variable of several lines': {
      query: 'query ($maxAge: Int) { findCampaignRecords(phone: "1234567", maxAge: $maxAge) { id } }',
      variables: { maxAge: `first\n${NAME}\u2028${PHONE}` },
    },
    'a null in a list of representations': {
      query: 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
      variables: { r: [{ __typename: 'Customer', customerId: PHONE }, null] },
    },
    'representations of a wrong type': {
      query: 'query ($r: [Int!]!) { findCampaignRecords(phone: "1234567") { id } }',
      variables: { r: [{ __typename: 'Customer', customerId: PHONE }] },
    },
    'a text where a name is due': { query: `{ "${PHONE}" }` },
    'a number where a name is due': { query: `{ findCampaignRecords(phone: "1234567") { ${PHONE} } }` },
    'a block string where a name is due': { query: `{ """${NAME}""" }` },
    'a text where nothing is due': { query: `"${NAME}" "${PHONE}"` },
    'a name where a colon is due': { query: `{ findCampaignRecords(phone ${NAME}) { id } }` },
    'a text that does not end': { query: `{ findCampaignRecords(phone: "${PHONE}) { id } }` },
    'a text with a wrong escape': { query: `{ findCampaignRecords(phone: "${PHONE}\\q${NAME}") { id } }` },
    'a text with a wrong code point': { query: `{ findCampaignRecords(phone: "\\u{${PHONE}}") { id } }` },
    'a number that ends in a name': { query: `{ findCampaignRecords(phone: ${PHONE}${NAME}) { id } }` },
    'a name in a constant': {
      query: `query ($phone: String = $${NAME}) { findCampaignRecords(phone: $phone) { id } }`,
    },
    'an operation that is not there': {
      query: 'query A { __typename } query B { __typename }',
      operationName: `${NAME} ${PHONE}`,
    },
    'a criterion that cannot be one': { query: `{ findCampaignRecords(phone: "${NAME} ${PHONE}") { id } }` },
    'a campaign that is none': { query: `{ findCampaignRecords(campaignId: "${NAME}") { id } }` },
    'a negative age beside a phone': { query: `{ findCampaignRecords(phone: "${PHONE}", maxAge: -1) { id } }` },
  };

describe('an error that blames the request', () => {
  it.each(Object.entries(WRONG))('repeats nothing of it: %s', async (_, request) => {
    const { text, codes, bugs } = await respond(request);
    expect(text).not.toContain(PHONE);
    expect(text.toLowerCase()).not.toContain(NAME.toLowerCase());
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) {
      expect([
        'BAD_USER_INPUT',
        'GRAPHQL_PARSE_FAILED',
        'GRAPHQL_VALIDATION_FAILED',
        'OPERATION_RESOLUTION_FAILURE',
      ]).toContain(code);
    }
    expect(bugs).toEqual([]);
  });

  it('still says what is wrong', async () => {
    const messageOf = async (name: string): Promise<string | undefined> =>
      (await respond(WRONG[name] ?? { query: '' })).messages[0];
    expect(await messageOf('a number for a text')).toBe('String cannot represent a non string value.');
    expect(await messageOf('a number that no Int holds')).toBe('Int cannot represent non 32-bit signed integer value.');
    expect(await messageOf('a variable that is a number')).toBe(
      'Variable "$phone" got an invalid value; String cannot represent a non string value.',
    );
    expect(await messageOf('a text where a name is due')).toBe('Syntax Error: Expected Name.');
    expect(await messageOf('a text that does not end')).toBe('Syntax Error: Unterminated string.');
    const misspelt = await respond({ query: '{ findCampaignRecord(phone: "1234567") { id } }' });
    expect(misspelt.messages).toEqual([
      'Cannot query field "findCampaignRecord" on type "Query". Did you mean "findCampaignRecords"?',
    ]);
  });

  it('repeats no value, whatever the value is and wherever it stands', async () => {
    // Characters that no message of graphql-js or of ours has.
    const planted = fc.string({
      unit: fc.constantFrom('Ж', 'Ы', 'ß', ' ', ';', "'", '\n', ',', ':', '.'),
      minLength: 1,
      maxLength: 40,
    });
    const graphqlText = (value: string): string => JSON.stringify(value);
    await fc.assert(
      fc.asyncProperty(planted, fc.nat(5), async (value, place) => {
        fc.pre(/[ЖЫß]/u.test(value));
        const literal = graphqlText(value);
        const requests = [
          { query: `{ findCampaignRecords(phone: ${literal}) { id } }` },
          { query: `{ findCampaignRecords(phone: "1234567", maxAge: ${literal}) { id } }` },
          { query: `{ findCampaignRecords(phone: "1234567") { ${literal} } }` },
          { query: `{ findCampaignRecords(customerId: { a: [${literal}] }) { id } }` },
          {
            query: 'query ($a: Int) { findCampaignRecords(phone: "1234567", maxAge: $a) { id } }',
            variables: { a: value },
          },
          {
            query: 'query ($a: ID) { findCampaignRecords(customerId: $a) { id } }',
            variables: { a: [{ [value]: value }] },
          },
        ];
        const { text, codes } = await respond(requests[place] ?? { query: '' });
        expect(text).not.toMatch(/[ЖЫß]/u);
        expect(codes.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps messages that hold no value as they are', () => {
    for (const message of [
      'Field "findCampaignRecords" of type "[CampaignRecord!]" must have a selection of subfields. Did you mean "findCampaignRecords { ... }"?',
      'Variable "$phone" is not defined.',
      'Variable "$r" of required type "[_Any!]!" was not provided.',
      'Syntax Error: Unexpected <EOF>.',
    ]) {
      expect(withoutValues(message)).toBe(message);
    }
  });
});

describe('a failed lookup', () => {
  const query = '{ findCampaignRecords(phone: "1234567") { id } }';

  it.each<[FailureCode, boolean]>([
    ['UPSTREAM_TIMEOUT', true],
    ['UPSTREAM_BUSY', true],
    ['UPSTREAM_QUOTA_EXHAUSTED', false],
    ['UPSTREAM_UNAVAILABLE', true],
    ['UPSTREAM_REFUSED', false],
    ['UPSTREAM_MALFORMED', false],
    ['TOO_MANY_LOOKUPS', false],
    ['RESULT_TOO_LARGE', false],
  ])('shows its code and whether asking again may help: %s', async (code, retryable) => {
    const { text, bugs } = await respond({ query }, () =>
      Promise.reject(
        new LookupFailure(code, 'Said so.', { retryAfterSeconds: 7, cause: new Error('https://hidden.example') }),
      ),
    );
    expect(JSON.parse(text)).toEqual({
      data: { findCampaignRecords: null },
      errors: [
        {
          message: 'Said so.',
          locations: [{ line: 1, column: 3 }],
          path: ['findCampaignRecords'],
          extensions: { code, retryable, retryAfterSeconds: 7 },
        },
      ],
    });
    expect(bugs).toEqual([]);
  });

  it('has no retryAfterSeconds where none is known', async () => {
    const { text } = await respond({ query }, () => Promise.reject(new LookupFailure('UPSTREAM_TIMEOUT', 'Said so.')));
    expect(text).not.toContain('retryAfterSeconds');
  });
});

describe('an unknown error', () => {
  const query = '{ findCampaignRecords(phone: "1234567") { id } }';

  it.each<[string, Error]>([
    ['an Error', new TypeError(`cannot read ${NAME} at https://hidden.example`)],
    [
      'a GraphQLError with a code of its own',
      new GraphQLError(NAME, { extensions: { code: 'BAD_SECRET', person: NAME } }),
    ],
    // What is no Error all the same: no type holds a library back.
    ['a text', NAME as unknown as Error],
    ['an object', { phone: PHONE } as unknown as Error],
  ])('is masked and handed on: %s', async (_, thrown) => {
    // What a source must not do; the mask is for the day on which one does.
    const { text, codes, messages, bugs } = await respond({ query }, () => Promise.reject(thrown));
    expect(text).not.toContain(NAME);
    expect(text).not.toContain(PHONE);
    expect(text).not.toContain('hidden.example');
    expect(text).not.toContain('stack');
    expect(codes).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(messages).toEqual(['Internal server error']);
    expect(bugs).toHaveLength(1);
  });

  it('says that asking again does not help, and where it happened', async () => {
    const { text } = await respond({ query }, () => Promise.reject(new Error('a bug')));
    expect(JSON.parse(text)).toMatchObject({
      errors: [{ path: ['findCampaignRecords'], extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false } }],
    });
  });

  it('is handed on as it was thrown, without what GraphQL wrapped around it', () => {
    const bugs: unknown[] = [];
    const bug = new RangeError('a bug');
    const wrapped = new GraphQLError(bug.message, { originalError: bug, path: ['a'] });
    createErrorFormatter((error) => bugs.push(error))({ message: bug.message, path: ['a'] }, wrapped);
    expect(bugs).toEqual([bug]);
  });
});
