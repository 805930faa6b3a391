import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES, readConfig } from '../../../src/config.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { readProject, rowsOf, section } from './tables.js';

describe('docs/configuration.md', () => {
  const rows = rowsOf(readProject('docs/configuration.md'));

  it('has every variable that is read, and no other', () => {
    expect([...rows.keys()].sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('names defaults that are the ones', () => {
    const given = [...rows].map(([name, [value = '']]) => [name, /^[\w.:-]+$/.test(value) ? value : undefined]);
    expect(given.filter(([, value]) => value !== undefined).length).toBeGreaterThan(15);
    expect(readConfig(Object.fromEntries(given) as Record<string, string | undefined>)).toEqual(readConfig({}));
  });
});

describe('.env.example', () => {
  const lines = readProject('.env.example').split('\n');
  const given = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('='));

  it('has every variable that is read, and no other', () => {
    expect(given.map(([name]) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('is what holds without it', () => {
    expect(readConfig(Object.fromEntries(given) as Record<string, string>)).toEqual(readConfig({}));
  });
});

describe('docs/metrics.md', () => {
  const rows = rowsOf(section(`## Metrics\n${readProject('docs/metrics.md')}`, 'Metrics'));

  it('has every metric with its type and labels, and no other', async () => {
    const metrics = createMetrics(() => ({
      queue: { waiting: 0, running: 0 },
      circuit: 'closed',
      budget: { spent: 0, limit: undefined, exhaustedUntil: undefined },
      cache: { entries: 0, bytes: 0 },
      redis: undefined,
    }));
    metrics.observe({ event: 'answer', from: 'memory' });
    metrics.observe({ event: 'call', outcome: 'answered', kind: 'answered', ms: 1, records: 1 });
    metrics.observe({ event: 'refused', code: 'UPSTREAM_BUSY', why: 'queue-full' });
    metrics.observe({ event: 'retry', kind: 'server', delayMs: 1 });
    metrics.countResponse(200, 1);
    const text = await metrics.render();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].filter(
      ([, name = '']) => !/^(process|nodejs)_/.test(name),
    );
    expect([...rows].map(([name, [type]]) => `${name} ${type ?? ''}`).sort()).toEqual(
      types.map(([, name = '', type = '']) => `${name} ${type}`).sort(),
    );
    for (const [name, [, labels = '']] of rows) {
      const sample = new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, 'm').exec(text);
      expect(sample, name).not.toBeNull();
      const named = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label ?? '');
      expect(
        [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
        name,
      ).toEqual(named);
    }
  });
});

describe('docs/decisions/0003-dependencies.md', () => {
  it('gives a reason for every package that package.json names, and for no other', () => {
    const { dependencies, devDependencies } = JSON.parse(readProject('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const page = readProject('docs/decisions/0003-dependencies.md');
    const [atRunTime = '', inDevelopment = ''] = page.split('For development and tests:');
    expect([...rowsOf(atRunTime).keys()].sort()).toEqual(Object.keys(dependencies).sort());
    expect([...rowsOf(inDevelopment).keys()].sort()).toEqual(Object.keys(devDependencies).sort());
    for (const [name, [reason = '']] of rowsOf(page)) expect(reason.length, name).toBeGreaterThan(10);
  });

  it('is true of the versions: each is exact', () => {
    const { dependencies, devDependencies } = JSON.parse(readProject('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });
});
