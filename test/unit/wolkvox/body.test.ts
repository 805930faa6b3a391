import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { readAnswer } from '../../../src/wolkvox/answer.js';
import { OPTIONS, envelopeOf, failureOf, read, rowOf } from '../../support/wolkvox-responses.js';

const HEAD = '{"code":"200","error":null,"msg":"found","data":[';

/** An answer with this many rows, in chunks of 100. It counts the bytes that were read. */
function bigAnswer(rows: number, taken: { bytes: number }): Iterable<Uint8Array> {
  const hundred = Buffer.from(`,${Array.from({ length: 100 }, () => JSON.stringify(rowOf())).join(',')}`);
  return (function* () {
    for (let row = 0; row < rows; row += 100) {
      const chunk = row === 0 ? Buffer.concat([Buffer.from(HEAD), hundred.subarray(1)]) : hundred;
      taken.bytes += chunk.length;
      yield chunk;
    }
    yield Buffer.from(']}');
  })();
}

describe('A compressed answer', () => {
  const text = envelopeOf([rowOf(), rowOf()]);

  it.each([
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
  ])('in %s is read', async (encoding, body) => {
    expect(await read({ body, headers: { 'content-encoding': encoding } })).toHaveLength(2);
  });

  it.each([
    ['gzip', Buffer.from(text)],
    ['gzip', gzipSync(text).subarray(0, 60)],
    ['gzip', Buffer.alloc(0)],
    ['deflate', gzipSync(text)],
    ['br', Buffer.from(text)],
    ['br', brotliCompressSync(text).subarray(0, 20)],
    ['zstd', Buffer.from(text)],
    ['gzip, br', gzipSync(text)],
  ])('that is not what its content-encoding %s says is malformed', async (encoding, body) => {
    expect(await failureOf({ body, headers: { 'content-encoding': encoding } })).toMatchObject({ kind: 'malformed' });
  });

  it('of an error is read, too; if it cannot be decompressed, the status alone counts', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const body = gzipSync('{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}');
    expect(await failureOf({ status: 403, headers, body })).toMatchObject({ kind: 'quota' });
    expect(await failureOf({ status: 403, headers, body: body.subarray(0, 30) })).toMatchObject({
      kind: 'maintenance',
    });
    expect(await failureOf({ status: 502, headers, body: 'no gzip' })).toMatchObject({ kind: 'server' });
  });
});

