import { describe, expect, it } from 'vitest';
import { GATEWAYS } from '../../support/gateways.js';
import { differences, readProject, rowsOf, section } from './tables.js';

interface Manifest {
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function versionsIn(path: string): Record<string, string> {
  const { devDependencies, dependencies, optionalDependencies } = JSON.parse(readProject(path)) as Manifest;
  return { ...devDependencies, ...dependencies, ...optionalDependencies };
}

describe('docs/routers.md', () => {
  it('names the gateways that the tests run, and their versions', () => {
    const documented = rowsOf(section(readProject('docs/routers.md'), '## Tested'));
    const installed = { ...versionsIn('package.json'), ...versionsIn('test/gateways/package.json') };
    const gateways = [...documented.values()].map(([, gateway]) => gateway);
    expect(gateways).toEqual(expect.arrayContaining(Object.keys(GATEWAYS)));
    expect(gateways).toHaveLength(4);
    const actual = [...documented].map(
      ([name, [, gateway = '']]) => [name, [installed[name] ?? 'none', gateway]] as const,
    );
    expect(differences(documented, new Map(actual))).toEqual([]);
  });
});
