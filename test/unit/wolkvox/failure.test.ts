import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { ConnectError, malformed, transportFailure } from '../../../src/wolkvox/failure.js';

describe('The failure for an error of a request', () => {
  it.each([
    ['ECONNRESET', 'connection'],
    ['EPIPE', 'connection'],
    ['ETIMEDOUT', 'connection'],
    ['UND_ERR_SOCKET', 'connection'],
    ['UND_ERR_DESTROYED', 'connection'],
    ['HPE_INVALID_CONSTANT', 'connection'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ])('with the code %s is of kind %s', (networkCode, kind) => {
    const error = Object.assign(new Error('connect 192.0.2.7:443'), { code: networkCode });
    const failure = transportFailure(error, 200);
    expect(failure).toMatchObject({ kind, retryable: true });
    expect(failure.cause).toBeUndefined();
    expect(failure.facts).toEqual({ httpStatus: 200, networkCode });
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain('192.0.2.7');
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'CERT_HAS_EXPIRED', 'PROXY_407', 'UND_ERR_CONNECT_TIMEOUT'])(
    'that prevented a connection, with the code %s, is of kind not-connected',
    (networkCode) => {
      const cause = Object.assign(new Error('connect 192.0.2.7:443'), { code: networkCode });
      const failure = transportFailure(new ConnectError(cause));
      expect(failure).toMatchObject({ kind: 'not-connected', facts: { networkCode } });
      expect(JSON.stringify([failure.message, failure.stack])).not.toContain('192.0.2.7');
    },
  );

  it('of a deadline is of kind timeout', () => {
    expect(transportFailure(new DOMException('over', 'TimeoutError'))).toMatchObject({
      kind: 'timeout',
      facts: { networkCode: 'TimeoutError' },
    });
  });

  it('that is a LookupFailure stays as it is', () => {
    const failure = new LookupFailure('lease-lost');
    expect(transportFailure(failure)).toBe(failure);
  });

  it.each([
    ['a text', 'reset by 192.0.2.7', undefined],
    ['an error whose code is a sentence', Object.assign(new Error(), { code: 'reset by 192.0.2.7' }), undefined],
    ['an error whose code is a number', Object.assign(new TypeError('x'), { code: 7 }), 'TypeError'],
  ])('that is %s has a plain word or nothing as its code', (_what, thrown, networkCode) => {
    const failure = transportFailure(thrown, 200);
    expect(failure).toMatchObject({ kind: 'connection', code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(failure.facts).toEqual({ httpStatus: 200, networkCode });
  });
});

it('A malformed answer has its detail in the facts for the log, and not in the message', () => {
  const failure = malformed('no known code in the envelope', { httpStatus: 200 });
  expect(failure).toMatchObject({ kind: 'malformed', code: 'UPSTREAM_MALFORMED', retryable: false });
  expect(failure.facts).toEqual({ httpStatus: 200, detail: 'no known code in the envelope' });
  expect(failure.message).not.toContain('envelope');
});
