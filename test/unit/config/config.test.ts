import { describe, expect, it } from 'vitest';
import { readConfig, type Config } from '../../../src/config/config.js';
import { VARIABLE_NAMES } from '../../../src/config/variables.js';
import { LONG, OTHER, PRODUCTION } from './environments.js';

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

  it('switches the playground off in production by default', () => {
    expect(readConfig(PRODUCTION).playground).toBe(false);
    expect(readConfig({ ...PRODUCTION, PLAYGROUND: 'true' }).playground).toBe(true);
    expect(readConfig({ PLAYGROUND: 'false' }).playground).toBe(false);
  });
});
