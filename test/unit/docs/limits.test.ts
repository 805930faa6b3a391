import { describe, expect, it } from 'vitest';
import { readProject, section } from './tables.js';

const trials = section(readProject('docs/limits.md'), '### Long trials');

/** The first numbers of a row of the tables. */
function figures(title: string): number[] {
  const row = trials.split('\n').find((line) => line.startsWith(`| ${title}`));
  if (row === undefined) throw new Error(`The tables have no row "${title}".`);
  const [, , cell = ''] = row.split('|');
  return [...cell.matchAll(/[\d,]*\d(?:\.\d+)?/g)].map(([text]) => Number(text.replaceAll(',', '')));
}

describe('the long trials in docs/limits.md (defect 40)', () => {
  it('have no figure below the bars that the page names', () => {
    expect(figures('most calls at once')[0]).toBe(2);
    expect(figures('calls sent without Redis')).toEqual([0]);
    expect(figures('calls of a daily limit of 80')).toEqual([80]);
    expect(figures('both slots in use again after kill -9')[0]).toBeLessThanOrEqual(15);
    expect(figures('wrong answers')).toEqual([0]);
    expect(figures('longest wait of a caller')[0]).toBeLessThanOrEqual(12);
    expect(figures('recovery after a wave of faults')[0]).toBeLessThanOrEqual(75);
    const [short = 0, long = 0] = figures('utilisation of the slots');
    expect(short).toBeGreaterThanOrEqual(90);
    expect(long).toBeGreaterThanOrEqual(95);
  });

  it('name the options that the programs have', () => {
    const program = readProject('test/soak/main.ts');
    const options = [...trials.matchAll(/`--([a-z]+)`/g)].map(([, name = '']) => name);
    expect(options).toEqual(expect.arrayContaining(['minutes', 'seed']));
    for (const name of options.filter((option) => !['help', 'version'].includes(option))) {
      expect(program).toMatch(new RegExp(`\\b${name}: \\{ type:`));
    }
  });
});