describe('An answer that is too large', () => {
  it('is read up to the first record beyond the limit, and no further', async () => {
    const taken = { bytes: 0 };
    const failure = await failureOf({ body: bigAnswer(60_000, taken) });
    expect(failure).toMatchObject({ kind: 'too-large', code: 'RESULT_TOO_LARGE', retryable: false });
    const bytesOfOne = Buffer.byteLength(JSON.stringify(rowOf())) + 1;
    expect(taken.bytes).toBeGreaterThan(1000 * bytesOfOne);
    expect(taken.bytes).toBeLessThan(2000 * bytesOfOne);
  });

  it('is not one with as many matching records as the limit, however many rows do not match', async () => {
    const rows = [
      ...Array.from({ length: 300 }, () => rowOf({ campaign_id: '9999' })),
      ...Array.from({ length: 20 }, () => rowOf()),
    ];
    expect(await read({ body: envelopeOf(rows) }, { maxRecords: 20 })).toHaveLength(20);
    expect(await failureOf({ body: envelopeOf(rows) }, { maxRecords: 19 })).toMatchObject({ kind: 'too-large' });
  });

  it.each([
    [{ campaignId: '1234' }, 'More than 1 records match. Narrow the search: add customerId or phone.'],
    [{ phone: '3005550101' }, 'More than 1 records match. Narrow the search: add customerId or campaignId.'],
    [{ customerId: '52000111' }, 'More than 1 records match. Narrow the search: add phone or campaignId.'],
    [
      { campaignId: '1234', customerId: '52000111', phone: '3005550101' },
      'More than 1 records match. All criteria are given already, so the records must be reduced in Wolkvox.',
    ],
  ])('for the lookup %j says how to narrow the search', async (lookup, message) => {
    const failure = await failureOf({ body: envelopeOf([rowOf(), rowOf()]) }, { lookup, maxRecords: 1 });
    expect(failure.message).toBe(message);
  });

  it('has one byte more than may be read', async () => {
    const body = envelopeOf([rowOf()]);
    const size = Buffer.byteLength(body);
    expect(await read({ body }, { maxBytes: size })).toHaveLength(1);
    const failure = await failureOf({ body }, { maxBytes: size - 1 });
    expect(failure).toMatchObject({ kind: 'too-large', code: 'RESULT_TOO_LARGE' });
    expect(failure.message).toContain('Narrow the search: add customerId or phone.');
  });

  it('is cut off if a small body decompresses to a large one', async () => {
    const gzipBomb = gzipSync(Buffer.concat([Buffer.from(HEAD), Buffer.alloc(50_000_000, ' ')]));
    expect(gzipBomb.length).toBeLessThan(100_000);
    const headers = { 'content-encoding': 'gzip' };
    expect(await failureOf({ body: gzipBomb, headers }, { maxBytes: 1_000_000 })).toMatchObject({ kind: 'too-large' });
  });

  it('is cut off if it never ends, compressed or not', async () => {
    const endless = (piece: Buffer): Iterable<Uint8Array> =>
      (function* () {
        yield Buffer.from(HEAD);
        for (;;) yield piece;
      })();
    expect(await failureOf({ body: endless(Buffer.alloc(10_000, ' ')) })).toMatchObject({ kind: 'too-large' });
    const nothing = gzipSync('');
    const empties = (function* () {
      for (;;) yield nothing;
    })();
    const headers = { 'content-encoding': 'gzip' };
    expect(await failureOf({ body: empties, headers }, { maxBytes: 100_000 })).toMatchObject({ kind: 'too-large' });
  });

  it('is malformed if one row, or the envelope around the rows, is too long', async () => {
    const long = 'x'.repeat(1024 * 1024);
    for (const body of [
      envelopeOf([rowOf({ opt12: long })]),
      envelopeOf([], { msg: long }),
      envelopeOf([], { more: long }),
      `${' '.repeat(1024 * 1024)}${envelopeOf([])}`,
      `${envelopeOf([])}${' '.repeat(1024 * 1024)}`,
      `${HEAD}${'['.repeat(2_000_000)}`,
      `${HEAD}{"x":${'['.repeat(2_000_000)}`,
    ]) {
      expect(await failureOf({ body })).toMatchObject({ kind: 'malformed' });
    }
  });

  it('is not one that is only nested deeply', async () => {
    const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const row = `{"odd":${nested},${JSON.stringify(rowOf()).slice(1)}`;
    expect(await read({ body: `{"odd":${nested},"code":"200","data":[${row}]}` })).toHaveLength(1);
  });
});

