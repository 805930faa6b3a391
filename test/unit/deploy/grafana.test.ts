import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startService } from '../../support/service.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { readProject } from '../docs/tables.js';
import { promtool } from './promtool.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<'h' | 'w' | 'x' | 'y', number>>;
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
}

const { panels, templating } = JSON.parse(readProject('deploy/grafana/dashboard.json')) as Dashboard;
const targets = panels.flatMap((panel) => panel.targets ?? []);
const queries = targets.map(({ expr }) => expr);

describe('deploy/grafana/dashboard.json', () => {
  it('has variables for the data source and the job, and every query uses both', () => {
    expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
    ]);
    for (const { expr, datasource } of targets) {
      expect(datasource.uid).toBe('${datasource}');
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.length, expr).toBeGreaterThan(0);
      for (const selector of selectors) expect(selector, expr).toContain('job=~"$job"');
    }
  });

  it('shows slots, queue, calls, answers, stale answers, errors, quota, latency, circuit and Redis', () => {
    const titles = panels.map(({ title }) => title).join('\n');
    for (const word of ['Slots', 'Queue', 'Calls by outcome', 'Answers by source', 'Stale answers', 'Errors by code']) {
      expect(titles).toContain(word);
    }
    for (const word of ['Quota', 'Duration of calls', 'Duration of responses', 'Circuit', 'Redis'])
      expect(titles).toContain(word);
    expect(queries.length).toBeGreaterThan(30);
  });

  it('has only metrics and values of labels that the service has, and all metrics of the service', async () => {
    const text = await readMetrics();
    const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
    const names = new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
    );
    const used = new Set(
      queries.flatMap((query) => [...query.matchAll(/\b([a-z_]+)\{/g)].map(([, name = '']) => name)),
    );
    expect([...used].filter((name) => name !== 'up' && !names.has(name))).toEqual([]);
    for (const [, label = '', value = ''] of queries.join('\n').matchAll(/,(\w+)!?="([^"]+)"/g)) {
      expect(text).toContain(`${label}="${value}"`);
    }
    const own = types.map(([, name = '']) => name).filter((name) => /^(?:wolkvox|graphql)_/.test(name));
    const shown = queries.join('\n');
    // The quota is shown in calls.
    const hidden = ['wolkvox_quota_warning_percent', 'wolkvox_quota_exhausted'];
    expect(own.filter((name) => !shown.includes(name)).sort()).toEqual(hidden.sort());
  });

  it('has queries that Prometheus understands', () => {
    const folder = temporaryFolder('queries-');
    const check = (exprs: readonly string[]): ReturnType<typeof promtool> => {
      const file = path.join(folder, 'queries.json');
      const rules = exprs.map((expr, index) => ({
        record: `query_${index}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'subgraph'),
      }));
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
      return promtool(['check', 'rules', file]);
    };
    expect(check(queries).output).toContain(`SUCCESS: ${queries.length} rules found`);
    expect(check(['sum(rate(x[5m])']).status).not.toBe(0);
  });

  it('has panels with ids of their own that do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('deploy/grafana/provisioning', () => {
  it('names the data source and the folder that compose.yaml has', () => {
    const { datasources } = parse(readProject('deploy/grafana/provisioning/datasources/prometheus.yaml')) as {
      readonly datasources: readonly { readonly type: string; readonly url: string }[];
    };
    expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
    const { providers } = parse(readProject('deploy/grafana/provisioning/dashboards/dashboards.yaml')) as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    expect(readProject('deploy/compose.yaml')).toContain(
      `./grafana/dashboard.json:${providers[0]?.options.path ?? '-'}/`,
    );
  });
});

async function readMetrics(): Promise<string> {
  const { get } = await startService({ env: { METRICS_PUBLIC: 'true' } });
  return (await get('/metrics')).text();
}
