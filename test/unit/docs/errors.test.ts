import { describe, expect, it } from 'vitest';
import { LookupFailure, type FailureCode } from '../../../src/records/failure.js';
import { WolkvoxFailure, type WolkvoxFailureKind } from '../../../src/wolkvox/failure.js';
import { readProject, readSources, rowsOf, section } from './tables.js';

const page = readProject('docs/errors.md');
const ofLookup = rowsOf(section(page, 'Of a lookup'));
const ofRequest = rowsOf(section(page, 'Of a request'));
const kinds = rowsOf(section(page, 'What the log says'));

/** The members of a union of texts, as its source has them. */
function membersOf(source: string, type: string): string[] {
  const declared = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...declared.matchAll(/'([^']+)'/g)].map(([, name]) => name ?? '');
}

describe('docs/errors.md', () => {
  it('has every code of a lookup, and no other', () => {
    const codes = membersOf(readProject('src/records/failure.ts'), 'FailureCode');
    expect(codes.length).toBeGreaterThan(8);
    expect([...ofLookup.keys()].sort()).toEqual(codes.sort());
  });

  it('says of each whether it is retryable', () => {
    for (const [code, [, retryable]] of ofLookup) {
      expect(retryable, code).toBe(new LookupFailure(code as FailureCode, '').retryable ? 'yes' : 'no');
    }
  });

  it('has every code of a request, and no other', () => {
    const sources =
      readSources('src/http/') + readProject('src/graphql/errors.ts') + readProject('src/graphql/guard.ts');
    const written = new Set([...sources.matchAll(/'([A-Z_]{8,})'/g)].map(([, code]) => code ?? ''));
    // Names that stay inside: of Node and Fastify, and of faults that are told as BAD_REQUEST.
    for (const inside of ['ERR_INVALID_URL', 'ECONNRESET', 'UNKNOWN_CONTENT_ENCODING', 'NESTED_TOO_DEEP']) {
      expect(written.delete(inside), inside).toBe(true);
    }
    expect([...ofRequest.keys()].sort()).toEqual([...written].sort());
  });

  it('has every kind of failed call with its code, and no other', () => {
    const known = membersOf(readProject('src/wolkvox/failure.ts'), 'WolkvoxFailureKind');
    expect(known.length).toBeGreaterThan(8);
    expect([...kinds.keys()].sort()).toEqual(known.sort());
    for (const [kind, [code]] of kinds) {
      expect(code, kind).toBe(`\`${new WolkvoxFailure(kind as WolkvoxFailureKind).code}\``);
    }
  });
});
