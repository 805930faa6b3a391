import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/records/failure.js';
import { transportFailure } from '../../../src/wolkvox/failure.js';

describe('What a request throws', () => {
  it('when nobody listens is a broken connection, without the address in its words or its cause', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error: unknown = await request(`http://127.0.0.1:${port}`).catch((thrown: unknown) => thrown);
    const failure = transportFailure(error);
    expect(failure).toMatchObject({ kind: 'connection', cause: { networkCode: 'ECONNREFUSED' } });
    expect(JSON.stringify([failure.message, failure.cause])).not.toContain('127.0.0.1');
  });

  it('stays what it is where it is a LookupFailure', () => {
    const failure = new LookupFailure('UPSTREAM_TIMEOUT', 'The deadline passed.');
    expect(transportFailure(failure)).toBe(failure);
  });

  it.each([
    ['no error at all', 'reset by 192.0.2.7', undefined],
    ['an error whose code is a sentence', Object.assign(new Error(), { code: 'reset by 192.0.2.7' }), undefined],
    ['an error whose code is a number', Object.assign(new TypeError('x'), { code: 7 }), 'TypeError'],
  ])('is a broken connection where it is %s', (_what, thrown, networkCode) => {
    const failure = transportFailure(thrown, 200);
    expect(failure).toMatchObject({ kind: 'connection', retryable: true });
    expect(failure.cause).toEqual({ httpStatus: 200, networkCode });
  });
});
