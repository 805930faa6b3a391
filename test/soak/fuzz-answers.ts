import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { envelopeOf, rowOf } from '../support/wolkvox-responses.js';

/** An answer of Wolkvox, or what became of it. */
export interface MutatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Answers as they come when nothing is wrong with them. */
const SOUND: readonly { readonly status: number; readonly text: string }[] = [
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
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u00',
  'null',
  '1e999',
  '"code":"200"',
  '"data":[',
  '\uFEFF',
  '\u0000',
  '[[[[',
  '{}',
];

type Mutation = (body: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  // A byte becomes another one.
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([at, byte]): Mutation => (body) => {
    const changed = Buffer.from(body);
    if (changed.length > 0) changed[Math.min(changed.length - 1, Math.floor(at * changed.length))] = byte;
    return changed;
  }),
  // A range is lost, or comes twice.
  fc.tuple(place, place, fc.boolean()).map(([from, length, isTwice]): Mutation => (body) => {
    const start = Math.floor(from * body.length);
    const end = Math.min(body.length, start + Math.ceil(length * 60));
    return Buffer.concat([body.subarray(0, isTwice ? end : start), body.subarray(isTwice ? start : end)]);
  }),
  // Something is in between.
  fc.tuple(place, fc.constantFrom(...PIECES)).map(([at, piece]): Mutation => (body) => {
    const start = Math.floor(at * body.length);
    return Buffer.concat([body.subarray(0, start), Buffer.from(piece), body.subarray(start)]);
  }),
  // It ends early.
  place.map(
    (at): Mutation =>
      (body) =>
        body.subarray(0, Math.floor(at * body.length)),
  ),
);

/** Sound answers after some mutations, with another status or compressed now and then. */
export const mutatedAnswers: fc.Arbitrary<MutatedAnswer> = fc
  .record({
    sound: fc.constantFrom(...SOUND),
    mutations: fc.array(mutation, { maxLength: 4 }),
    status: fc.option(fc.constantFrom(200, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503), {
      freq: 3,
      nil: undefined,
    }),
    encoding: fc.constantFrom('none', 'none', 'gzip', 'said', 'broken'),
  })
  .map(({ sound, mutations, status, encoding }) => {
    const mutate = (body: Buffer): Buffer => mutations.reduce((before, change) => change(before), body);
    const plain = Buffer.from(sound.text);
    return {
      status: status ?? sound.status,
      headers: encoding === 'none' ? {} : { 'content-encoding': 'gzip' },
      // Compressed after it was spoilt, or spoilt after it was compressed.
      body:
        encoding === 'gzip' ? gzipSync(mutate(plain)) : encoding === 'broken' ? mutate(gzipSync(plain)) : mutate(plain),
    };
  });
