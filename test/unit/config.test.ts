import { describe, expect, it } from 'vitest';
import { ConfigError, VARIABLE_NAMES, readConfig, readZone, type Config } from '../../src/config.js';

const LONG = 'a-secret-of-thirty-two-characters';
const OTHER = 'another-secret-of-enough-characters';
const ACCOUNT = { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: 'token-of-the-account' };
const PRODUCTION = { NODE_ENV: 'production', ...ACCOUNT, ROUTER_SECRET: LONG, RECORD_ID_SECRET: OTHER };

type Env = Record<string, string | undefined>;

/** The variables that the message names, in its order. */
function wrong(env: Env, files: Record<string, string> = {}): string[] {
  return problemsOf(env, files).map((problem) => problem.slice(0, problem.indexOf(':')));
}

function problemsOf(env: Env, files: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(env, reader(files));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) expect(error.message).toContain(problem);
    return error.problems;
  }
}

function reader(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return text;
  };
}

describe('configuration', () => {
  it('has a default for every variable', () => {
    expect(readConfig({})).toEqual<Config>({
      production: false,
      listen: { port: 4001, host: '127.0.0.1' },
      upstream: { kind: 'simulator' },
      proxyUrl: undefined,
      concurrency: 2,
      dailyLimit: undefined,
      quotaSyncMs: 3_600_000,
      searchesAllCampaigns: true,
      countryCode: undefined,
      zone: 'UTC-05:00',
      callTimeoutMs: 60_000,
      operationDeadlineMs: 25_000,
      freshness: { freshMs: 300_000, staleMs: 3_600_000 },
      campaignFreshness: { freshMs: 300_000, staleMs: 3_600_000 },
      staleAfterMs: 3_000,
      minMaxAgeMs: 0,
      cacheControlScope: 'private',
      redisUrls: [],
      routerSecrets: [],
      recordIdSecrets: [expect.any(String) as string],
      playground: true,
      allowUnauthenticated: false,
      lookupsPerOperation: 250,
      queueLimit: 1000,
      cacheMaxBytes: 64_000_000,
      responseMaxBytes: 256_000_000,
      responseLimitBytes: 10_000_000,
      drainGraceMs: 1_000,
      allowedHosts: [],
      stateDir: undefined,
      campaignsFile: undefined,
      metricsToken: undefined,
      metricsPublic: false,
      logLevel: 'info',
      traceEndpoint: undefined,
      missing: ['WOLKVOX_TOKEN', 'ROUTER_SECRET', 'RECORD_ID_SECRET', 'REDIS_URL or STATE_DIR'],
    });
  });

  it('reads every variable', () => {
    const config = readConfig({
      ...PRODUCTION,
      PORT: '8080',
      HOST: '0.0.0.0',
      WOLKVOX_BASE_URL: 'https://proxy.example/wolkvox/',
      WOLKVOX_CONCURRENCY: '1',
      WOLKVOX_DAILY_LIMIT: '5000',
      WOLKVOX_TIME_ZONE: 'America/Bogota',
      WOLKVOX_TIMEOUT_MS: '30000',
      REQUEST_DEADLINE_MS: '10000',
      CACHE_TTL_SECONDS: '0',
      CAMPAIGNS_TTL_SECONDS: '60',
      CACHE_STALE_SECONDS: '0',
      REDIS_URL: 'rediss://:pass%2Fword@redis.example:6380/2',
      STALE_AFTER_MS: '500',
      WOLKVOX_QUOTA_SYNC_MINUTES: '5',
      WOLKVOX_SEARCHES_ALL_CAMPAIGNS: 'false',
      WOLKVOX_COUNTRY_CODE: '57',
      MIN_MAX_AGE_SECONDS: '2',
      CACHE_CONTROL_SCOPE: 'public',
      RESPONSE_LIMIT_MB: '3',
      DRAIN_GRACE_MS: '200',
      ALLOWED_HOSTS: 'Graph.example, 192.0.2.10,[::2]',
      METRICS_TOKEN: 'metrics-token',
      ROUTER_SECRET: `${LONG}, ${OTHER}`,
      RECORD_ID_SECRET: `${OTHER}, ${LONG}`,
      PLAYGROUND: 'true',
      LOOKUPS_PER_OPERATION: '10',
      QUEUE_LIMIT: '20',
      CACHE_MAX_MB: '1',
      RESPONSE_MAX_MB: '2',
      STATE_DIR: '/var/lib/wolkvox',
      CAMPAIGNS_FILE: '/etc/wolkvox/campaigns.json',
      METRICS_PUBLIC: 'true',
      LOG_LEVEL: 'warn',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      HTTPS_PROXY: 'http://user:secret@gateway.example:3128',
      NO_PROXY: 'other.example',
    });
    expect(config).toMatchObject({
      production: true,
      listen: { port: 8080, host: '0.0.0.0' },
      upstream: {
        kind: 'account',
        server: '0042',
        token: 'token-of-the-account',
        baseUrl: 'https://proxy.example/wolkvox/',
      },
      concurrency: 1,
      dailyLimit: 5000,
      zone: 'America/Bogota',
      callTimeoutMs: 30_000,
      operationDeadlineMs: 10_000,
      freshness: { freshMs: 0, staleMs: 0 },
      campaignFreshness: { freshMs: 60_000, staleMs: 0 },
      staleAfterMs: 500,
      quotaSyncMs: 300_000,
      searchesAllCampaigns: false,
      countryCode: '57',
      minMaxAgeMs: 2_000,
      cacheControlScope: 'public',
      responseLimitBytes: 3_000_000,
      drainGraceMs: 200,
      allowedHosts: ['graph.example', '192.0.2.10', '[::2]'],
      metricsToken: 'metrics-token',
      redisUrls: ['rediss://:pass%2Fword@redis.example:6380/2'],
      routerSecrets: [LONG, OTHER],
      recordIdSecrets: [OTHER, LONG],
      playground: true,
      lookupsPerOperation: 10,
      queueLimit: 20,
      cacheMaxBytes: 1_000_000,
      responseMaxBytes: 2_000_000,
      stateDir: '/var/lib/wolkvox',
      campaignsFile: '/etc/wolkvox/campaigns.json',
      metricsPublic: true,
      logLevel: 'warn',
      traceEndpoint: 'http://127.0.0.1:4318',
      proxyUrl: 'http://user:secret@gateway.example:3128',
      missing: [],
    });
  });

  it('treats a blank variable as absent', () => {
    const blank = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ' ']));
    expect(readConfig(blank)).toEqual(readConfig({}));
  });

  it('derives the address of the account from its server, four digits or an IPv4 address', () => {
    const baseUrl = (server: string): unknown =>
      (readConfig({ ...ACCOUNT, WOLKVOX_SERVER: server }).upstream as { baseUrl?: string }).baseUrl;
    expect(baseUrl('0042')).toBe('https://wv0042.wolkvox.com');
    expect(baseUrl('203.0.113.7')).toBe('https://203.0.113.7');
  });

  it('uses the simulator if WOLKVOX_SIMULATOR is true, also with a token', () => {
    expect(readConfig({ ...PRODUCTION, WOLKVOX_SIMULATOR: 'true' }).upstream.kind).toBe('simulator');
  });

  it('switches the playground off in production by default', () => {
    expect(readConfig(PRODUCTION).playground).toBe(false);
    expect(readConfig({ ...PRODUCTION, PLAYGROUND: 'true' }).playground).toBe(true);
    expect(readConfig({ PLAYGROUND: 'false' }).playground).toBe(false);
  });

  it('reads the nodes of a Redis cluster', () => {
    const nodes = 'redis://a.example:7000, redis://b.example:7001,redis://c.example:7002';
    expect(readConfig({ REDIS_URL: nodes }).redisUrls).toEqual([
      'redis://a.example:7000',
      'redis://b.example:7001',
      'redis://c.example:7002',
    ]);
  });

  it('names a removed variable and says what happens instead', () => {
    expect(problemsOf({ REDIS_DOWN: 'local' })).toEqual([
      expect.stringMatching(/^REDIS_DOWN: was removed; delete it\./),
    ]);
    expect(problemsOf({ REDIS_DOWN: '' })).toEqual([]);
  });
});

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

