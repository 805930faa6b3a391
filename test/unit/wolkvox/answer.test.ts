import { afterEach, describe, expect, it, vi } from 'vitest';
import { envelopeOf, failureOf, read, rowOf } from '../../support/wolkvox-responses.js';

const HTML = '<!DOCTYPE html><html><body><h1>Not found</h1></body></html>';

describe('A success', () => {
  it.each([['"200"'], ['200'], ['"0"'], ['0'], ['" 200 "']])('has code %s', async (code) => {
    const records = await read({
      body: `{"code":${code},"error":null,"msg":"found","data":[${JSON.stringify(rowOf())}]}`,
    });
    expect(records).toHaveLength(1);
  });

  it('may have the text "null" as its error', async () => {
    expect(await read({ body: envelopeOf([rowOf()], { error: 'null' }) })).toHaveLength(1);
  });

  it('may come without a code if its data is an array', async () => {
    expect(await read({ body: envelopeOf([rowOf()], { code: undefined }) })).toHaveLength(1);
    expect(await read({ body: '{"data":[]}' })).toEqual([]);
  });

  it.each([['[]'], ['null'], [undefined]])('with data %s has no records', async (data) => {
    const body = data === undefined ? '{"code":"200","error":null,"msg":""}' : `{"code":"200","data":${data}}`;
    expect(await read({ body })).toEqual([]);
  });

  it('may begin with a byte order mark and end with a line break', async () => {
    expect(await read({ body: `\uFEFF ${envelopeOf([rowOf()])}\r\n` })).toHaveLength(1);
  });

  it('may have its data before its code, other keys, and line breaks anywhere', async () => {
    const body = JSON.stringify(
      { page: { data: [1] }, data: [rowOf(), rowOf()], more: ['data'], code: '200' },
      null,
      4,
    );
    expect(await read({ body })).toHaveLength(2);
  });

  it('does not depend on what msg says', async () => {
    expect(
      await read({ body: envelopeOf([rowOf()], { msg: '0 records were found. TOKEN LIMIT EXCEEDED' }) }),
    ).toHaveLength(1);
  });

  it('has the records that match every criterion, in their order, and no others', async () => {
    const body = envelopeOf([
      rowOf({ customer_id: '1', tel3: '93005550199' }),
      rowOf({ customer_id: '2', tel1: '573005550199' }),
      rowOf({ customer_id: '1', campaign_id: '9999', tel1: '3005550199' }),
      rowOf({ customer_id: '1', tel1: '3005550100' }),
      rowOf({ customer_id: ' 1 ', tel2: '300 555 0199' }),
    ]);
    const records = await read({ body }, { lookup: { phone: '3005550199', customerId: '1', campaignId: '1234' } });
    expect(records.map(({ phones }) => phones.at(-1))).toEqual([
      { position: 3, number: '93005550199' },
      { position: 2, number: '300 555 0199' },
    ]);
  });
});

describe('An answer without a match', () => {
  it.each([
    ['{"code":"404","error":"NOT FOUND","msg":"0 records were found","data":[]}'],
    ['{"code":404,"error":"NOT FOUND","msg":"THE API YOU WANT TO CONSULT DOES NOT EXIST","data":null}'],
    ['{"msg":"NO RECORDS"}'],
    ['{"code":"200","error":null,"msg":"0 records were found","data":[]}'],
  ])('is a 404 with an envelope: %s', async (body) => {
    expect(await read({ status: 404, body })).toEqual([]);
  });

  it('is a 404 in the envelope of HTTP 200', async () => {
    expect(await read({ body: '{"code":"404","error":"NOT FOUND","msg":"0 records were found"}' })).toEqual([]);
  });

  it.each([[HTML], [''], ['{'], ['[]'], ['{}'], ['null'], ['"404"']])('is not a 404 with the body %s', async (body) => {
    expect(await failureOf({ status: 404, body })).toMatchObject({ kind: 'request', code: 'UPSTREAM_REFUSED' });
  });

  it('is not a 404 that comes with rows', async () => {
    const body = envelopeOf([rowOf()], { code: '404' });
    expect(await failureOf({ status: 404, body })).toMatchObject({ kind: 'malformed' });
    expect(await failureOf({ status: 200, body })).toMatchObject({ kind: 'malformed' });
  });

  it('is not an answer of a failing server with a 404 in its envelope', async () => {
    expect(await failureOf({ status: 500, body: '{"code":"404","msg":"0 records were found"}' })).toMatchObject({
      kind: 'server',
    });
  });
});

