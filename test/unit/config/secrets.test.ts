import { describe, expect, it } from 'vitest';
import { LONG, PRODUCTION, wrong, type Env } from './environments.js';

describe('NODE_ENV=production', () => {
  it('accepts a token, a router secret and a record id secret', () => {
    expect(wrong(PRODUCTION)).toEqual([]);
  });

  it.each<[string, Env, string[]]>([
    ['without a token', { WOLKVOX_TOKEN: undefined, WOLKVOX_SERVER: undefined }, ['WOLKVOX_TOKEN']],
    ['without a server', { WOLKVOX_SERVER: undefined }, ['WOLKVOX_SERVER']],
    ['without a router secret', { ROUTER_SECRET: undefined }, ['ROUTER_SECRET']],
    ['with a short router secret', { ROUTER_SECRET: 'x'.repeat(31) }, ['ROUTER_SECRET']],
    ['with one short router secret of two', { ROUTER_SECRET: `${LONG},${'x'.repeat(31)}` }, ['ROUTER_SECRET']],
    ['without a record id secret', { RECORD_ID_SECRET: undefined }, ['RECORD_ID_SECRET']],
    ['with a short record id secret', { RECORD_ID_SECRET: 'x'.repeat(31) }, ['RECORD_ID_SECRET']],
    ['with one short record id secret of two', { RECORD_ID_SECRET: `${LONG},short` }, ['RECORD_ID_SECRET']],
    [
      'with ALLOW_UNAUTHENTICATED and a short secret',
      { ALLOW_UNAUTHENTICATED: 'true', ROUTER_SECRET: 'x' },
      ['ROUTER_SECRET'],
    ],
    ['without anything', { ...blanked(PRODUCTION) }, ['RECORD_ID_SECRET', 'ROUTER_SECRET', 'WOLKVOX_TOKEN']],
  ])('is refused %s', (_, env, names) => {
    expect(wrong({ ...PRODUCTION, ...env, NODE_ENV: 'production' }).sort()).toEqual(names);
  });

  it('accepts ALLOW_UNAUTHENTICATED instead of a router secret', () => {
    expect(wrong({ ...PRODUCTION, ROUTER_SECRET: undefined, ALLOW_UNAUTHENTICATED: 'true' })).toEqual([]);
  });

  it('accepts WOLKVOX_SIMULATOR instead of a token', () => {
    const env = { ...PRODUCTION, WOLKVOX_TOKEN: undefined, WOLKVOX_SERVER: undefined, WOLKVOX_SIMULATOR: 'true' };
    expect(wrong(env)).toEqual([]);
  });
});

describe('HOST beyond loopback', () => {
  it.each(['0.0.0.0', '::', '192.0.2.10', 'subgraph.example'])('%s requires a router secret', (HOST) => {
    expect(wrong({ HOST })).toEqual(['ROUTER_SECRET']);
    expect(wrong({ HOST, ROUTER_SECRET: 'short' })).toEqual([]);
    expect(wrong({ HOST, ALLOW_UNAUTHENTICATED: 'true' })).toEqual([]);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s requires no router secret', (HOST) => {
    expect(wrong({ HOST })).toEqual([]);
  });
});

function blanked(env: Env): Env {
  return Object.fromEntries(Object.keys(env).map((name) => [name, undefined]));
}
