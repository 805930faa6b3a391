import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ACCOUNT, reader, wrong, type Env } from './environments.js';

describe('The proxy', () => {
  const PROXY = 'http://proxy.example:3128';
  const proxyOf = (env: Env): string | undefined => readConfig({ ...ACCOUNT, ...env }).proxyUrl;

  it('is that of https_proxy, else that of HTTPS_PROXY; without a scheme it is http', () => {
    expect(proxyOf({ HTTPS_PROXY: PROXY })).toBe(PROXY);
    expect(proxyOf({ https_proxy: PROXY, HTTPS_PROXY: 'http://other.example' })).toBe(PROXY);
    expect(proxyOf({ https_proxy: '', HTTPS_PROXY: PROXY })).toBe(PROXY);
    expect(proxyOf({ HTTPS_PROXY: 'user:secret@proxy.example:3128' })).toBe('http://user:secret@proxy.example:3128');
    expect(proxyOf({ HTTP_PROXY: PROXY, http_proxy: PROXY, ALL_PROXY: PROXY })).toBeUndefined();
  });

  it('is read from a file', () => {
    const env = { ...ACCOUNT, HTTPS_PROXY_FILE: '/run/proxy' };
    expect(readConfig(env, reader({ '/run/proxy': `${PROXY}\n` })).proxyUrl).toBe(PROXY);
  });

  it('is used for https only, and checked only if it is used', () => {
    for (const HTTPS_PROXY of [PROXY, 'socks5://proxy.example']) {
      expect(proxyOf({ HTTPS_PROXY, WOLKVOX_BASE_URL: 'http://wolkvox.example' })).toBeUndefined();
      expect(proxyOf({ HTTPS_PROXY, WOLKVOX_SIMULATOR: 'true' })).toBeUndefined();
      expect(proxyOf({ HTTPS_PROXY, NO_PROXY: '*' })).toBeUndefined();
    }
    expect(wrong({ ...ACCOUNT, HTTPS_PROXY: 'socks5://proxy.example' })).toEqual(['HTTPS_PROXY']);
  });

  it.each([
    ['wv0042.wolkvox.com', true],
    ['WV0042.Wolkvox.com', true],
    ['wolkvox.com', true],
    ['.wolkvox.com', true],
    ['*.wolkvox.com', true],
    ['a.example, wolkvox.com', true],
    ['a.example wolkvox.com', true],
    ['wolkvox.com:443', true],
    ['*', true],
    ['wolkvox.com:8443', false],
    ['olkvox.com', false],
    ['wolkvox.com.example', false],
    ['wv0043.wolkvox.com', false],
    ['.', false],
    [',', false],
  ])('is not used for a host in NO_PROXY: %s (%s)', (NO_PROXY, isExcepted) => {
    expect(proxyOf({ HTTPS_PROXY: PROXY, NO_PROXY })).toBe(isExcepted ? undefined : PROXY);
    expect(proxyOf({ HTTPS_PROXY: PROXY, no_proxy: NO_PROXY, NO_PROXY: 'a.example' })).toBe(
      isExcepted ? undefined : PROXY,
    );
  });

  it('is not used for an address in NO_PROXY', () => {
    const env = { HTTPS_PROXY: PROXY, WOLKVOX_SERVER: '203.0.113.7' };
    expect(proxyOf({ ...env, NO_PROXY: '203.0.113.7' })).toBeUndefined();
    expect(proxyOf({ ...env, NO_PROXY: '203.0.113.70,0.113.8' })).toBe(PROXY);
  });
});
