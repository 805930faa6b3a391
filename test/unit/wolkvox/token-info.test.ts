import { describe, expect, it } from 'vitest';
import { LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import { readTokenInfo } from '../../../src/wolkvox/token-info.js';
import { FAILED_RESPONSES, bodyOf, envelopeOf, type ResponseParts } from '../../support/wolkvox-responses.js';

const ROW = {
  description: 'campaigns',
  token_limit: '3000',
  token_use_today: '120',
  all_token_today: '450',
  available_consumption_options: '2550',
};

function read({ status = 200, headers = {}, body = '' }: ResponseParts): ReturnType<typeof readTokenInfo> {
  return readTokenInfo({ statusCode: status, headers, body: bodyOf(body) });
}

const readRow = (row: unknown): ReturnType<typeof readTokenInfo> => read({ body: envelopeOf([row]) });

async function kindOf(parts: ResponseParts): Promise<string> {
  const error: unknown = await read(parts).catch((thrown: unknown) => thrown);
  if (!(error instanceof LookupFailure)) throw new Error('Expected a LookupFailure.', { cause: error });
  return error.kind;
}

describe('The figures of token_info', () => {
  it('are the limit, and the larger of the two counts of the day', async () => {
    expect(await readRow(ROW)).toEqual({ limit: 3_000, used: 450 });
    expect(await readRow({ ...ROW, token_use_today: '451' })).toEqual({ limit: 3_000, used: 451 });
  });

  it('may come as one row, as the first of several rows, or as numbers', async () => {
    expect(await read({ body: envelopeOf(ROW) })).toEqual({ limit: 3_000, used: 450 });
    expect(await read({ body: envelopeOf([ROW, { token_limit: '7' }]) })).toEqual({ limit: 3_000, used: 450 });
    const numbers = { token_limit: 3_000, token_use_today: 0, all_token_today: 0 };
    expect(await readRow(numbers)).toEqual({ limit: 3_000, used: 0 });
  });

  it.each([[''], ['  '], [null], [undefined], ['-1'], ['1.5'], ['1e3'], ['1,000'], ['n/a'], [[3]], [{}], [true], [-2]])(
    'do not have the value %j, and keep the others',
    async (value) => {
      expect(await readRow({ ...ROW, token_limit: value })).toEqual({ limit: undefined, used: 450 });
      expect(await readRow({ ...ROW, all_token_today: value })).toEqual({ limit: 3_000, used: 120 });
      const blank = { token_limit: value, token_use_today: value, all_token_today: value };
      expect(await readRow(blank)).toEqual({ limit: undefined, used: undefined });
    },
  );

  it('have no limit of 0 and no number of ten digits, but a use of 0', async () => {
    const row = { token_limit: '0', token_use_today: '0', all_token_today: '1000000000' };
    expect(await readRow(row)).toEqual({ limit: undefined, used: 0 });
    expect(await readRow({ token_limit: ' 999999999 ' })).toEqual({ limit: 999_999_999, used: undefined });
  });

  it('are absent if the answer has no row', async () => {
    const none = { limit: undefined, used: undefined };
    expect(await read({ body: envelopeOf([]) })).toEqual(none);
    expect(await read({ body: envelopeOf(null) })).toEqual(none);
    expect(await read({ status: 404, body: '{"code":"404","error":"NOT FOUND","msg":""}' })).toEqual(none);
  });
});

describe('A token_info that Wolkvox refuses or garbles', () => {
  it.each<readonly [FailureKind, ResponseParts]>([
    ...FAILED_RESPONSES,
    ['malformed', { body: `{"code":"200","data":[],"more":"${'x'.repeat(70_000)}"}` }],
  ])('fails with %s as a lookup does: %j', async (kind, parts) => {
    expect(await kindOf(parts)).toBe(kind);
  });
});
