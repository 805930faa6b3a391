import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/cast.js';
import { FAULTS } from '../../../src/simulator/faults.js';
import { defaultSettings } from '../../../src/simulator/settings.js';

const document = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, cell by cell, without backticks. */
function table(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

describe('docs/simulator.md', () => {
  it('lists every fault and no other, in the words of the code', () => {
    const rows = table('Faults').map(([name, words]) => [bare(name), words]);
    expect(Object.fromEntries(rows)).toEqual(FAULTS);
  });

  it('lists every setting and no other, with its default', () => {
    const rows = table('Settings').map(([name, value]) => [bare(name), JSON.parse(bare(value)) as unknown]);
    expect(Object.fromEntries(rows)).toEqual(defaultSettings());
  });

  it('lists the phones, customer ids and campaigns of the example people', () => {
    const words = new Set(table('The people').flatMap((cells) => cells.slice(1).flatMap((cell) => cell.split(', '))));
    const values = Object.values<Readonly<Record<string, string | readonly string[]>>>(EXAMPLES).flatMap((example) =>
      Object.values(example).flat(),
    );
    expect([...words].filter(Boolean).sort()).toEqual([...new Set(values)].sort());
  });
});