describe('A failure', () => {
  const errorBody = (code: string, error: string, msg: string): string => JSON.stringify({ code, error, msg });
  const rows: [number, string, string, string, string][] = [
    [400, 'BAD REQUEST', 'THE API YOU WANT TO CONSULT DOES NOT EXIST', 'request', 'UPSTREAM_REFUSED'],
    [400, 'BAD REQUEST', 'SOME PARAMETERS ARE REQUIRED', 'request', 'UPSTREAM_REFUSED'],
    [401, 'UNAUTHORIZED', 'PLEASE ENTER THE WOLKVOX-TOKEN', 'token', 'UPSTREAM_REFUSED'],
    [401, 'UNAUTHORIZED', 'NOT ALLOWED', 'request', 'UPSTREAM_REFUSED'],
    [403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED', 'quota', 'UPSTREAM_QUOTA_EXHAUSTED'],
    [403, 'FORBIDDEN', ' token  limit\texceeded. ', 'quota', 'UPSTREAM_QUOTA_EXHAUSTED'],
    [403, 'FORBIDDEN', 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)', 'simultaneous', 'UPSTREAM_BUSY'],
    [403, 'FORBIDDEN', 'Exceeds the limit of simultaneous requests per token (5)', 'simultaneous', 'UPSTREAM_BUSY'],
    [403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN', 'token', 'UPSTREAM_REFUSED'],
    [403, 'FORBIDDEN', 'BACKUP IN PROGRESS', 'maintenance', 'UPSTREAM_UNAVAILABLE'],
    [408, 'TIMEOUT', '', 'timeout', 'UPSTREAM_TIMEOUT'],
    [410, 'GONE', '', 'request', 'UPSTREAM_REFUSED'],
    [429, 'TOO MANY', '', 'throttled', 'UPSTREAM_BUSY'],
    [500, 'ERROR', '', 'server', 'UPSTREAM_UNAVAILABLE'],
    [503, 'ERROR', '', 'server', 'UPSTREAM_UNAVAILABLE'],
  ];

  it.each(rows)('%i %s with msg "%s" is of kind %s', async (status, error, msg, kind, code) => {
    const expected = { kind, code, facts: { httpStatus: status, envelopeCode: status } };
    expect(await failureOf({ status, body: errorBody(String(status), error, msg) })).toMatchObject(expected);
  });

  it.each(rows)('%i %s with msg "%s" inside HTTP 200 is the same', async (status, error, msg, kind, code) => {
    expect(await failureOf({ body: errorBody(String(status), error, msg) })).toMatchObject({ kind, code });
  });

  it.each([
    [300, 'request'],
    [302, 'request'],
    [400, 'request'],
    [401, 'request'],
    [403, 'maintenance'],
    [429, 'throttled'],
    [500, 'server'],
    [502, 'server'],
    [504, 'server'],
    [101, 'malformed'],
    [999, 'malformed'],
  ])('%i with HTML or nothing in its body is of kind %s', async (status, kind) => {
    for (const body of [HTML, '', '"text"', '[1]', '\u0000', 'x'.repeat(300_000)]) {
      expect(await failureOf({ status, body })).toMatchObject({ kind });
    }
  });

  it('is known by its HTTP status although the envelope says "success"', async () => {
    expect(await failureOf({ status: 503, body: envelopeOf([]) })).toMatchObject({ kind: 'server' });
    expect(await failureOf({ status: 403, body: envelopeOf([], { code: '0' }) })).toMatchObject({
      kind: 'maintenance',
    });
  });

  it('is known by its documented msg, whatever code comes with it', async () => {
    for (const [status, code] of [
      [404, '404'],
      [500, '500'],
      [200, '200'],
      [200, undefined],
    ] as const) {
      const body = JSON.stringify({ code, msg: 'PLEASE VALIDATE TOKEN' });
      expect(await failureOf({ status, body })).toMatchObject({ kind: 'token' });
    }
  });

  it.each([
    ['an empty body', ''],
    ['blanks', ' \r\n\t'],
    ['HTML', HTML],
    ['an array', '[]'],
    ['a text', '"200"'],
    ['null', 'null'],
    ['no code and no data', '{}'],
    ['no code, and an error', '{"error":"FORBIDDEN","data":[]}'],
    ['an unknown code', '{"code":"1","data":[]}'],
    ['a code that is a word', '{"code":"OK","data":[]}'],
    ['a code that is an object', '{"code":{},"data":[]}'],
    ['data that is an object', '{"code":"200","data":{}}'],
    ['data that is a text', '{"code":"200","data":"x"}'],
    ['data that is false', '{"code":"200","data":false}'],
    ['a row that is a text', '{"code":"200","data":["x"]}'],
    ['a row that is null', '{"code":"200","data":[null]}'],
    ['a row that is an array', '{"code":"200","data":[[]]}'],
    ['a comma before the first row', '{"code":"200","data":[,{}]}'],
    ['a comma after the last row', '{"code":"200","data":[{},]}'],
    ['no comma between rows', '{"code":"200","data":[{}{}]}'],
    ['two commas between rows', '{"code":"200","data":[{},,{}]}'],
    ['a row with a wrong bracket', '{"code":"200","data":[{"a":[}}]}'],
    ['a row that ends with a bracket', '{"code":"200","data":[{]]}'],
    ['a wrong bracket at the end', '{"code":"200","data":[{}}}'],
    ['an end in the middle of a row', '{"code":"200","data":[{"tel1":"3'],
    ['an end between rows', '{"code":"200","data":[{},'],
    ['an end after the rows', '{"code":"200","data":[{}]'],
    ['text after the end', '{"code":"200","data":[]}x'],
    ['one brace too many', '{"code":"200","data":[]}}'],
    ['two answers', '{"code":"200","data":[]}{"code":"200","data":[]}'],
    ['two data with rows', '{"code":"200","data":[{}],"data":[{}]}'],
    ['rows before another data', '{"code":"200","data":[{}],"data":null}'],
    ['rows under a key spelt with escapes', '{"code":"200","d\\u0061ta":[{}]}'],
    ['a key that only ends like data', '{"code":"200" "data":[]}'],
    ['a control character in a text', '{"code":"200","data":[{"tel1":"\n"}]}'],
  ])('HTTP 200 with %s is malformed', async (_what, body) => {
    expect(await failureOf({ body })).toMatchObject({
      kind: 'malformed',
      code: 'UPSTREAM_MALFORMED',
      retryable: false,
    });
  });

  it('says nothing of what the answer holds', async () => {
    const secret = 'Lucía Peñaranda 52000111';
    for (const [status, body] of [
      [200, `{"code":"200","data":[{"customer_name":"${secret}" x}]}`],
      [200, `{"code":"${secret}","data":[]}`],
      [200, secret],
      [200, envelopeOf([rowOf({ customer_name: { secret } })])],
      [200, `{"code":"500","msg":"${secret}","error":"${secret}"}`],
      [500, `{"code":"500","msg":"${secret}","error":"${secret}"}`],
      [403, secret],
      [404, secret],
    ] as const) {
      const { message, stack, cause, facts } = await failureOf({ status, body });
      expect(JSON.stringify([message, stack, cause, facts])).not.toMatch(/Lucía|Peñaranda|52000111/);
    }
  });
});

describe('Retry-After', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    [429, '17', 17],
    [503, ' 0 ', 0],
    [403, 'Mon, 23 Nov 2026 12:01:30 GMT', 90],
    [429, 'Mon, 23 Nov 2026 11:00:00 GMT', 0],
    [429, 'soon', undefined],
    [429, '-5', undefined],
    [500, '', undefined],
  ])('of HTTP %i, "%s", is %s seconds', async (status, header, seconds) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 23, 12, 0, 0) });
    const failure = await failureOf({ status, headers: { 'retry-after': header } });
    expect(failure.retryAfterSeconds).toBe(seconds);
  });

  it('counts also with an error inside HTTP 200', async () => {
    const body = '{"code":"429","msg":""}';
    expect(await failureOf({ body, headers: { 'retry-after': ['5', '9'] } })).toMatchObject({ retryAfterSeconds: 5 });
  });
});
