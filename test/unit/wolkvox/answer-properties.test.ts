import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { matches } from '../../../src/core/lookup.js';
import { readAnswer, type ReadOptions } from '../../../src/wolkvox/answer.js';
import { readRow } from '../../../src/wolkvox/columns.js';
import { OPTIONS, rowOf } from '../../support/wolkvox-responses.js';

const COLUMNS = Object.keys(rowOf());

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '1234',
    '3005550101',
    '2026-11-20 09:30:00',
    'NO-ANSWER',
    '{"data":[',
    '\\',
    '"',
    '\uFEFF',
  ),
  fc.constant(null),
  fc.integer(),
  fc.boolean(),
);
const row = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COLUMNS) }, fc.string()), scalar, {
  maxKeys: 12,
});
const lookup = fc.oneof(
  fc.constant<ReadOptions['lookup']>({ campaignId: '1234' }),
  fc.constant<ReadOptions['lookup']>({ phone: '3005550101' }),
  fc.constant<ReadOptions['lookup']>({ customerId: '0', campaignId: '1234' }),
);
const envelope = fc
  .record({
    code: fc.constantFrom('200', 200, '0', 0),
    error: fc.constantFrom(null, 'null'),
    msg: fc.string(),
    data: fc.array(row),
  })
  .chain((whole) =>
    fc.shuffledSubarray(Object.entries(whole), { minLength: 4 }).map((entries) => Object.fromEntries(entries)),
  );
const spacing = fc.constantFrom(undefined, 2, '\t');

const someStatus = fc.oneof(
  fc.constantFrom(200, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503),
  fc.integer({ min: 100, max: 999 }),
);
/** JSON that resembles Wolkvox's, any JSON, pieces of JSON, any text, any bytes. */
const someBody = fc.oneof(
  fc
    .record(
      {
        code: fc.oneof(fc.constantFrom('200', '403', '404', 404, '500', 0, ''), fc.jsonValue()),
        error: fc.jsonValue(),
        msg: fc.oneof(fc.constantFrom('TOKEN LIMIT EXCEEDED', 'PLEASE VALIDATE TOKEN'), fc.jsonValue()),
        data: fc.oneof(fc.array(fc.oneof(row, fc.jsonValue())), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    .map((value) => Buffer.from(JSON.stringify(value))),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '"data":[',
        '"code":"200"',
        '{"code":"200","data":[',
        '{}',
        ' ',
        '1',
      ),
    )
    .map((parts) => Buffer.from(parts.join(''))),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const someHeaders = fc.record(
  { 'content-encoding': fc.constantFrom('gzip', 'br', 'deflate', 'identity', 'x'), 'retry-after': fc.string() },
  { requiredKeys: [] },
);

/** The records or the failure, as a value that can be compared. Another error is thrown. */
async function outcomeOf(
  bytes: Iterable<Uint8Array>,
  options: Partial<ReadOptions>,
  status = 200,
  headers = {},
): Promise<unknown> {
  const body = Readable.from(bytes, { objectMode: false });
  try {
    return await readAnswer({ statusCode: status, headers, body }, { ...OPTIONS, ...options });
  } catch (error) {
    if (!(error instanceof LookupFailure)) throw error;
    return {
      code: error.code,
      message: error.message,
      kind: error.kind,
      facts: error.facts,
    };
  } finally {
    expect(body.destroyed).toBe(true);
  }
}

/** Cuts bytes into chunks. The cuts are fractions of the length. */
function cut(bytes: Buffer, fractions: readonly number[]): Buffer[] {
  const at = [
    0,
    ...fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('Reading an answer', () => {
  it('ends with records or with a LookupFailure, whatever arrives', async () => {
    await fc.assert(
      fc.asyncProperty(someStatus, someHeaders, someBody, lookup, async (status, headers, bytes, asked) => {
        const outcome = await outcomeOf([bytes], { lookup: asked }, status, headers);
        if (Array.isArray(outcome)) {
          expect(status === 404 || (status >= 200 && status < 300)).toBe(true);
        } else {
          expect(outcome).toMatchObject({ code: expect.stringMatching(/^(UPSTREAM_|RESULT_TOO_LARGE)/) as unknown });
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('finds the records that JSON.parse finds', async () => {
    await fc.assert(
      fc.asyncProperty(envelope, spacing, lookup, async (whole, space, asked) => {
        const text = JSON.stringify(whole, null, space);
        const { data } = JSON.parse(text) as { data: Record<string, unknown>[] };
        const expected = data
          .map((each) => readRow(each, { ...OPTIONS, lookup: asked }))
          .filter((record) => matches(record, asked));
        expect(await outcomeOf([Buffer.from(text)], { lookup: asked })).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('has the same result however the bytes are cut into chunks, compressed or not', async () => {
    const anyBytes = fc.oneof(
      fc.tuple(envelope, spacing).map(([whole, space]) => Buffer.from(JSON.stringify(whole, null, space))),
      someBody,
    );
    const bounds = fc.record({
      maxBytes: fc.constantFrom(50, 200, 1_000_000),
      maxRecords: fc.constantFrom(0, 1, 1000),
    });
    const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        anyBytes,
        bounds,
        fractions,
        fc.constantFrom(200, 200, 404, 500),
        async (bytes, options, cuts, status) => {
          const whole = await outcomeOf([bytes], options, status);
          expect(await outcomeOf(cut(bytes, cuts), options, status)).toEqual(whole);
          expect(
            await outcomeOf(
              cut(
                bytes,
                [...bytes.keys()].map((index) => index / bytes.length),
              ),
              options,
              status,
            ),
          ).toEqual(whole);
          const zipped = cut(gzipSync(bytes), cuts);
          expect(await outcomeOf(zipped, options, status, { 'content-encoding': 'gzip' })).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never takes a part of an answer for the whole answer', async () => {
    await fc.assert(
      fc.asyncProperty(
        envelope,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (whole, fraction) => {
          const bytes = Buffer.from(JSON.stringify(whole));
          const outcome = await outcomeOf([bytes.subarray(0, Math.floor(fraction * bytes.length))], {});
          expect(outcome).toMatchObject({ kind: 'malformed' });
        },
      ),
      { numRuns: 500 },
    );
  });
});