describe('misspelt names', () => {
  it('stop the start, and the message lists the names with the same beginning', () => {
    expect(problemsOf({ ...ACCOUNT, WOLKVOX_TOKENS: 'secret value' })).toEqual([
      expect.stringMatching(/^WOLKVOX_TOKENS: is not a variable of this service\. .*\bWOLKVOX_TOKEN\b/),
    ]);
    expect(problemsOf({ WOLKVOX_TOKENS: 'secret value' }).join()).not.toContain('secret value');
    const misspelt = ['ALLOWED_HOST', 'CACHE_TTL', 'HTTPS_PROXYS', 'NO_PROXY_HOSTS', 'QUEUE_LIMITS', 'ROUTER_SECRETS'];
    expect(wrong(Object.fromEntries(misspelt.map((name) => [name, '1']))).sort()).toEqual(misspelt);
  });

  it('of other programs, of Kubernetes and of systemd are accepted', () => {
    const foreign = {
      NODE_OPTIONS: '--enable-source-maps',
      REDIS_PORT: 'tcp://10.0.0.1:6379',
      REDIS_PORT_6379_TCP_ADDR: '10.0.0.1',
      REDIS_SERVICE_HOST: '10.0.0.1',
      ROUTER_SERVICE_PORT_HTTP: '4000',
      STATE_DIRECTORY: '/var/lib/x',
      WOLKVOX_TOKEN_: ' ',
      HTTP_PROXY: 'http://proxy.example:3128',
      ALL_PROXY: 'socks5://proxy.example:1080',
    };
    expect(problemsOf(foreign)).toEqual([]);
  });

  it('do not hide that WOLKVOX_SERVER needs a token', () => {
    expect(wrong({ WOLKVOX_SERVER: '0042' })).toEqual(['WOLKVOX_TOKEN']);
    expect(wrong({ WOLKVOX_SERVER: '0042', WOLKVOX_SIMULATOR: 'true' })).toEqual([]);
  });
});

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

