import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { VARIABLE_NAMES } from '../../../src/config/variables.js';
import { PREFIX } from '../../../src/redis/options.js';
import { differences, firstCells, readProject, readSources, rowsOf, section, type Rows } from './tables.js';

describe('docs/configuration.md', () => {
  const rows = rowsOf(readProject('docs/configuration.md'));
  const variables: Rows = new Map(VARIABLE_NAMES.map((name) => [name, []]));

  it('has every variable that is read, and no other', () => {
    expect(variables.size).toBeGreaterThan(25);
    expect(differences(firstCells(rows, 0), variables)).toEqual([]);
    expect(differences(firstCells(new Map([...rows].slice(1)), 0), variables)).toHaveLength(1);
  });

  it('has the defaults of the code', () => {
    const defaults = [...rows].flatMap(([name, [value = '']]) => (/^[\w.:-]+$/.test(value) ? [[name, value]] : []));
    expect(defaults.length).toBeGreaterThan(15);
    for (const [name = '', value = ''] of defaults) {
      expect(readConfig({ [name]: value }), name).toEqual(readConfig({}));
    }
    expect(readConfig({ PORT: '4002' })).not.toEqual(readConfig({}));
  });
});

describe('docs/configuration.md, Redis', () => {
  const rights = /^~\S+ &\S+ (\+.*)$/m.exec(readProject('docs/configuration.md'))?.[0].split(' ') ?? [];

  it('lists the commands that the code sends, the prefix of the keys and no more', () => {
    const source = readSources('src/redis/');
    const sent = [
      ...source.matchAll(/redis\.p?call\('([A-Z]+)'/g),
      ...source.matchAll(/\.send\('([A-Z]+)'/g),
      ...source.matchAll(/'(EVAL)'/g),
      ...source.matchAll(/(?:client|subscriber)\.(publish|subscribe|ping|setrange)\(/g),
    ].map(([, command = '']) => `+${command.toLowerCase()}`);
    expect(sent.length).toBeGreaterThan(10);
    expect(new Set(rights)).toEqual(new Set([`~${PREFIX}*`, `&${PREFIX}*`, ...sent]));
    expect(rights).toContain('+eval');
  });
});

describe('.env.example', () => {
  const lines = readProject('.env.example').split('\n');
  const settings = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('='));

  it('has every variable that is read, and no other', () => {
    expect(settings.map(([name]) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('changes nothing', () => {
    const environment = Object.fromEntries(settings) as Record<string, string>;
    expect(readConfig(environment)).toEqual(readConfig({}));
    expect(readConfig({ ...environment, PORT: '4002' })).not.toEqual(readConfig({}));
  });
});

describe('docs/decisions/0003-dependencies.md', () => {
  const page = readProject('docs/decisions/0003-dependencies.md');
  const { dependencies, devDependencies } = JSON.parse(readProject('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;

  it.each([
    ['### At run time', dependencies],
    ['### For development and tests', devDependencies],
  ])('gives a reason for every package, and for no other: %s', (heading, packages) => {
    const rows = rowsOf(section(page, heading));
    const actual: Rows = new Map(Object.keys(packages).map((name) => [name, []]));
    expect(differences(firstCells(rows, 0), actual)).toEqual([]);
    expect(differences(firstCells(new Map([...rows].slice(1)), 0), actual)).toHaveLength(1);
    for (const [name, [reason = '']] of rows) expect(reason.length, name).toBeGreaterThan(10);
  });

  it('says that versions are exact, and they are', () => {
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(20);
    for (const [name, version] of versions) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
