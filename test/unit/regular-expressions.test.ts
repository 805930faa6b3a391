import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../src/core/failure.js';
import { readLookup } from '../../src/core/lookup.js';
import { loggedOperationName } from '../../src/core/operation-name.js';
import { withoutValues } from '../../src/graphql/errors.js';
import { readRequestId } from '../../src/http/request-id.js';
import { describeBug } from '../../src/telemetry/log.js';
import { readRow } from '../../src/wolkvox/columns.js';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
/** Lengths of texts, in characters. */
const LENGTHS = [500, 2_000, 8_000, 32_000];
/** The time of a linear expression grows with the length, that of a quadratic one with the length to the power of 2. */
const MAX_POWER = 1.5;
/** Shorter times say nothing about growth. A quadratic expression takes longer with the greatest length. */
const MEASURABLE_MS = 30;

const CHARACTERS = [' ', '\t', '\n', '1', 'a', '_', '-', '/', ':', '"', '{', '(', ',', '.'];

/** The shortest of some runs, so that a pause of the machine does not count. */
function durationMs(action: () => unknown): number {
  const run = (): number => {
    const startedAt = performance.now();
    action();
    return performance.now() - startedAt;
  };
  const first = run();
  return first < MEASURABLE_MS ? first : Math.min(first, run(), run());
}

/**
 * Whether the time of an action grows faster than the length of its text. A time is compared with those of all shorter
 * texts, because a pause of the machine may have made one of them longer.
 */
function isSuperLinear(makeText: (length: number) => string, action: (text: string) => unknown): boolean {
  const shorter: { readonly length: number; readonly ms: number }[] = [];
  for (const length of LENGTHS) {
    const text = makeText(length);
    const ms = durationMs(() => action(text));
    const grows = shorter.some((before) => ms > before.ms * (length / before.length) ** MAX_POWER);
    if (ms > MEASURABLE_MS && grows) return true;
    shorter.push({ length, ms });
  }
  return false;
}

/** Texts that almost match: a part of the expression, then another part or a character many times, then a wrong end. */
function almostMatching({ source }: RegExp): ((length: number) => string)[] {
  const parts = source.replace(/[\\+*?^$]/g, '').match(/[^()[\]{}|]+/g) ?? [];
  return ['', ...parts].flatMap((start) =>
    [...parts, ...CHARACTERS].map((unit) => (length: number) => {
      return `${start}${unit.repeat(length / unit.length)}\0`;
    }),
  );
}

/** The beginning of a text with which an expression takes more than linear time; undefined if none was found. */
function findAttack(expression: RegExp): string | undefined {
  const replace = (text: string): string => text.replace(expression, '');
  return almostMatching(expression).find((makeText) => isSuperLinear(makeText, replace))?.(40);
}

/** The regular expressions of a file. */
function expressionsOf(file: string): RegExp[] {
  const found: RegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const [, source = '', flags] = /^\/(.*)\/([a-z]*)$/s.exec(node.text) ?? [];
      found.push(new RegExp(source, flags));
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(SOURCES, file), 'utf8'), ts.ScriptTarget.ES2023));
  return found;
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const expressions = files.flatMap((file) => expressionsOf(file).map((expression) => [file, expression] as const));

describe('The regular expressions of src', () => {
  it('are found', () => {
    expect(expressions.length).toBeGreaterThan(40);
  });

  it.each(expressions)('take linear time with growing texts (defect 42): %s %s', (_, expression) => {
    expect(findAttack(expression)).toBeUndefined();
  });

  it.each([
    ['that repeats what it begins with (defect 42)', /(cannot represent [a-z0-9 -]*value|but got): [\s\S]*$/],
    ['that searches for the end of a text', /\s+$/],
    ['whose parts match the same characters', /^ +at [^(]*\(?\/[^ ]*:\d+$/],
  ])('are told from an expression %s', (_, expression) => {
    expect(findAttack(expression)).toBeTypeOf('string');
  });
});

const ROW = { lookup: { customerId: '1' }, zone: 'UTC' };
/** The functions that search a text of a caller or of Wolkvox, and what the text repeats. */
const FUNCTIONS: readonly (readonly [string, string, (text: string) => unknown])[] = [
  ['the masking of values', 'cannot represent ', withoutValues],
  ['the masking of values', 'Variable "$a" got invalid value ; ', withoutValues],
  ['the fields of a bug in the log', '    at ////:1:1', (text) => describeBug(new Error(`${text}\n${text}`))],
  ['the phone of a lookup', ' -', (phone) => settle(() => readLookup({ phone }))],
  ['the customer id of a lookup', ' \u200b', (customerId) => settle(() => readLookup({ customerId }))],
  ['the campaign id of a lookup', '0', (campaignId) => settle(() => readLookup({ campaignId }))],
  ['the name of an operation', 'a12345', loggedOperationName],
  ['the id of a request', 'a.', (text) => readRequestId({ 'x-request-id': text, traceparent: text })],
  ...['date', 'result', 'calls', 'conn_id', 'tel1', 'opt1', 'campaign_id'].flatMap((column) =>
    [' ', '1', '-', '0000-'].map(
      (unit) =>
        [`the column ${column}`, unit, (text: string) => settle(() => readRow({ [column]: text }, ROW))] as const,
    ),
  ),
];

/** The result or the failure of a reading. */
function settle(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof LookupFailure) return error;
    throw error;
  }
}

describe('Functions that search a text of a caller or of Wolkvox', () => {
  it.each(FUNCTIONS)('take linear time with growing texts (defect 42): %s, %j', (_, unit, search) => {
    expect(isSuperLinear((length) => unit.repeat(length / unit.length), search)).toBe(false);
  });

  it('are distinguished from a function that takes quadratic time', () => {
    const search = (text: string): string =>
      Array.from(text, (_, index) => text.slice(0, index).trimEnd().at(-1) ?? '').join('');
    expect(isSuperLinear((length) => ' '.repeat(length), search)).toBe(true);
  });
});
