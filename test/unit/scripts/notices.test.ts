import { describe, expect, it } from 'vitest';
import { noticesOf, type LicensedPackages } from '../../../scripts/notices.mjs';
import { productionPackages } from '../../../scripts/sbom.mjs';
import { readProject } from '../docs/tables.js';

const lockFile = JSON.parse(readProject('package-lock.json')) as LicensedPackages;
const rowsIn = (text: string): string[] => text.match(/(?<=^\| )[^|]+ \| \d[^|]+ \| [^|]+(?= \|$)/gm) ?? [];

describe('THIRD_PARTY_NOTICES.md', () => {
  it('is what node scripts/notices.mjs writes', () => {
    expect(readProject('THIRD_PARTY_NOTICES.md')).toBe(noticesOf(lockFile));
  });

  it('has the packages of a production installation, each with a licence', () => {
    const rows = rowsIn(noticesOf(lockFile)).map((row) => row.split(' | '));
    const installed = productionPackages(lockFile);
    expect(installed.size).toBeGreaterThan(100);
    expect(rows.map(([name, version]) => `${name}@${version}`).sort()).toEqual([...installed].sort());
    expect(rows.filter(([, , licence]) => licence === 'unknown')).toEqual([]);
  });

  it('changes with a version and with a licence', () => {
    const packages = {
      '': { version: '1.0.0', license: 'MIT' },
      'node_modules/b': { version: '2.0.0', license: 'ISC' },
      'node_modules/alias': { name: 'a', version: '1.0.0' },
      'node_modules/b/node_modules/a': { version: '1.0.0' },
      'node_modules/tool': { version: '4.0.0', license: 'MIT', dev: true },
    };
    expect(rowsIn(noticesOf({ packages }))).toEqual(['a | 1.0.0 | unknown', 'b | 2.0.0 | ISC']);
  });
});
