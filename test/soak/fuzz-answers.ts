import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { envelopeOf, rowOf } from '../support/wolkvox-responses.js';

/** An answer of Wolkvox after mutations. */
export interface MutatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const VALID_ANSWERS: readonly { readonly status: number; readonly text: string }[] = [
  { status: 200, text: envelopeOf([rowOf()]) },
  { status: 200, text: envelopeOf([rowOf(), rowOf({ customer_id: '', tel1: '' }), rowOf({ campaign_id: '9' })]) },
  { status: 200, text: envelopeOf(Array.from({ length: 30 }, (_, index) => rowOf({ customer_id: `${index}` }))) },
  {
    status: 200,
    text: JSON.stringify({ code: '200', error: null, msg: 'x', data: [rowOf({ opt1: '"}],\\' })] }, null, 2),
  },
  { status: 404, text: '{"code":"404","error":"NOT FOUND","msg":"0 records were found","data":[]}' },
  { status: 403, text: '{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}' },
  { status: 403, text: '{"code":"403","error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}' },
  { status: 500, text: '<html><body><h1>Internal Server Error</h1></body></html>' },
];
const INSERTED_TEXTS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u00', 'null', '1e999', '"code":"200"', '"data":['],
  ...['\uFEFF', '\u0000', '[[[[', '{}'],
];
const STATUSES = [200, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503];

type Mutation = (body: Buffer) => Buffer;

/** A position in a body, as a share of its length. */
const position = fc.double({ min: 0, max: 1, noNaN: true });
const changedByte = fc.tuple(position, fc.integer({ min: 0, max: 255 })).map(([at, byte]): Mutation => (body) => {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed[Math.min(changed.length - 1, Math.floor(at * changed.length))] = byte;
  return changed;
});
const lostOrRepeatedRange = fc
  .tuple(position, position, fc.boolean())
  .map(([from, length, isRepeated]): Mutation => (body) => {
    const start = Math.floor(from * body.length);
    const end = Math.min(body.length, start + Math.ceil(length * 60));
    return Buffer.concat([body.subarray(0, isRepeated ? end : start), body.subarray(isRepeated ? start : end)]);
  });
const insertedText = fc.tuple(position, fc.constantFrom(...INSERTED_TEXTS)).map(([at, text]): Mutation => (body) => {
  const start = Math.floor(at * body.length);
  return Buffer.concat([body.subarray(0, start), Buffer.from(text), body.subarray(start)]);
});
const lostEnd = position.map(
  (at): Mutation =>
    (body) =>
      body.subarray(0, Math.floor(at * body.length)),
);

/** Valid answers after up to four mutations, some of them with another status or compressed. */
export const mutatedAnswers: fc.Arbitrary<MutatedAnswer> = fc
  .record({
    valid: fc.constantFrom(...VALID_ANSWERS),
    mutations: fc.array(fc.oneof(changedByte, lostOrRepeatedRange, insertedText, lostEnd), { maxLength: 4 }),
    status: fc.option(fc.constantFrom(...STATUSES), { freq: 3, nil: undefined }),
    encoding: fc.constantFrom('none', 'none', 'compressed after', 'compressed before', 'not compressed as announced'),
  })
  .map(({ valid, mutations, status, encoding }) => {
    const mutate = (body: Buffer): Buffer => mutations.reduce((before, mutation) => mutation(before), body);
    const text = Buffer.from(valid.text);
    const bodies = {
      'compressed after': () => gzipSync(mutate(text)),
      'compressed before': () => mutate(gzipSync(text)),
    };
    return {
      status: status ?? valid.status,
      headers: encoding === 'none' ? {} : { 'content-encoding': 'gzip' },
      body: encoding in bodies ? bodies[encoding as keyof typeof bodies]() : mutate(text),
    };
  });
