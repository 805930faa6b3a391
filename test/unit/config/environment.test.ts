import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { LONG, OTHER, PRODUCTION, problemsOf, reader, wrong } from './environments.js';

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

  it('that cannot be read hide no problem of another variable', () => {
    expect(wrong({ REDIS_URL: 'x', REDIS_URL_FILE: '/none', PORT: 'x' })).toEqual(['REDIS_URL_FILE', 'PORT']);
  });
});
