import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SERVERS } from '../../../bench/server-process.js';
import { WORKLOADS } from '../../../bench/workloads.js';
import { readProject, rowsOf, section } from './tables.js';

const page = readProject('docs/benchmarks.md');
const BENCH = new URL('../../../bench/', import.meta.url);

describe('docs/benchmarks.md', () => {
  it('has every server and every workload, in the order of the report, and no other', () => {
    expect([...rowsOf(section(page, '## Servers')).keys()]).toEqual(Object.keys(SERVERS));
    const named = [...rowsOf(section(page, '## Workloads')).keys()];
    expect(named.slice(0, Object.keys(WORKLOADS).length)).toEqual(Object.keys(WORKLOADS));
  });

  it('names the files of the benchmark, except those that only name types or configure', () => {
    const named = [...section(page, '## Files').matchAll(/`([a-z-]+\.ts|servers\/)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(8);
    for (const name of named) expect(existsSync(new URL(name, BENCH)), name).toBe(true);
    const files = readdirSync(BENCH).filter((name) => name.endsWith('.ts'));
    expect(files.filter((name) => !named.includes(name)).sort()).toEqual(['result.ts']);
  });

  it('shows only options that the program has', () => {
    const program = readProject('bench/main.ts');
    const options = [...page.matchAll(/--([a-z]+)\b/g)].map(([, name = '']) => name);
    expect(new Set(options)).toEqual(new Set(['quick', 'only', 'json']));
    for (const name of options) expect(program).toContain(`${name}: { type:`);
  });
});
