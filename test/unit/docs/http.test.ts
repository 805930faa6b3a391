import { describe, expect, it } from 'vitest';
import type { CircuitBreaker } from '../../../src/calls/circuit-breaker.js';
import type { RedisState } from '../../../src/redis/redis.js';
import { startService } from '../../support/service.js';
import { differences, firstCells, readProject, readSources, rowsOf, section, type Rows } from './tables.js';

const page = readProject('docs/http.md');
const routes = rowsOf(section(page, '# HTTP routes'));
const fields = rowsOf(section(page, '## GET /readyz'));
const SECRET = 'secret-of-the-router';
/** Nothing listens there. */
const NO_REDIS = 'redis://127.0.0.1:1';

/** The paths that the server's code names. */
const paths = new Set(
  [...readSources('src/http/').matchAll(/(?:\.(?:get|post)\(|url: )'(\/[a-z/]*)'/g)].map(([, path = '']) => path),
);

describe('docs/http.md', () => {
  it('has every route of the code, and no other', () => {
    const documented = [...routes.keys()].filter((name) => name.includes(' /'));
    expect(paths.size).toBeGreaterThan(5);
    expect(new Set(documented.map((name) => name.split(' ')[1]))).toEqual(paths);
  });

  it('says which routes need the secret', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const send = async (route: string, headers: Record<string, string>): Promise<number> => {
      const [method = '', path = ''] = route.split(' ');
      const response = await fetch(url + path, { method, headers: { connection: 'close', ...headers } });
      await response.body?.cancel();
      return response.status;
    };
    const documented = [...routes].filter(([name]) => name.includes(' /'));
    for (const [route, [, secret = '']] of documented) {
      expect((await send(route, {})) === 401, route).toBe(secret.startsWith('yes'));
      expect(await send(route, { 'router-authorization': SECRET }), route).not.toBe(404);
    }
    expect(await send('GET /unknown', { 'router-authorization': SECRET })).toBe(404);
  });

  it('has every field of the body of /readyz, and no other', async () => {
    const { get } = await startService({ env: { REDIS_URL: NO_REDIS, WOLKVOX_DAILY_LIMIT: '10' } });
    const response = await get('/readyz');
    expect(response.status).toBe(200);
    const body = (await response.json()) as Record<string, unknown>;
    const names = Object.entries(body).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null ? Object.keys(value).map((field) => `${name}.${field}`) : [name],
    );
    expect(names.length).toBeGreaterThan(8);
    const actual: Rows = new Map(names.map((name) => [name, []]));
    expect(differences(firstCells(fields, 0), actual)).toEqual([]);
    expect(differences(firstCells(new Map([...fields].slice(1)), 0), actual)).toHaveLength(1);
    expect(body).toMatchObject({ status: 'ready', redis: { connection: 'down' } });
  });

  it('shows an example of that body with the same fields', () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as Record<string, object>;
    const names = Object.entries(example).flatMap(([name, value]) =>
      typeof value === 'object' ? Object.keys(value).map((field) => `${name}.${field}`) : [name],
    );
    expect(names.sort()).toEqual([...fields.keys()].sort());
  });

  it('names every state', () => {
    // The compiler refuses a list that lacks a state.
    const circuit: Record<ReturnType<CircuitBreaker['state']>, true> = { closed: true, open: true, 'half-open': true };
    const connection: Record<RedisState['connection'], true> = { up: true, down: true };
    const namedIn = (field: string): string[] =>
      [...(fields.get(field)?.[0] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name);
    expect(namedIn('wolkvox.circuit')).toEqual(Object.keys(circuit));
    expect(namedIn('redis.connection').slice(0, 2)).toEqual(Object.keys(connection));
    expect(namedIn('status')).toEqual(['starting', 'ready', 'draining']);
  });
});