describe('secrets in files', () => {
  const files = {
    '/run/token': ' file-token\n',
    '/run/router': `${LONG}\n`,
    '/run/ids': OTHER,
    '/run/redis': 'redis://r',
  };
  const paths = {
    WOLKVOX_TOKEN_FILE: '/run/token',
    ROUTER_SECRET_FILE: '/run/router',
    RECORD_ID_SECRET_FILE: '/run/ids',
    REDIS_URL_FILE: '/run/redis',
  };

  it('replace the variable', () => {
    const config = readConfig({ NODE_ENV: 'production', WOLKVOX_SERVER: '0042', ...paths }, reader(files));
    expect(config).toMatchObject({
      upstream: { token: 'file-token' },
      routerSecrets: [LONG],
      recordIdSecrets: [OTHER],
      redisUrls: ['redis://r'],
    });
  });

  it('that are missing or empty are named once, without their path', () => {
    const env = { NODE_ENV: 'production', WOLKVOX_SERVER: '0042', ...paths };
    expect(wrong(env, { ...files, '/run/router': ' \n', '/run/ids': '' }).sort()).toEqual([
      'RECORD_ID_SECRET_FILE',
      'ROUTER_SECRET_FILE',
    ]);
    expect(wrong(env, {}).sort()).toEqual(Object.keys(paths).sort());
    expect(problemsOf(env, {}).join()).not.toContain('/run');
  });

  it('that are empty never disable the router secret', () => {
    expect(wrong({ ROUTER_SECRET_FILE: '/run/router' }, { '/run/router': '' })).toEqual(['ROUTER_SECRET_FILE']);
  });

  it('are refused together with the variable', () => {
    expect(wrong({ ...PRODUCTION, ROUTER_SECRET_FILE: '/run/router' }, files)).toEqual(['ROUTER_SECRET_FILE']);
  });
});

describe('time zone', () => {
  it.each([
    ['-05:00', 'UTC-05:00'],
    ['+5:30', 'UTC+05:30'],
    ['-0500', 'UTC-05:00'],
    ['UTC-5', 'UTC-05:00'],
    ['gmt+14', 'UTC+14:00'],
    ['+00:00', 'UTC'],
    ['-00:00', 'UTC'],
    [' America/Bogota ', 'America/Bogota'],
    ['UTC', 'UTC'],
  ])('reads "%s" as %s', (text, zone) => {
    expect(readZone(text)).toBe(zone);
  });

  it.each([
    [''],
    ['Mars/Olympus'],
    ['-15:00'],
    ['+14:01'],
    ['-05:60'],
    ['05:00'],
    ['Bogota/America'],
    ['local'],
    ['system'],
    ['-'],
    ['-05:00x'],
  ])('refuses "%s"', (text) => {
    expect(readZone(text)).toBeUndefined();
  });
});

function blanked(env: Env): Env {
  return Object.fromEntries(Object.keys(env).map((name) => [name, undefined]));
}
