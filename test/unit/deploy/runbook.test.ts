import { describe, expect, it } from 'vitest';
import { readProject, rowsOf, section } from '../docs/tables.js';
import { commandsIn, sectionsOf } from './runbook.js';

const page = readProject('docs/runbook.md');
const sections = [...sectionsOf('## Alerts'), ...sectionsOf('## Error codes')];

describe('docs/runbook.md', () => {
  it('has a section for each error code of docs/errors.md, and no other', () => {
    const errors = readProject('docs/errors.md');
    const codes = ['## Errors of a lookup', '## Errors of a request'].flatMap((heading) => [
      ...rowsOf(section(errors, heading)).keys(),
    ]);
    expect(codes.length).toBeGreaterThan(15);
    expect(new Set(sectionsOf('## Error codes'))).toEqual(new Set(codes));
    expect(sectionsOf('## Error codes')).toHaveLength(new Set(codes).size);
  });

  it.each(sections)('says what it means, how to confirm it and what to do: %s', (heading) => {
    const text = section(page, `### ${heading}`);
    const [meaning = '', toDo = ''] = text.split(/```sh[\s\S]*?```/);
    expect(meaning.replace(heading, '').trim()).toMatch(/^.{20,}\.$/s);
    expect(toDo.trim()).toMatch(/^.{20,}\.$/s);
    for (const command of commandsIn(`### ${heading}`))
      expect(command).toMatch(/^(?:counted|metrics|ready|events|failed) /);
  });
});
