import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { createRowCutter, readObject } from '../../../src/wolkvox/rows.js';

/** Cuts a text that arrives in chunks of these lengths; the last length goes on. */
function cut(text: string | Buffer, lengths: readonly number[] = [Infinity]): { rows: unknown[]; envelope: unknown } {
  const bytes = Buffer.from(text);
  const rows: unknown[] = [];
  const cutter = createRowCutter((row) => rows.push(row));
  for (let at = 0, chunk = 0; at < bytes.length; chunk += 1) {
    const length = lengths[Math.min(chunk, lengths.length - 1)] ?? 1;
    cutter.write(bytes.subarray(at, at + length));
    at += length;
  }
  return { rows, envelope: cutter.end() };
}

function detailOf(text: string): string | undefined {
  try {
    cut(text);
  } catch (error) {
    if (error instanceof LookupFailure && error.kind === 'malformed') return error.facts.detail;
    throw error;
  }
  return undefined;
}

const row = fc.dictionary(fc.string(), fc.jsonValue());
const someChunks = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });

describe('The row cutter', () => {
  it('gives each row as soon as its closing brace has arrived, and the envelope at the end', () => {
    const rows: unknown[] = [];
    const cutter = createRowCutter((each) => rows.push(each));
    cutter.write(Buffer.from('{"code":"200","data":[{"a":1}'));
    expect(rows).toEqual([{ a: 1 }]);
    cutter.write(Buffer.from(',{"a":"}'));
    expect(rows).toHaveLength(1);
    cutter.write(Buffer.from('"}],"msg":"x"}'));
    expect(rows).toEqual([{ a: 1 }, { a: '}' }]);
    expect(cutter.end()).toEqual({ code: '200', data: [], msg: 'x' });
  });

  it('finds the rows and the envelope that JSON.parse finds, whatever they hold and however they arrive', () => {
    const keys = fc.dictionary(
      fc.string().filter((key) => key !== 'data'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(
        keys,
        fc.array(row),
        keys,
        fc.constantFrom(0, 2),
        someChunks,
        (before, rows, after, space, chunks) => {
          // A key may be in both parts. JSON.parse takes the last one, and so does the cutter.
          const text = JSON.stringify({ before, data: rows, after }, null, space);
          const parsed = JSON.parse(text) as Record<string, unknown>;
          expect(cut(text, chunks)).toEqual({ rows: parsed['data'], envelope: { ...parsed, data: [] } });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ends the same way however any text is cut into chunks', () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"data":[', '{"data":[', '{}', '\uFEFF', ' ', '1', 'ñ'),
    );
    const resultOf = (text: string, chunks?: readonly number[]): unknown => {
      try {
        return cut(text, chunks);
      } catch (error) {
        if (error instanceof LookupFailure) return error.facts.detail;
        throw error;
      }
    };
    fc.assert(
      fc.property(pieces, someChunks, (parts, chunks) => {
        const text = parts.join('');
        expect(resultOf(text, chunks)).toEqual(resultOf(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes only the outermost `data` as rows, under its plain key', () => {
    expect(cut('{"page":{"data":[{"a":1}]},"other":[{"data":[{}]}],"data":[{"b":1}]}')).toEqual({
      rows: [{ b: 1 }],
      envelope: { page: { data: [{ a: 1 }] }, other: [{ data: [{}] }], data: [] },
    });
    expect(cut('{"x\\"data":[{}],"metadata":[1]}').rows).toEqual([]);
    expect(cut('{"data" \n:\t [ {} ] }').rows).toEqual([{}]);
  });

  it.each([
    ['', 'the envelope is not JSON'],
    [' ', 'the envelope is not JSON'],
    ['[]', 'the answer is not a JSON object'],
    ['<html>', 'the answer is not a JSON object'],
    ['{"data":[1]}', '`data` holds something other than objects with commas between them'],
    ['{"data":[{}{}]}', '`data` holds something other than objects with commas between them'],
    ['{"data":[,{}]}', '`data` holds something other than objects with commas between them'],
    ['{"data":[{},]}', '`data` holds something other than objects with commas between them'],
    ['{"data":[{"a"}]}', 'the row is not JSON'],
    ['{"data":[{]]}', 'the row is not JSON'],
    ['{"data":[{}],"data":[{}]}', 'the answer has two `data`'],
    ['{"data":[{}],"data":{}}', '`data` is written in an unexpected way'],
    ['{"d\\u0061ta":[{}]}', '`data` is written in an unexpected way'],
    ['{x "data":[', 'the envelope is not JSON'],
    ['{"data":[{}', 'the answer ends inside `data`'],
    ['{"data":[{', 'the answer ends inside `data`'],
    ['{"data":[{}]', 'the envelope is not JSON'],
    ['{"data":[]}}', 'the envelope is not JSON'],
    ['{"data":[]}', undefined],
  ])('refuses %s: %s', (text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  it('checks the text before the rows at once, so that a body that is not JSON is not read to its end', () => {
    const cutter = createRowCutter(() => undefined);
    expect(() => cutter.write(Buffer.from('{x "data":['))).toThrow(LookupFailure);
  });

  it('bounds a row and the envelope to 1 MiB, in one chunk and in many', () => {
    const most = 1024 * 1024;
    const rowOf = (bytes: number): string => `{"data":[{"a":"${'x'.repeat(bytes - 8)}"}]}`;
    const envelopeOf = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 18)}","data":[]}`;
    for (const chunks of [[Infinity], [4_096]]) {
      expect(cut(rowOf(most), chunks).rows).toHaveLength(1);
      expect(() => cut(rowOf(most + 1), chunks)).toThrow(LookupFailure);
      expect(cut(envelopeOf(most), chunks).rows).toEqual([]);
      expect(() => cut(envelopeOf(most + 1), chunks)).toThrow(LookupFailure);
    }
    expect(detailOf(rowOf(most + 1))).toBe(`the row is longer than ${most} bytes`);
  });

  it('passes an error of onRow on', () => {
    const bug = new TypeError('a bug');
    const cutter = createRowCutter(() => {
      throw bug;
    });
    expect(() => cutter.write(Buffer.from('{"data":[{}]}'))).toThrow(bug);
  });
});

describe('A JSON object', () => {
  it('may begin with a byte order mark', () => {
    expect(readObject('\uFEFF{"a":1}', 'body')).toEqual({ a: 1 });
  });

  it.each([
    ['[]', 'the body is not an object'],
    ['null', 'the body is not an object'],
    ['"text"', 'the body is not an object'],
    ['{', 'the body is not JSON'],
    ['\uFEFF\uFEFF{}', 'the body is not JSON'],
  ])('is not %s: %s', (text, detail) => {
    expect(() => readObject(text, 'body')).toThrow(expect.objectContaining({ facts: { detail } }));
  });
});
