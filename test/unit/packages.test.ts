import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import semver from 'semver';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly version?: string;
  readonly engines?: { readonly node?: string; readonly npm?: string };
}

/** The first version of each supported line of Node, and the version of npm that it ships, or an earlier one. */
const SUPPORTED = [
  { node: '20.19.0', npm: '10.8.2' },
  { node: '22.13.0', npm: '10.9.2' },
  { node: '24.0.0', npm: '11.3.0' },
  { node: '26.0.0', npm: '11.3.0' },
] as const;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function read(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

/** The packages for which npm would print EBADENGINE. */
function refusals(packages: Readonly<Record<string, Manifest>>): string[] {
  return Object.entries(packages).flatMap(([path, { version, engines = {} }]) =>
    SUPPORTED.filter(
      ({ node, npm }) => !semver.satisfies(node, engines.node ?? '*') || !semver.satisfies(npm, engines.npm ?? '*'),
    ).map(({ node }) => `${path}@${version ?? ''} does not run on Node ${node}`),
  );
}

describe('The supported versions of Node', () => {
  it.each([
    'package-lock.json',
    'bench/package-lock.json',
    'examples/clients/package-lock.json',
    'test/gateways/package-lock.json',
  ])('run every package of %s', (path) => {
    const { packages } = JSON.parse(read(path)) as { readonly packages: Readonly<Record<string, Manifest>> };
    expect(Object.keys(packages).length).toBeGreaterThan(20);
    expect(refusals(packages)).toEqual([]);
  });

  it('are those that package.json accepts, from their first version on', () => {
    const { engines } = JSON.parse(read('package.json')) as { readonly engines: { readonly node: string } };
    const versions = ['18.20.8', '20.18.3', '20.19.0', '21.7.3', '22.12.0', '22.13.0', '23.11.1', '24.0.0', '26.0.0'];
    expect(versions.filter((version) => semver.satisfies(version, engines.node))).toEqual(
      SUPPORTED.map(({ node }) => node),
    );
  });

  it('are compared with the engines of a package', () => {
    const engines = { node: '^20.19.0 || >=24' };
    expect(refusals({ 'node_modules/a': { version: '1.0.0', engines } })).toEqual([
      'node_modules/a@1.0.0 does not run on Node 22.13.0',
    ]);
    expect(refusals({ 'node_modules/a': { version: '1.0.0', engines: { npm: '>=11' } } })).toHaveLength(2);
  });
});

describe('The packages of package.json', () => {
  const { dependencies, devDependencies, scripts } = JSON.parse(read('package.json')) as Readonly<
    Record<'dependencies' | 'devDependencies' | 'scripts', Readonly<Record<string, string>>>
  >;
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
    .toString()
    .split('\n')
    .filter((path) => /\.(ts|mjs|json|yml)$/.test(path) && !/package(-lock)?\.json$/.test(path))
    .filter((path) => existsSync(ROOT + path));

  /** Whether a file of these imports the package, or names it as a configuration does. */
  function isNamed(name: string, paths: readonly string[]): boolean {
    return paths.some((path) => [`'${name}'`, `'${name}/`, `"${name}"`].some((text) => read(path).includes(text)));
  }

  /** Whether the code or a configuration names the package, a command runs it, or it has the types of another one. */
  function isUsed(name: string): boolean {
    const types = /^@types\/(.+)$/.exec(name)?.[1];
    if (types !== undefined) return types === 'node' || types in dependencies || types in devDependencies;
    const plugin = /^@graphql-codegen\/(typescript.*)$/.exec(name)?.[1];
    if (plugin !== undefined) return read('codegen.yml').includes(`- ${plugin}\n`);
    const { bin = {} } = JSON.parse(read(`node_modules/${name}/package.json`)) as { bin?: string | object };
    const programs = typeof bin === 'string' ? [name] : Object.keys(bin);
    const words = Object.values(scripts).flatMap((script) => script.split(/[ =]/));
    return [name, ...programs].some((word) => words.includes(word) || isNamed(word, files));
  }

  it('are all used (defect 41)', () => {
    const src = files.filter((path) => path.startsWith('src/'));
    expect(Object.keys(dependencies).filter((name) => !isNamed(name, src))).toEqual([]);
    expect(Object.keys(devDependencies).filter((name) => !isUsed(name))).toEqual([]);
  });

  it('are distinguished from a package that nothing uses', () => {
    const src = files.filter((path) => path.startsWith('src/'));
    expect(['vitest', 'graphql'].filter((name) => isNamed(name, src))).toEqual(['graphql']);
    // This file would name the package.
    expect(isUsed(['balanced', 'match'].join('-'))).toBe(false);
  });
});
