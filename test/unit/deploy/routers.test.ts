import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../../src/config/config.js';
import { readProject } from '../docs/tables.js';

const ERROR_KEYS = ['code', 'retryable', 'retryAfterSeconds'];
/** An operation may take so long in the subgraph. */
const { operationDeadlineMs } = readConfig({});

interface ApolloRouter {
  readonly headers: { readonly subgraphs: { readonly campaigns: { readonly request: readonly object[] } } };
  readonly include_subgraph_errors: { readonly subgraphs: { readonly campaigns: object } };
  readonly traffic_shaping: {
    readonly router: { readonly timeout: string };
    readonly subgraphs: { readonly campaigns: { readonly timeout: string } };
  };
  readonly apq: { readonly subgraph: { readonly subgraphs: { readonly campaigns: object } } };
  readonly rhai: { readonly scripts: string; readonly main: string };
}
interface CosmoRouter {
  readonly headers: { readonly subgraphs: { readonly campaigns: { readonly request: readonly object[] } } };
  readonly subgraph_error_propagation: object;
  readonly subgraph_extension_propagation: object;
  readonly traffic_shaping: { readonly subgraphs: { readonly campaigns: { readonly request_timeout: string } } };
}

describe('deploy/routers/apollo-router', () => {
  const folder = 'deploy/routers/apollo-router/';
  const config = parse(readProject(`${folder}router.yaml`)) as ApolloRouter;

  it('sends the secret and the headers', () => {
    expect(config.headers.subgraphs.campaigns.request).toEqual([
      { insert: { name: 'Router-Authorization', value: '${env.ROUTER_SECRET}' } },
      { propagate: { named: 'x-request-id' } },
      { propagate: { named: 'wolkvox-cost' } },
      { propagate: { named: 'apollographql-client-name' } },
      { propagate: { named: 'apollographql-client-version' } },
    ]);
  });

  it('shows messages and codes, waits for long enough and sends no persisted queries', () => {
    expect(config.include_subgraph_errors.subgraphs.campaigns).toEqual({
      redact_message: false,
      allow_extensions_keys: ERROR_KEYS,
    });
    const { router, subgraphs } = config.traffic_shaping;
    expect(milliseconds(subgraphs.campaigns.timeout)).toBeGreaterThan(operationDeadlineMs);
    expect(milliseconds(router.timeout)).toBeGreaterThan(milliseconds(subgraphs.campaigns.timeout));
    expect(config.apq.subgraph.subgraphs.campaigns).toEqual({ enabled: false });
  });

  it('has the script that it names, which passes the cost on', () => {
    const script = readProject(`${folder}${config.rhai.scripts}/${config.rhai.main}`);
    expect(script).toContain('fn subgraph_service(service, subgraph)');
    expect(script).toContain('fn supergraph_service(service)');
    for (const [open, close] of ['{}', '()', '[]']) {
      expect(script.split(open ?? '').length, open).toBe(script.split(close ?? '').length);
    }
  });
});

describe('deploy/routers/cosmo', () => {
  const config = parse(readProject('deploy/routers/cosmo/config.yaml')) as CosmoRouter;

  it('sends the secret and the headers, shows messages, codes and the cost, and waits for long enough', () => {
    expect(config.headers.subgraphs.campaigns.request).toEqual([
      { op: 'set', name: 'Router-Authorization', value: '${ROUTER_SECRET}' },
      { op: 'propagate', named: 'X-Request-Id' },
      { op: 'propagate', named: 'Wolkvox-Cost' },
      { op: 'propagate', named: 'Graphql-Client-Name' },
      { op: 'propagate', named: 'Graphql-Client-Version' },
    ]);
    expect(config.subgraph_error_propagation).toEqual({ mode: 'pass-through', allowed_extension_fields: ERROR_KEYS });
    expect(config.subgraph_extension_propagation).toMatchObject({
      enabled: true,
      allowed_extension_fields: ['wolkvox'],
    });
    expect(milliseconds(config.traffic_shaping.subgraphs.campaigns.request_timeout)).toBeGreaterThan(
      operationDeadlineMs,
    );
  });

  it('composes the schema of this repository', () => {
    const { subgraphs } = parse(readProject('deploy/routers/cosmo/graph.yaml')) as {
      readonly subgraphs: readonly { readonly name: string; readonly schema: { readonly file: string } }[];
    };
    expect(subgraphs.map(({ name }) => name)).toEqual(['campaigns']);
    const file = new URL(subgraphs[0]?.schema.file ?? '', new URL('../../../deploy/routers/cosmo/', import.meta.url));
    expect(existsSync(file)).toBe(true);
  });
});

/** Reads `30s`. */
function milliseconds(text: string): number {
  return Number(/^(\d+)s$/.exec(text)?.[1]) * 1_000;
}
