import { describe, expect, it } from 'vitest';
import { ACCOUNT, problemsOf, wrong } from './environments.js';

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

  it('that were removed are named, with what happens instead', () => {
    expect(problemsOf({ REDIS_DOWN: 'local' })).toEqual([
      expect.stringMatching(/^REDIS_DOWN: was removed; delete it\./),
    ]);
    expect(problemsOf({ REDIS_DOWN: '' })).toEqual([]);
  });
});
