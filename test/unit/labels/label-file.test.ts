import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPT_TYPES } from '../../../src/core/opt-labels.js';
import { MAX_FILE_BYTES, parseLabels, readLabelFile, type LabelTable } from '../../../src/labels/label-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NOTHING = { label: null, type: null };

function bytesOf(content: unknown): Buffer {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

function tableOf(content: unknown): LabelTable {
  const file = parseLabels(bytesOf(content));
  if ('problems' in file) throw new Error(file.problems.join('\n'));
  return file.table;
}

function problemsOf(content: unknown): readonly string[] {
  const file = parseLabels(bytesOf(content));
  return 'problems' in file ? file.problems : [];
}

/** The paths of the problems, in order. */
function wrong(content: unknown): string[] {
  return problemsOf(content).map((problem) => problem.slice(0, problem.lastIndexOf(': ')));
}

describe('A file of labels', () => {
  it('gives twelve labels to a campaign: its own entries, else those of the default', () => {
    const table = tableOf({
      default: { opt1: { label: 'Producto', type: 'TEXT' }, opt12: { label: 'Observación' } },
      campaigns: { '4821': { opt1: { label: 'Saldo', type: 'MONEY' }, opt3: { type: 'DATE' }, opt12: {} } },
    });
    expect(table.default).toHaveLength(12);
    expect([table.default[0], table.default[1], table.default[11]]).toEqual([
      { label: 'Producto', type: 'TEXT' },
      NOTHING,
      { label: 'Observación', type: null },
    ]);
    const own = table.campaigns.get('4821') ?? [];
    expect(own).toHaveLength(12);
    expect([own[0], own[1], own[2], own[11]]).toEqual([
      { label: 'Saldo', type: 'MONEY' },
      NOTHING,
      { label: null, type: 'DATE' },
      NOTHING,
    ]);
    expect([...table.campaigns.keys()]).toEqual(['4821']);
    expect(Object.isFrozen(own) && Object.isFrozen(own[0]) && Object.isFrozen(table.default)).toBe(true);
  });

  it('may leave out both parts', () => {
    expect(tableOf({}).default).toEqual(Array(12).fill(NOTHING));
    expect(tableOf({ campaigns: {} }).campaigns.size).toBe(0);
  });

  it('may begin with a byte order mark', () => {
    expect(tableOf('\uFEFF{"default":{"opt2":{"label":"Ciudad"}}}').default[1]?.label).toBe('Ciudad');
  });

  it.each(OPT_TYPES)('may have the type %s', (type) => {
    expect(tableOf({ default: { opt1: { type } } }).default[0]).toEqual({ label: null, type });
  });

  it.each([
    ['x'],
    ['ñ'.repeat(60)],
    // The letter and its accent are two characters here, and count as one.
    ['o\u0301'.repeat(60)],
    ['😀'.repeat(60)],
    ['Saldo a pagar (COP)'],
    ['opt 3'],
    ['opt13'],
    ['opt1'],
  ])('may have the label %s', (label) => {
    expect(tableOf({ default: { opt1: { label } } }).default[0]).toEqual({ label, type: null });
  });

  it('may have the label of the default for another opt, if the campaign replaces the default', () => {
    const campaign = { opt1: { label: 'Ciudad' }, opt2: { label: 'Producto' } };
    const content = {
      default: { opt1: { label: 'Producto' }, opt2: { label: 'Ciudad' } },
      campaigns: { '7': campaign },
    };
    expect(problemsOf(content)).toEqual([]);
    expect(wrong({ ...content, campaigns: { '7': { opt1: { label: 'Ciudad' } } } })).toEqual([
      'campaigns.7.opt1.label',
    ]);
  });
});

describe('A wrong file of labels', () => {
  it.each<[string, string | Buffer, string]>([
    ['is empty', '', 'the file is not valid JSON.'],
    ['is not JSON', 'Saldo de María', 'the file is not valid JSON.'],
    ['is cut', '{"default":{"opt1":', 'the file is not valid JSON.'],
    [
      'is cut in UTF-8',
      Buffer.from('{"default":{"opt1":{"label":"Observació').subarray(0, -1),
      'the file is not text in UTF-8.',
    ],
    ['is UTF-16', Buffer.from('\uFEFF{"default":{}}', 'utf16le'), 'the file is not text in UTF-8.'],
    ['is a list', '[{"default":{}}]', 'the file: expected an object.'],
    ['is a text', '"Saldo de María"', 'the file: expected an object.'],
    ['is null', 'null', 'the file: expected an object.'],
    ['is nested deeply', '['.repeat(200_000), 'the file is not valid JSON.'],
  ])('that %s is refused', (_, content, problem) => {
    expect(parseLabels(Buffer.from(content))).toEqual({ problems: [problem] });
  });

  it('that is not JSON is refused with the line, and without its content', () => {
    const [problem, ...others] = problemsOf('{\n  "default": {},\n  "campaigns": { "María": }\n}\n');
    expect(problem).toMatch(/^the file is not valid JSON( \(line 3\))?\.$/);
    expect(others).toEqual([]);
    // A message of the parser that has a position has the line here.
    expect(problemsOf(`{\n  "default": {}\n  "campaigns": { ${' '.repeat(100)} }\n}\n`)).toEqual([
      'the file is not valid JSON (line 3).',
    ]);
  });

  it.each<[string, unknown, string]>([
    ['default', { default: null }, 'expected an object.'],
    ['default', { default: [] }, 'expected an object.'],
    ['campaigns', { campaigns: 'x' }, 'expected an object.'],
    ['campaigns.4821', { campaigns: { '4821': 7 } }, 'expected an object.'],
    ['default.opt1', { default: { opt1: 'Saldo de María' } }, 'expected an object.'],
    ['campagins', { campagins: {} }, 'unknown key; expected default or campaigns.'],
    ['__proto__', '{"__proto__":{}}', 'unknown key; expected default or campaigns.'],
    ['default.opt13', { default: { opt13: {} } }, 'unknown key; expected opt1 to opt12.'],
    ['default.opt0', { default: { opt0: {} } }, 'unknown key; expected opt1 to opt12.'],
    ['default.OPT1', { default: { OPT1: {} } }, 'unknown key; expected opt1 to opt12.'],
    ['default.constructor', { default: { constructor: {} } }, 'unknown key; expected opt1 to opt12.'],
    ['default.opt1.lable', { default: { opt1: { lable: 'María' } } }, 'unknown key; expected label or type.'],
    [
      'campaigns."Cartera \\n1"',
      { campaigns: { 'Cartera \n1': {} } },
      'expected a campaign id of 1 to 10 digits without leading zeros.',
    ],
    [
      `campaigns."${'x'.repeat(40)}"`,
      { campaigns: { ['x'.repeat(200)]: {} } },
      'expected a campaign id of 1 to 10 digits without leading zeros.',
    ],
    [
      'campaigns.04821',
      { campaigns: { '04821': {} } },
      'expected a campaign id of 1 to 10 digits without leading zeros.',
    ],
    [
      'campaigns.12345678901',
      { campaigns: { '12345678901': {} } },
      'expected a campaign id of 1 to 10 digits without leading zeros.',
    ],
  ])('is refused at %s', (at, content, problem) => {
    expect(problemsOf(content)).toEqual([`${at}: ${problem}`]);
  });

  it.each([
    [''],
    [' '],
    [' Saldo'],
    ['Saldo '],
    ['Sal\ndo'],
    ['Sal\u200Bdo'],
    ['\u202EodlaS'],
    ['\uD800'],
    [5],
    [null],
  ])('is refused with the label %j, without naming it', (label) => {
    expect(problemsOf({ default: { opt1: { label } } })).toEqual([
      'default.opt1.label: expected one line of 1 to 60 visible characters, without spaces at the beginning and the end.',
    ]);
  });

  it('is refused with a label of 61 characters', () => {
    expect(wrong({ default: { opt1: { label: 'ñ'.repeat(61) } } })).toEqual(['default.opt1.label']);
  });

  it.each([['text'], ['DATETIME'], [''], [3], [null], [['TEXT']]])('is refused with the type %j', (type) => {
    expect(problemsOf({ default: { opt1: { type } } })).toEqual([
      'default.opt1.type: expected one of TEXT, NUMBER, DATE, BOOLEAN, MONEY.',
    ]);
  });

  it('is refused with two equal labels of a campaign, also in upper and lower case or in two encodings', () => {
    const problem = (at: string, other: string): string =>
      `${at}.label: expected another label than that of ${other}, which the campaign has, too.`;
    expect(
      problemsOf({
        default: { opt1: { label: 'Saldo' }, opt4: { label: 'SALDO' }, opt5: { label: 'Ciudad' } },
        campaigns: {
          // Nothing of its own is wrong here; the two of the default are named once.
          '1': { opt2: { label: 'Otro' } },
          '2': { opt2: { label: 'ciudad' } },
          '3': { opt6: { label: 'ciudad' } },
          '4': { opt7: { label: 'Observaci\u00F3n' }, opt8: { label: 'OBSERVACIO\u0301N' } },
        },
      }),
    ).toEqual([
      problem('default.opt4', 'default.opt1'),
      problem('campaigns.2.opt2', 'default.opt5'),
      problem('campaigns.3.opt6', 'default.opt5'),
      problem('campaigns.4.opt8', 'campaigns.4.opt7'),
    ]);
  });

  it('is refused with the name of another opt as a label', () => {
    expect(
      problemsOf({ default: { opt1: { label: 'Opt12' } }, campaigns: { '1': { opt2: { label: 'opt1' } } } }),
    ).toEqual([
      'default.opt1.label: expected another text than opt12, the name of another column.',
      'campaigns.1.opt2.label: expected another text than opt1, the name of another column.',
    ]);
  });

  it('is refused with all of its problems, and no value', () => {
    const content = {
      version: 1,
      default: {
        opt1: { label: ' María', type: 'Gómez' },
        opt99: 'Ríos',
        opt2: { label: 'Uno' },
        opt3: { label: 'uno' },
      },
      campaigns: { Cartera: { opt1: 'Muñoz' }, '4821': { opt2: { type: 'date', title: 'Cárdenas' } }, '7': 'Vélez' },
    };
    expect(wrong(content)).toEqual([
      'version',
      'default.opt1.label',
      'default.opt1.type',
      'default.opt99',
      'default.opt3.label',
      // The order of JavaScript: numbers come first.
      'campaigns.7',
      'campaigns.4821.opt2.type',
      'campaigns.4821.opt2.title',
      'campaigns.Cartera',
      'campaigns.Cartera.opt1',
    ]);
    expect(problemsOf(content).join()).not.toMatch(/María|Gómez|Ríos|uno|Muñoz|Cárdenas|Vélez/i);
  });
});

describe('Reading a file of labels', () => {
  it('reads a file of the greatest size, and refuses a larger one without reading it', async () => {
    const file = path.join(temporaryFolder('labels-'), 'campaigns.json');
    writeFileSync(file, '{}'.padEnd(MAX_FILE_BYTES));
    expect(await readLabelFile(file)).toHaveProperty('table');
    writeFileSync(file, '{}'.padEnd(MAX_FILE_BYTES + 1));
    expect(await readLabelFile(file)).toEqual({ problems: ['the file has more than 300 kB.'] });
  });

  it('names the error of the system, and not the path', async () => {
    const folder = temporaryFolder('labels-');
    expect(await readLabelFile(path.join(folder, 'none.json'))).toEqual({
      problems: ['the file cannot be read (ENOENT).'],
    });
    expect(await readLabelFile(folder)).toEqual({ problems: ['the path does not lead to a file.'] });
    expect(await readLabelFile('a\0b')).toEqual({ problems: ['the file cannot be read (ERR_INVALID_ARG_VALUE).'] });
  });
});
