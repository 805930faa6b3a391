import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { malformed, transportFailure } from '../../../src/wolkvox/failure.js';

describe('The failure for an error of a request', () => {
  it.each([
    ['ECONNREFUSED', 'not-connected'],
    ['ENOTFOUND', 'not-connected'],
    ['EAI_AGAIN', 'not-connected'],
    ['EHOSTUNREACH', 'not-connected'],
    ['ENETUNREACH', 'not-connected'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not-connected'],
    ['CERT_HAS_EXPIRED', 'not-connected'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'not-connected'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'not-connected'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'not-connected'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not-connected'],
    ['PROXY_407', 'not-connected'],
    ['PROXY_ECONNRESET', 'not-connected'],
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
