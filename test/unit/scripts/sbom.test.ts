import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findProblems, productionPackages, type LockFile, type Sbom } from '../../../scripts/sbom.mjs';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const root = new URL('../../../', import.meta.url);
const lockFile = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as LockFile & {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Required<LockedPackage>;

/** The path of a dependency, as Node finds it from a package; undefined if it is not installed. */
function resolvePackage(from: string, name: string): string | undefined {
  const parents = from
    .split('/node_modules/')
    .map((_, index, parts) => parts.slice(0, parts.length - index).join('/node_modules/'));
  const candidates = [
    ...parents.filter(Boolean).map((parent) => `${parent}/node_modules/${name}`),
    `node_modules/${name}`,
  ];
  return candidates.find((path) => path in lockFile.packages);
}

/** The packages that the dependencies of the project need, directly or not. */
function reachablePackages(): Set<string> {
  const reached = new Set<string>();
  const waiting: [string, string][] = Object.keys(manifest.dependencies).map((name) => ['', name]);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const path = resolvePackage(...next);
    if (path === undefined || reached.has(path)) continue;
    reached.add(path);
    const {
      dependencies,
      optionalDependencies,
      peerDependencies = {},
      peerDependenciesMeta,
    } = lockFile.packages[path] ?? {};
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
    const names = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
    waiting.push(...names.map((name): [string, string] => [path, name]));
  }
  return new Set(
    [...reached].map((path) => `${path.split('node_modules/').at(-1)}@${lockFile.packages[path]?.version}`),
  );
}

function componentOf(id: string, licence = 'MIT'): Sbom['components'][number] {
  const at = id.lastIndexOf('@');
  return { name: id.slice(0, at), version: id.slice(at + 1), licenses: [{ license: { id: licence } }] };
}

describe('The production packages', () => {
  const packages = productionPackages(lockFile);

  it('are exactly those that the dependencies of package.json need', () => {
    expect([...packages].sort()).toEqual([...reachablePackages()].sort());
  });

  it('include every direct dependency, and packages that a package for development needs as well', () => {
    const names = new Set([...packages].map((id) => id.slice(0, id.lastIndexOf('@'))));
    expect(Object.keys(manifest.dependencies).filter((name) => !names.has(name))).toEqual([]);
    expect([...names]).toEqual(expect.arrayContaining(['graphql', 'dataloader', '@apollo/federation-internals']));
    expect(names).not.toContain('vitest');
  });
});

describe('The check of the SBOM', () => {
  const lock: LockFile = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/@s/b': { version: '2.0.0' },
      'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
      'node_modules/alias': { name: 'real', version: '3.0.0' },
      'node_modules/tool': { version: '4.0.0', dev: true },
    },
  };
  const complete = ['a@1.0.0', '@s/b@2.0.0', 'real@3.0.0'].map((id) => componentOf(id));

  it('finds no problem if the SBOM lists each package once', () => {
    expect(findProblems({ components: complete }, lock)).toEqual([]);
  });

  it('finds a package that is missing, and one that is not installed in production', () => {
    expect(findProblems({ components: complete.slice(1) }, lock)).toEqual([
      'a@1.0.0: installed in production, but not listed',
    ]);
    expect(findProblems({ components: [...complete, componentOf('tool@4.0.0')] }, lock)).toEqual([
      'tool@4.0.0: listed, but not installed in production',
    ]);
  });

  it.each([
    ['MIT', []],
    ['(MIT AND BSD-3-Clause)', []],
    ['GPL-3.0 OR MIT', []],
    ['GPL-3.0', ['a@1.0.0: the licence GPL-3.0 is not allowed']],
    ['GPL-3.0 AND MIT', ['a@1.0.0: the licence GPL-3.0 AND MIT is not allowed']],
    ['Elastic-2.0', ['a@1.0.0: the licence Elastic-2.0 is not allowed']],
  ])('checks the licence %s', (licence, problems) => {
    expect(findProblems({ components: [componentOf('a@1.0.0', licence), ...complete.slice(1)] }, lock)).toEqual(
      problems,
    );
  });

  it('refuses a package without a licence', () => {
    const components = [{ name: 'a', version: '1.0.0' }, ...complete.slice(1)];
    expect(findProblems({ components }, lock)).toEqual(['a@1.0.0: the licence unknown is not allowed']);
  });

  it('accepts the Elastic licence only for the package that docs/decisions/0017-licences.md names', () => {
    const name = '@apollo/federation-internals';
    const lockOfOne = { packages: { [`node_modules/${name}`]: { version: '1.0.0' } } };
    expect(findProblems({ components: [componentOf(`${name}@1.0.0`, 'Elastic-2.0')] }, lockOfOne)).toEqual([]);
    const page = readFileSync(new URL('docs/decisions/0017-licences.md', root), 'utf8');
    expect(page).toContain(`\`${name}\``);
    expect(page).toContain('Elastic License 2.0');
  });
});
