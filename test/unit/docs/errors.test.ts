import { describe, expect, it } from 'vitest';
import { FAILURES, isRetryable, type FailurePolicy } from '../../../src/core/failure.js';
import { differences, firstCells, readProject, readSources, rowsOf, section, type Rows } from './tables.js';

const page = readProject('docs/errors.md');
const lookupCodes = rowsOf(section(page, '## Errors of a lookup'));
const requestCodes = rowsOf(section(page, '## Errors of a request'));
const kinds = rowsOf(section(page, '## Kinds of failures'));

/** Quoted constants in the sources that are not codes of this service, but of Node and for Fastify. */
const OTHER_CONSTANTS = [
  'ERR_INVALID_URL',
  'ECONNRESET',
  'UNKNOWN_CONTENT_ENCODING',
  'NESTED_TOO_DEEP',
  'TOO_MANY_VALUES',
];

function cellsOf(policy: FailurePolicy): string[] {
  const { code, retryWithinMs, circuit, pauseMs, rememberMs, isOfCaller } = policy;
  return [
    `\`${code}\``,
    isRetryable(code) ? 'yes' : 'no',
    seconds(retryWithinMs),
    `\`${circuit}\``,
    seconds(pauseMs),
    seconds(rememberMs),
    isOfCaller === true ? 'yes' : 'no',
  ];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'no' : `${ms / 1_000} s`;
}

const policies: Rows = new Map(Object.entries(FAILURES).map(([kind, policy]) => [kind, cellsOf(policy)]));

describe('docs/errors.md', () => {
  it('has every kind of failure with every column of its policy, and no other kind', () => {
    expect(policies.size).toBeGreaterThan(20);
    expect(differences(kinds, policies)).toEqual([]);
  });

  it('would not pass with a changed cell, without a kind, or with an unknown kind', () => {
    const [[kind, cells] = ['', []], ...others] = [...kinds];
    for (const column of cells.keys()) {
      expect(differences(new Map([...kinds, [kind, cells.with(column, 'changed')]]), policies)).toHaveLength(1);
    }
    expect(differences(new Map(others), policies)).toHaveLength(1);
    expect(differences(new Map([...kinds, ['unknown', cells]]), policies)).toHaveLength(1);
  });

  it('separates the kinds that end a call from those without a result of a call', () => {
    const ofCalls = rowsOf(section(page, '### Kinds that end a call'));
    const ignored = [...ofCalls].filter(([, [, , , circuit]]) => circuit === '`ignore`').map(([kind]) => kind);
    expect(ignored).toEqual(['lease-lost']);
    const others = [...kinds].filter(([kind]) => !ofCalls.has(kind));
    expect(new Set(others.map(([, [, , , circuit]]) => circuit))).toEqual(new Set(['`ignore`']));
  });

  it('has every code of a lookup, whether it is retryable, and no other code', () => {
    const codes = new Set(Object.values(FAILURES).map(({ code }) => code));
    const actual: Rows = new Map([...codes].map((code) => [code, [isRetryable(code) ? 'yes' : 'no']]));
    const documented: Rows = new Map([...lookupCodes].map(([code, [, retryable = '']]) => [code, [retryable]]));
    expect(actual.size).toBeGreaterThan(8);
    expect(differences(documented, actual)).toEqual([]);
    expect(differences(new Map([...documented, ['UPSTREAM_BUSY', ['no']]]), actual)).toHaveLength(1);
  });

  it('has every code of a request, and no other code', () => {
    const sources = [
      readSources('src/http/'),
      readProject('src/core/error-codes.ts'),
      readProject('src/graphql/errors.ts'),
      readProject('src/graphql/document-limits.ts'),
    ].join('\n');
    const written = new Set([...sources.matchAll(/'([A-Z_]{8,})'/g)].map(([, code = '']) => code));
    for (const constant of OTHER_CONSTANTS) expect(written.delete(constant), constant).toBe(true);
    expect(written.size).toBeGreaterThan(7);
    const actual: Rows = new Map([...written].map((code) => [code, []]));
    expect(differences(firstCells(requestCodes, 0), actual)).toEqual([]);
  });
});
