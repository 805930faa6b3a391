import { describe, expect, it } from 'vitest';
import { LOG_FIELDS } from '../../../src/core/log.js';
import { MESSAGES } from '../../../src/telemetry/messages.js';
import { EXAMPLES } from '../telemetry/example-events.js';
import { differences, firstCells, readProject, rowsOf, section, type Rows } from './tables.js';

const page = readProject('docs/logs.md');
const events = rowsOf(section(page, '## Events'));
const fields = rowsOf(section(page, '## Fields'));
const list = (cell = ''): string[] => (cell === '' ? [] : cell.split(', '));
const sorted = (names: Iterable<string>): string => [...new Set(names)].sort().join(', ');

/** The levels of the events that the process itself logs, by the calls in the code. */
function processEvents(): Map<string, string> {
  const source = readProject('src/main.ts') + readProject('src/service.ts');
  const calls = [...source.matchAll(/log\.(debug|info|warn|error)\(([^{;]*'[a-z.-]+')/g)];
  return new Map(
    calls.flatMap(([, level = '', names = '']) =>
      [...names.matchAll(/'([a-z.-]+)'/g)].map(([, event = '']): [string, string] => [event, level]),
    ),
  );
}

describe('docs/logs.md', () => {
  it('has every event with its message, and no other', () => {
    const actual: Rows = new Map(Object.entries(MESSAGES).map(([event, message]) => [event, [message]]));
    const documented: Rows = new Map([...events].map(([event, cells]) => [event, [cells[2] ?? '']]));
    expect(actual.size).toBeGreaterThan(25);
    expect(differences(documented, actual)).toEqual([]);
    expect(differences(new Map([...documented].slice(1)), actual)).toHaveLength(1);
    expect(differences(new Map([...documented, ['redis.up', ['changed']]]), actual)).toHaveLength(1);
  });

  it('has every event of the service with its levels and fields', () => {
    const names = new Set(EXAMPLES.map(({ event }) => event.event));
    expect(names.size).toBeGreaterThan(20);
    const actual: Rows = new Map(
      [...names].map((name) => {
        const examples = EXAMPLES.filter(({ event }) => event.event === name);
        const used = examples.flatMap(({ event, fields: own, hasAdvice }) => [
          ...Object.keys(own ?? event).filter((field) => field !== 'event'),
          ...(hasAdvice === true ? ['advice'] : []),
        ]);
        return [name, [sorted(examples.map(({ level }) => level)), sorted(used)]];
      }),
    );
    const documented: Rows = new Map(
      [...events]
        .filter(([name]) => actual.has(name))
        .map(([name, [levels, used]]) => [name, [sorted(list(levels)), sorted(list(used))]]),
    );
    expect(differences(documented, actual)).toEqual([]);
  });

  it('has every event of the process with its level', () => {
    const actual = processEvents();
    expect(actual.size).toBeGreaterThan(7);
    const names = new Set<string>(EXAMPLES.map(({ event }) => event.event));
    const documented = [...events].filter(([name]) => !names.has(name)).map(([name, [level]]) => [name, level]);
    expect(new Map(documented as [string, string][])).toEqual(actual);
  });

  it('has every field of a line, and no other', () => {
    const actual: Rows = new Map(LOG_FIELDS.map((name) => [name, []]));
    expect(differences(firstCells(fields, 0), actual)).toEqual([]);
    expect(differences(firstCells(new Map([...fields].slice(1)), 0), actual)).toHaveLength(1);
    const used = [...events.values()].flatMap(([, names]) => list(names));
    expect(used.filter((name) => !fields.has(name))).toEqual([]);
    expect([...fields.keys()].filter((name) => !used.includes(name))).toEqual([]);
  });
});
