import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/example-people.js';
import { FAULTS } from '../../../src/simulator/faults.js';
import { defaultSettings } from '../../../src/simulator/settings.js';

const document = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');

/** The rows of the first table under a heading, cell by cell. */
function table(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => row.split('|').slice(1, -1));
  return cells.slice(1).map((row) => row.map((cell) => cell.trim()));
}

const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

describe('docs/simulator.md', () => {
  it('lists every fault with the description in the code, and no other fault', () => {
    const documented = Object.fromEntries(table('Faults').map(([name, description]) => [bare(name), description]));
    const inCode = Object.fromEntries(Object.entries(FAULTS).map(([name, { description }]) => [name, description]));
    expect(documented).toEqual(inCode);
  });

  it('lists every setting with its default, and no other setting', () => {
    const rows = table('Settings').map(([name, value]) => [bare(name), JSON.parse(bare(value)) as unknown]);
    expect(Object.fromEntries(rows)).toEqual(defaultSettings());
  });

  it('lists the phones, customer ids and campaigns of the example people', () => {
    const documented = table('People').flatMap((cells) => cells.slice(1).flatMap((cell) => cell.split(', ')));
    const inCode = Object.values<Readonly<Record<string, string | readonly string[]>>>(EXAMPLES).flatMap((example) =>
      Object.values(example).flat(),
    );
    expect([...new Set(documented)].filter(Boolean).sort()).toEqual([...new Set(inCode)].sort());
  });
});
