import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ACCOUNT, PRODUCTION, wrong } from './environments.js';

describe('The upstream', () => {
  it('has the address of the server, four digits or an IPv4 address', () => {
    const baseUrl = (server: string): unknown =>
      (readConfig({ ...ACCOUNT, WOLKVOX_SERVER: server }).upstream as { baseUrl?: string }).baseUrl;
    expect(baseUrl('0042')).toBe('https://wv0042.wolkvox.com');
    expect(baseUrl('203.0.113.7')).toBe('https://203.0.113.7');
  });

  it('is the simulator if WOLKVOX_SIMULATOR is true, also with a token', () => {
    expect(readConfig({ ...PRODUCTION, WOLKVOX_SIMULATOR: 'true' }).upstream.kind).toBe('simulator');
  });

  it('needs a token with WOLKVOX_SERVER', () => {
    expect(wrong({ WOLKVOX_SERVER: '0042' })).toEqual(['WOLKVOX_TOKEN']);
    expect(wrong({ WOLKVOX_SERVER: '0042', WOLKVOX_SIMULATOR: 'true' })).toEqual([]);
  });
});
