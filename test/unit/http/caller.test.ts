import { describe, expect, it } from 'vitest';
import { readCaller } from '../../../src/http/caller.js';

type Request = Parameters<typeof readCaller>[0];

function request(parts: Partial<Request>): Request {
  return { id: 'request-1', headers: {}, query: {}, body: {}, ...parts };
}

function clientName(headers: Request['headers']): string | undefined {
  return readCaller(request({ headers }), true).clientName;
}

function operationName(body: unknown, query: unknown = {}): string | undefined {
  return readCaller(request({ body, query }), true).operationName;
}

describe('The name of a client', () => {
  it.each([
    ['apollographql-client-name', { 'apollographql-client-name': 'web' }, 'web'],
    ['graphql-client-name', { 'graphql-client-name': 'web' }, 'web'],
    ['the first of both', { 'graphql-client-name': 'second', 'apollographql-client-name': 'first' }, 'first'],
    ['the second if the first is not accepted', { 'apollographql-client-name': '…', 'graphql-client-name': 'b' }, 'b'],
    ['undefined without a header', {}, undefined],
  ])('is that of %s', (_, headers, expected) => {
    expect(clientName(headers)).toBe(expected);
  });

  it.each(['web', 'Call Centre Desk 2', 'com.example.app-ios/2.10_1', 'a'.repeat(60), 'a123456'])(
    'may be "%s"',
    (name) => {
      expect(clientName({ 'graphql-client-name': name })).toBe(name);
    },
  );

  it.each([
    ['empty', ''],
    ['too long', 'a'.repeat(61)],
    ['a phone', '3064821975'],
    ['a phone with signs', '+57 306 482-1975'],
    ['a text with a phone', 'tel 306 482 1975'],
    ['a text with seven digits', 'a1b2c3d4e5f6g7'],
    ['an e-mail address', 'ana@example.com'],
    ['a name with an accent', 'Ana Peñaranda'],
    ['two lines', 'web\nother'],
  ])('is not read if it is %s', (_, name) => {
    expect(clientName({ 'graphql-client-name': name })).toBeUndefined();
  });
});

describe('The name of an operation', () => {
  it.each([
    ['is that of the request', { operationName: 'Find', query: 'query Other { __typename }' }, 'Find'],
    ['is that of a document that begins with it', { query: ' \n query Find($a: ID) { __typename }' }, 'Find'],
    ['is that of the document if the request has null', { operationName: null, query: 'query Find{a}' }, 'Find'],
    [
      'is unknown in a document that begins with a fragment',
      { query: 'fragment F on A { b } query Find { a }' },
      undefined,
    ],
    ['is unknown without a name', { query: '{ query Find }' }, undefined],
    ['is unknown if it is no GraphQL name', { operationName: 'Ana Ruiz', query: 'query Find { a }' }, undefined],
    ['is unknown if the document is no text', { query: 7 }, undefined],
    ['has no phone', { operationName: 'Find3064821975' }, 'Find0'],
  ])('%s', (_, body, expected) => {
    expect(operationName(body)).toBe(expected);
  });

  it('is that of the address of a GET, which has no body', () => {
    expect(operationName(undefined, { query: 'query Find { a }' })).toBe('Find');
    expect(operationName(null, { operationName: 'List' })).toBe('List');
  });
});

it('reads no names from callers that are not trusted', () => {
  const asked = request({ headers: { 'graphql-client-name': 'web' }, body: { operationName: 'Find' } });
  expect(readCaller(asked, true)).toEqual({ requestId: 'request-1', clientName: 'web', operationName: 'Find' });
  expect(readCaller(asked, false)).toEqual({ requestId: 'request-1' });
});
