import fc from 'fast-check';
import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createErrorFormatter, withoutValues } from '../../../src/graphql/errors.js';
import { createRecordIds } from '../../../src/graphql/record-ids.js';
import { createGraph } from '../../../src/graphql/server.js';
import type { LookupSource } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import { FAILURES, LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import { createTimeSlices } from '../../../src/core/time-slices.js';
import type { ServiceStatus } from '../../../src/core/status.js';
import { NO_LABELS } from '../../../src/labels/opt-labels.js';
import { createTextCache } from '../../../src/graphql/text-cache.js';

/** The response of a graph to a request. By default the request must not reach the source. */
async function respond(
  request: { query: string; variables?: Record<string, unknown>; operationName?: string },
  find: LookupSource['find'] = () => Promise.reject(new Error('Expected no lookup; got one.')),
): Promise<{ text: string; codes: unknown[]; messages: string[]; bugs: unknown[] }> {
  const bugs: unknown[] = [];
  const graph = createGraph({
    source: { find },
    deadlineMs: 5_000,
    cache: { answerTo: () => undefined, answerWith: () => undefined },
    ids: createRecordIds(['a secret of the tests']),
    labels: NO_LABELS,
    costs: { track: () => undefined, read: () => undefined },
    readStatus: () => ({}) as ServiceStatus,
    texts: createTextCache({ maxBytes: 1_000_000, keepMsOf: () => 60_000, version: () => 0 }),
    campaigns: { find: () => Promise.reject(new Error('Expected no list of campaigns.')), fresh: () => undefined },
    campaignsFreshMs: 300_000,
    freshness: { freshMs: 1_000, staleMs: 1_000 },
    minMaxAgeMs: 0,
    countryCode: undefined,
    responseLimitBytes: 10_000_000,
    cacheControlScope: 'private',
    slices: createTimeSlices(),
    explorable: true,
    onBug: (error) => bugs.push(error),
    clock: createClock(),
    observe: () => undefined,
  });
  await graph.apollo.start();
  const { context, end } = graph.begin();
  try {
    const { body } = await graph.apollo.executeOperation(request, { contextValue: context });
    if (body.kind !== 'single') throw new Error('Expected a response in one part.');
    const { errors = [] } = body.singleResult;
    return {
      text: JSON.stringify(body.singleResult),
      codes: errors.map(({ extensions }) => extensions?.['code']),
      messages: errors.map(({ message }) => message),
      bugs,
    };
  } finally {
    end();
    await graph.apollo.stop();
  }
}

const PHONE = '3064821975';
const NAME = 'Gumersinda';

/** Wrong requests, each with a phone or a name that graphql-js repeats in its message. */
const WRONG: Readonly<Record<string, { query: string; variables?: Record<string, unknown>; operationName?: string }>> =
  {
    'a number for a text': { query: `{ findCampaignRecords(phone: ${PHONE}) { id } }` },
    'a fraction for an id': { query: `{ findCampaignRecords(customerId: ${PHONE}.5) { id } }` },
    'a text for a number': { query: `{ findCampaignRecords(phone: "1234567", maxAge: "${PHONE}") { id } }` },
    'a number beyond the range of Int': { query: `{ findCampaignRecords(phone: "1234567", maxAge: ${PHONE}) { id } }` },
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
    'a variable beyond the range of Int': {
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
    'a text in place of a name': { query: `{ "${PHONE}" }` },
    'a number in place of a name': { query: `{ findCampaignRecords(phone: "1234567") { ${PHONE} } }` },
    'a block string in place of a name': { query: `{ """${NAME}""" }` },
    'a text in place of a definition': { query: `"${NAME}" "${PHONE}"` },
    'a name in place of a colon': { query: `{ findCampaignRecords(phone ${NAME}) { id } }` },
    'a text that does not end': { query: `{ findCampaignRecords(phone: "${PHONE}) { id } }` },
    'a text with a wrong escape': { query: `{ findCampaignRecords(phone: "${PHONE}\\q${NAME}") { id } }` },
    'a text with a wrong code point': { query: `{ findCampaignRecords(phone: "\\u{${PHONE}}") { id } }` },
    'a number that ends in a name': { query: `{ findCampaignRecords(phone: ${PHONE}${NAME}) { id } }` },
    'a name in a constant': {
      query: `query ($phone: String = $${NAME}) { findCampaignRecords(phone: $phone) { id } }`,
    },
    'an unknown operation name': {
      query: 'query A { __typename } query B { __typename }',
      operationName: `${NAME} ${PHONE}`,
    },
    'a phone that is not valid': { query: `{ findCampaignRecords(phone: "${NAME} ${PHONE}") { id } }` },
    'a campaign id that is not valid': { query: `{ findCampaignRecords(campaignId: "${NAME}") { id } }` },
    'a negative age beside a phone': { query: `{ findCampaignRecords(phone: "${PHONE}", maxAge: -1) { id } }` },
  };

describe('an error of the request', () => {
  it.each(Object.entries(WRONG))('does not repeat values: %s', async (_, request) => {
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

  it('says what is wrong', async () => {
    const messageOf = async (name: string): Promise<string | undefined> =>
      (await respond(WRONG[name] ?? { query: '' })).messages[0];
    expect(await messageOf('a number for a text')).toBe('String cannot represent a non string value.');
    expect(await messageOf('a number beyond the range of Int')).toBe(
      'Int cannot represent non 32-bit signed integer value.',
    );
    expect(await messageOf('a variable that is a number')).toBe(
      'Variable "$phone" got an invalid value; String cannot represent a non string value.',
    );
    expect(await messageOf('a text in place of a name')).toBe('Syntax Error: Expected Name.');
    expect(await messageOf('a text that does not end')).toBe('Syntax Error: Unterminated string.');
    const misspelt = await respond({ query: '{ findCampaignRecord(phone: "1234567") { id } }' });
    expect(misspelt.messages).toEqual([
      'Cannot query field "findCampaignRecord" on type "Query". Did you mean "findCampaignRecords"?',
    ]);
  });

  it('repeats no value in any position', async () => {
    // No message of graphql-js or of this project contains these characters.
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

  it('takes little time for texts of any length (defect 42)', async () => {
    for (const length of [20_000, 160_000, 640_000]) {
      const repeated = 'cannot represent '.repeat(length / 17);
      const startedAt = performance.now();
      const { messages, codes } = await respond({ query: `{ "${repeated}" }` });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(codes).toEqual(['GRAPHQL_PARSE_FAILED']);
      expect(messages).toEqual(['Syntax Error: Expected Name.']);
      for (const start of ['', 'Unexpected ', ', found', '; String cannot represent a non string']) {
        expect(withoutValues(start + repeated).length).toBeLessThanOrEqual(2_000);
      }
    }
  });

  it('keeps the reason of a variable after a long value', async () => {
    const query = 'query ($phone: String) { findCampaignRecords(phone: $phone) { id } }';
    const { messages } = await respond({ query, variables: { phone: [PHONE.repeat(10_000)] } });
    expect(messages).toEqual(['Variable "$phone" got an invalid value; String cannot represent a non string value.']);
  });

  it('keeps messages without values', () => {
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

  it.each<[FailureKind, boolean]>([
    ['timeout', true],
    ['queue-full', true],
    ['quota-used', false],
    ['server', true],
    ['token', false],
    ['malformed', false],
    ['too-many-lookups', false],
    ['response-too-large', false],
    ['bad-input', false],
  ])('shows its code and whether a repetition may succeed: %s', async (kind, retryable) => {
    const failure = new LookupFailure(kind, {
      message: 'A message.',
      retryAfterSeconds: 7,
      cause: new Error('https://hidden.example'),
    });
    const { text, bugs } = await respond({ query }, () => Promise.reject(failure));
    expect(JSON.parse(text)).toEqual({
      data: { findCampaignRecords: null },
      errors: [
        {
          message: 'A message.',
          locations: [{ line: 1, column: 3 }],
          path: ['findCampaignRecords'],
          extensions: { code: FAILURES[kind].code, retryable, retryAfterSeconds: 7 },
        },
      ],
    });
    expect(bugs).toEqual([]);
  });

  it('has no retryAfterSeconds if the time is unknown', async () => {
    const { text, messages } = await respond({ query }, () => Promise.reject(new LookupFailure('timeout')));
    expect(messages).toEqual([FAILURES.timeout.message]);
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
    // A library may reject with a value that is not an Error.
    ['a text', NAME as unknown as Error],
    ['an object', { phone: PHONE } as unknown as Error],
  ])('is masked and passed to onBug: %s', async (_, thrown) => {
    const { text, codes, messages, bugs } = await respond({ query }, () => Promise.reject(thrown));
    expect(text).not.toContain(NAME);
    expect(text).not.toContain(PHONE);
    expect(text).not.toContain('hidden.example');
    expect(text).not.toContain('stack');
    expect(codes).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(messages).toEqual(['Internal server error']);
    expect(bugs).toHaveLength(1);
  });

  it('is not retryable, and has its path', async () => {
    const { text } = await respond({ query }, () => Promise.reject(new Error('a bug')));
    expect(JSON.parse(text)).toMatchObject({
      errors: [{ path: ['findCampaignRecords'], extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false } }],
    });
  });

  it('is passed to onBug without the GraphQLError around it', () => {
    const bugs: unknown[] = [];
    const bug = new RangeError('a bug');
    const wrapped = new GraphQLError(bug.message, { originalError: bug, path: ['a'] });
    createErrorFormatter((error) => bugs.push(error))({ message: bug.message, path: ['a'] }, wrapped);
    expect(bugs).toEqual([bug]);
  });
});
