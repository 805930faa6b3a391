import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ACCOUNT, problemsOf, wrong } from './environments.js';

describe('wrong variables', () => {
  it.each<[string, string[]]>([
    ['PORT', ['65536', '-1', '4001.5', '0x10', 'http']],
    ['HOST', ['a b', 'http://0.0.0.0', '[::]']],
    ['WOLKVOX_SERVER', ['42', '00042', 'wv0042', 'x@evil.example#', '127.0.0.1:80/', '0042/../..', '999.1.1.1']],
    ['WOLKVOX_TOKEN', ['to ken', 'tok\nen', 'tökén']],
    ['WOLKVOX_SIMULATOR', ['yes', '1', 'TRUE']],
    ['WOLKVOX_BASE_URL', ['wolkvox.example', 'ftp://wolkvox.example', 'https://user:pass@x.example', 'https://x/?a=1']],
    ['WOLKVOX_CONCURRENCY', ['0', '3', 'two']],
    ['HTTPS_PROXY', ['socks5://proxy.example', 'https://', 'http://proxy.example/path', 'http://a:b@x:port', 'a b']],
    ['https_proxy', ['ftp://proxy.example', 'http://proxy.example/?a=1']],
    ['WOLKVOX_DAILY_LIMIT', ['-1', 'many']],
    ['WOLKVOX_TIME_ZONE', ['Tunja', '-25:00']],
    ['WOLKVOX_TIMEOUT_MS', ['0', '1e3']],
    ['REQUEST_DEADLINE_MS', ['0', '25s']],
    ['CACHE_TTL_SECONDS', ['-1', '5m']],
    ['CAMPAIGNS_TTL_SECONDS', ['-1', '86401']],
    ['CACHE_STALE_SECONDS', ['-1', '1h']],
    ['REDIS_URL', ['localhost:6379', 'http://cache.example', 'redis://:6379', 'redis://a,b', ',']],
    ['STALE_AFTER_MS', ['-1', '3s']],
    ['ROUTER_SECRET', [',', ' , ,', 'a secret of words', 'geheimnüs']],
    ['PLAYGROUND', ['on']],
    ['ALLOW_UNAUTHENTICATED', ['yes']],
    ['LOOKUPS_PER_OPERATION', ['0', 'NaN']],
    ['QUEUE_LIMIT', ['0', '']],
    ['CACHE_MAX_MB', ['0', '64MB']],
    ['RESPONSE_MAX_MB', ['0', 'Infinity']],
    ['METRICS_PUBLIC', ['maybe']],
    ['METRICS_TOKEN', ['to ken']],
    ['WOLKVOX_QUOTA_SYNC_MINUTES', ['-1', '1h']],
    ['WOLKVOX_SEARCHES_ALL_CAMPAIGNS', ['maybe']],
    ['WOLKVOX_COUNTRY_CODE', ['+57', '057', '5700']],
    ['MIN_MAX_AGE_SECONDS', ['-1', '1m']],
    ['CACHE_CONTROL_SCOPE', ['shared']],
    ['RESPONSE_LIMIT_MB', ['0', '10MB']],
    ['DRAIN_GRACE_MS', ['-1', '1s']],
    ['ALLOWED_HOSTS', ['http://graph.example', 'graph.example:4001']],
    ['LOG_LEVEL', ['verbose']],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ['collector:4318']],
  ])('the message names %s and what was expected, but not the value', (name, values) => {
    for (const value of values.filter((each) => each.trim() !== '')) {
      const problems = problemsOf({ ...ACCOUNT, [name]: value });
      expect(problems, value).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${name}: .*expected.*\\.$`));
      if (value.length > 3) expect(problems[0]).not.toContain(value);
    }
  });

  it.each([
    ['PORT', 'x', 'expected a whole number from 0 to 65535.'],
    ['PLAYGROUND', 'x', 'expected true or false.'],
    ['LOG_LEVEL', 'x', 'expected trace, debug, info, warn, error or silent.'],
    ['RECORD_ID_SECRET', ',', 'expected at least one secret.'],
    ['ROUTER_SECRET', ',', 'expected at least one secret.'],
    ['ROUTER_SECRET', 'a b', 'expected secrets of printable characters without spaces, separated by commas.'],
  ])('%s=%s: %s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name}: ${problem}`]);
  });

  it('one message names every wrong variable', () => {
    expect(
      wrong({ NODE_ENV: 'production', PORT: 'x', WOLKVOX_TIME_ZONE: 'x', LOG_LEVEL: 'x', WOLKVOX_TOKEN: 'a b' }).sort(),
    ).toEqual(['LOG_LEVEL', 'PORT', 'RECORD_ID_SECRET', 'ROUTER_SECRET', 'WOLKVOX_TIME_ZONE', 'WOLKVOX_TOKEN']);
    expect(wrong({ HOST: '0.0.0.0', CACHE_TTL_SECONDS: 'x', WOLKVOX_TOKEN: 'token' }).sort()).toEqual([
      'CACHE_TTL_SECONDS',
      'ROUTER_SECRET',
      'WOLKVOX_SERVER',
    ]);
  });
});

describe('REDIS_URL', () => {
  it('reads the nodes of a Redis cluster', () => {
    const nodes = 'redis://a.example:7000, redis://b.example:7001,redis://c.example:7002';
    expect(readConfig({ REDIS_URL: nodes }).redisUrls).toEqual([
      'redis://a.example:7000',
      'redis://b.example:7001',
      'redis://c.example:7002',
    ]);
  });
});
