import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../src/probe/options.js';
import { QUESTIONS } from '../../../src/probe/questions.js';
import { differences, readProject, rowsOf, section, type Rows } from '../docs/tables.js';

const page = readProject('docs/probe.md');

describe('docs/probe.md', () => {
  const documented = rowsOf(section(page, '## Questions'));
  const actual: Rows = new Map(
    QUESTIONS.map(({ id, question, calls }) => [id, [question, String(calls({ customerId: 'A', campaignId: '1' }))]]),
  );

  it('has every question with its calls, in order, and no other', () => {
    const ofQuestions = new Map([...documented].slice(0, actual.size).map(([id, cells]) => [id, cells.slice(0, 2)]));
    expect(actual.size).toBe(14);
    expect(differences(ofQuestions, actual)).toEqual([]);
    expect([...ofQuestions.keys()]).toEqual([...actual.keys()]);
    expect(differences(new Map([...ofQuestions].slice(1)), actual)).toHaveLength(1);
  });

  it('names the most calls', () => {
    const most = [...actual.values()].reduce((sum, [, calls]) => sum + Number(calls), 0);
    expect(page).toContain(`At most ${most} calls of the day`);
  });

  it('has every option', () => {
    const names = Object.keys(readOptions([])).filter((name) => !['help', 'version'].includes(name));
    const documentedNames = [...page.matchAll(/`--([a-z-]+)/g)].map(([, name = '']) => name);
    const inCode = [...names, 'customer-id', 'phone', 'campaign-id', 'person'].filter((name) => /^[a-z-]+$/.test(name));
    expect(new Set(documentedNames)).toEqual(new Set(inCode));
  });

  it('names files that exist as those that assume something', () => {
    for (const { where } of QUESTIONS) {
      for (const file of where.split(', ')) expect(readProject(file).length, file).toBeGreaterThan(0);
    }
  });
});