describe('The event loop', () => {
  it('does other work while a large answer is read that arrived in one chunk', async () => {
    const chunk = Buffer.concat([...bigAnswer(10_000, { bytes: 0 })]);
    let turns = 0;
    let reading = true;
    const count = (): void => {
      turns += 1;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    const records = await read({ body: chunk }, { lookup: { customerId: 'nobody' } });
    reading = false;
    expect(records).toEqual([]);
    expect(chunk.length).toBeGreaterThan(3_000_000);
    expect(turns).toBeGreaterThan(chunk.length / (32 * 1024));
  });
});

describe('A body that breaks', () => {
  const brokenBy = (error: Error, first = HEAD): Readable =>
    Readable.from(
      (function* () {
        yield Buffer.from(first);
        throw error;
      })(),
    );
  const failed = async (body: Readable, statusCode = 200, headers = {}): Promise<unknown> =>
    readAnswer({ statusCode, headers, body }, OPTIONS).catch((error: unknown) => error);

  it.each([
    ['ECONNRESET', 'connection', 'UPSTREAM_UNAVAILABLE'],
    ['UND_ERR_SOCKET', 'connection', 'UPSTREAM_UNAVAILABLE'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout', 'UPSTREAM_TIMEOUT'],
  ])(
    'with %s is of kind %s, and the message of the error, which may hold the address, is dropped',
    async (networkCode, kind, code) => {
      const error = Object.assign(new Error('other side 192.0.2.7:443 of wv0042.wolkvox.com'), { code: networkCode });
      for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
        for (const status of [200, 403, 404, 500]) {
          const failure = await failed(brokenBy(error), status, headers);
          expect(failure).toMatchObject({ kind, code, facts: { httpStatus: status, networkCode } });
          expect(
            JSON.stringify([failure, (failure as Error).message, (failure as Error).stack, (failure as Error).cause]),
          ).not.toMatch(/wv0042|192\.0/);
        }
      }
    },
  );

  it('because its deadline passed is a timeout', async () => {
    expect(await failed(brokenBy(new DOMException('over', 'TimeoutError')))).toMatchObject({ kind: 'timeout' });
  });

  it('because it was destroyed with a LookupFailure ends with that failure', async () => {
    const reason = new LookupFailure('lease-lost');
    expect(await failed(brokenBy(reason))).toBe(reason);
    expect(await failed(brokenBy(reason), 500)).toBe(reason);
    expect(await failed(brokenBy(reason), 200, { 'content-encoding': 'gzip' })).toBe(reason);
  });

  it('before it is read, or without a reason, is a broken connection', async () => {
    const closed = Readable.from([Buffer.from(HEAD)]);
    closed.destroy();
    expect(await failed(closed)).toMatchObject({ kind: 'connection' });
    const zipped = new Readable({ read: () => undefined });
    setImmediate(() => zipped.destroy());
    expect(await failed(zipped, 200, { 'content-encoding': 'gzip' })).toMatchObject({ kind: 'connection' });
  });
});

describe('A real connection', () => {
  let server: Server | undefined;
  let pool: Pool | undefined;

  afterEach(async () => {
    await pool?.destroy();
    server?.closeAllConnections();
    server?.close();
  });

  async function start(
    listener: RequestListener,
  ): Promise<{ opened: () => number; ask: (maxRecords?: number) => Promise<unknown> }> {
    let connections = 0;
    server = createServer(listener).listen(0, '127.0.0.1');
    server.on('connection', () => (connections += 1));
    await once(server, 'listening');
    const ownPool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
    pool = ownPool;
    return {
      opened: () => connections,
      async ask(maxRecords = 1000) {
        const response = await ownPool.request({ method: 'GET', path: '/' });
        return readAnswer(response, { ...OPTIONS, maxRecords }).catch((error: unknown) => error);
      },
    };
  }

  it.each([
    [200, envelopeOf([rowOf()])],
    [404, '{"code":"404","msg":"0 records were found","data":[]}'],
    [403, '{"code":"403","msg":"PLEASE VALIDATE TOKEN"}'],
    [503, '<html></html>'],
    [500, ''],
  ])('serves the next call after an answer of HTTP %i', async (status, text) => {
    for (const encoding of ['identity', 'gzip']) {
      const body = encoding === 'gzip' ? gzipSync(text) : text;
      const { opened, ask } = await start((_request, response) => {
        response.writeHead(status, { 'content-encoding': encoding }).end(body);
      });
      for (let call = 0; call < 3; call += 1) await ask();
      expect(opened()).toBe(1);
      await pool?.destroy();
      server?.close();
    }
  });

  it('is closed if its answer is not read to the end', async () => {
    let closed: Promise<unknown> | undefined;
    const { ask } = await start((_request, response) => {
      closed = once(response, 'close');
      response.write(envelopeOf([rowOf(), rowOf()]).slice(0, -1));
    });
    expect(await ask(1)).toMatchObject({ kind: 'too-large' });
    await closed;
  });

  it('that is cut in the middle of an answer is a broken connection', async () => {
    const { ask } = await start((_request, response) => {
      response.write(HEAD, () => response.destroy());
    });
    expect(await ask()).toMatchObject({ kind: 'connection', code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });
});
