import { describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/simulator/server.js';
import type { LoggedRequest } from '../../src/simulator/request-log.js';
import type { Incident } from './cluster.js';
import { causeOf, findOverlaps } from './monitor.js';
import { checkResponse, type Circumstances, type Verdict } from './oracle.js';
import { createWorkload, type KnownLookup } from './workload.js';

const ASKED_AT = Date.parse('2026-11-23T12:00:00Z');
const CIRCUMSTANCES: Circumstances = {
  ...{ askedAt: ASKED_AT, receivedAt: ASKED_AT + 200, freshMs: 5_000, staleMs: 60_000, callMs: 3_000 },
  ...{ isRedisAway: false, mayBeTooLarge: false, cachedSentAt: () => undefined },
};

/** A record as the graph gives it, and its text in the workload. */
const RECORD = {
  ...{ campaignId: '1', customerId: '20', customerName: 'Ana', customerLastName: 'Ruiz', date: null, calls: 0 },
  ...{ opts: [{ value: null }], phones: [{ position: 1, number: '3070000000' }], connId: null, result: 'CLEAN' },
};
const TEXT = JSON.stringify(['1', '20', 'Ana', 'Ruiz', [null], ['1:3070000000'], null, 0, null, 'CLEAN']);
const BUSY = { code: 'UPSTREAM_BUSY', retryable: true };

/** A lookup whose first version is `RECORD`. */
function lookupWithVersions(...since: readonly number[]): KnownLookup {
  const versions = since.map((time, index) => ({
    since: time,
    records: index === 0 ? TEXT : `${TEXT} dialled ${index} times`,
  }));
  return { criteria: { customerId: '20' }, versions: () => versions };
}

interface Options extends Partial<Circumstances> {
  readonly lookup?: KnownLookup;
  readonly maxAgeSeconds?: number;
}

function check(response: unknown, options: Options = {}): Verdict | undefined {
  const { lookup = lookupWithVersions(0), maxAgeSeconds, ...circumstances } = options;
  const body = typeof response === 'string' ? response : JSON.stringify(response);
  const fields = [{ lookup, path: ['a0'], maxAgeSeconds }];
  return checkResponse(fields, { status: 200, body }, { ...CIRCUMSTANCES, ...circumstances })[0];
}

function answer(sentAt = ASKED_AT + 100, record: object = RECORD): object {
  return { data: { a0: [{ ...record, fetchedAt: new Date(sentAt).toISOString() }] } };
}

function failure(extensions: object): object {
  return { data: { a0: null }, errors: [{ message: 'x', path: ['a0'], extensions }] };
}

describe('oracle', () => {
  it('accepts right records, fresh and stale', () => {
    expect(check(answer())).toMatchObject({ kind: 'right' });
    expect(check(answer(ASKED_AT - 4_000))).toMatchObject({ kind: 'right' });
    expect(check(answer(ASKED_AT - 50_000))).toMatchObject({ kind: 'stale' });
  });

  it('accepts the error codes of the contract, each with its own retryable', () => {
    expect(check(failure(BUSY))).toEqual({ kind: 'error', code: 'UPSTREAM_BUSY' });
    expect(check(failure({ ...BUSY, retryable: false }))).toMatchObject({ kind: 'wrong' });
    expect(check(failure({ code: 'INTERNAL_SERVER_ERROR', retryable: false }))).toMatchObject({ kind: 'wrong' });
  });

  it.each([
    ['other records', answer(ASKED_AT, { ...RECORD, customerLastName: 'Rueda' })],
    ['no records', { data: { a0: [] } }],
    ['a record twice', { data: { a0: [1, 2].map(() => ({ ...RECORD, fetchedAt: '2026-11-23T12:00:00Z' })) } }],
    ['null without an error', { data: { a0: null } }],
    ['records and an error', { ...answer(), errors: [{ path: ['a0'], extensions: BUSY }] }],
    ['a body that is not JSON', '<html>'],
    ['an answer that is older than any cached one', answer(ASKED_AT - 70_000)],
    ['an answer of the future', answer(ASKED_AT + 10_000)],
    ['RESULT_TOO_LARGE for a small answer', failure({ code: 'RESULT_TOO_LARGE', retryable: false })],
  ])('rejects %s', (_title, response) => {
    expect(check(response)).toMatchObject({ kind: 'wrong' });
  });

  it('rejects answers that are older than maxAge', () => {
    expect(check(answer(ASKED_AT - 10_000), { maxAgeSeconds: 20 })).toMatchObject({ kind: 'stale' });
    expect(check(answer(ASKED_AT - 10_000), { maxAgeSeconds: 5 })).toMatchObject({ kind: 'wrong' });
    expect(check(answer(), { maxAgeSeconds: 0 })).toMatchObject({ kind: 'right' });
    expect(check(answer(ASKED_AT - 20_000), { maxAgeSeconds: 0 })).toMatchObject({ kind: 'wrong' });
  });

  it('rejects records that were replaced before maxAge 0 was asked, or before their fetchedAt', () => {
    const replacedAt = (at: number): KnownLookup => lookupWithVersions(0, at);
    expect(check(answer(), { maxAgeSeconds: 0, lookup: replacedAt(ASKED_AT + 50) })).toMatchObject({ kind: 'right' });
    expect(check(answer(), { maxAgeSeconds: 0, lookup: replacedAt(ASKED_AT - 100) })).toMatchObject({ kind: 'wrong' });
    expect(check(answer(), { lookup: replacedAt(ASKED_AT - 30_000) })).toMatchObject({ kind: 'wrong' });
  });

  it('rejects records that are younger than the call', () => {
    expect(check(answer(), { lookup: lookupWithVersions(ASKED_AT + 3_000) })).toMatchObject({ kind: 'right' });
    expect(check(answer(), { lookup: lookupWithVersions(ASKED_AT + 10_000) })).toMatchObject({ kind: 'wrong' });
  });

  it('rejects an error if the replica has an answer that the caller accepts', () => {
    const cachedSentAt = (): number => ASKED_AT - 30_000;
    expect(check(failure(BUSY), { cachedSentAt })).toMatchObject({ kind: 'wrong' });
    expect(check(failure(BUSY), { cachedSentAt, maxAgeSeconds: 10 })).toMatchObject({ kind: 'error' });
    expect(check(failure(BUSY), { cachedSentAt: () => ASKED_AT - 70_000 })).toMatchObject({ kind: 'error' });
  });

  it('accepts only UPSTREAM_UNAVAILABLE and remembered failures without Redis', () => {
    const unavailable = failure({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(check(unavailable, { isRedisAway: true })).toMatchObject({ kind: 'error' });
    expect(check(failure(BUSY), { isRedisAway: true })).toMatchObject({ kind: 'wrong' });
  });
});

describe('monitor', () => {
  const overlap = { from: 20_000, to: 20_300, calls: 3 };
  const incident = (kind: Incident['kind'], from: number, to: number): Incident => ({ kind, target: 'x', from, to });

  it('finds the periods with more than two calls at once', () => {
    const requests = [call(0, 100), call(50, 150), call(60, 90), call(100, 200), call(150, null)];
    expect(findOverlaps(requests, 300)).toEqual([{ from: 60, to: 90, calls: 3 }]);
    expect(findOverlaps([call(0, 100), call(50, 150), call(100, 200)], 300)).toEqual([]);
  });

  it('allows an overlap of one call after a loss of Redis or a freeze beyond the lease', () => {
    const allowed = (...incidents: Incident[]): boolean => causeOf(overlap, incidents, 300) !== undefined;
    expect(allowed(incident('redis loss', 19_900, 19_900))).toBe(true);
    expect(allowed(incident('redis down', 15_000, 19_900))).toBe(true);
    expect(allowed(incident('freeze', 8_000, 19_500))).toBe(true);
    expect(allowed(incident('freeze', 15_000, 19_500))).toBe(false);
    expect(allowed(incident('kill', 19_900, 19_900))).toBe(false);
    expect(allowed(incident('redis loss', 10_000, 10_000))).toBe(false);
    expect(causeOf({ ...overlap, to: 25_000 }, [incident('redis loss', 19_900, 19_900)], 300)).toBeUndefined();
  });

  function call(receivedAt: number, endedAt: number | null): LoggedRequest {
    const lookup = { phone: '1', customerId: '', campaignId: '' };
    const fields = { page: 'campaign', method: 'GET', api: 'find_record', outcome: 'match', status: 200 } as const;
    return { ...fields, lookup, receivedAt, endedAt };
  }
});

describe('workload', () => {
  const workload = createWorkload(createSimulator(), 1);

  it('gives cold lookups that differ and have an answer', () => {
    const cold = Array.from({ length: 4_000 }, () => workload.cold());
    expect(new Set(cold.map(({ criteria }) => JSON.stringify(criteria))).size).toBeGreaterThan(3_900);
    expect(cold.slice(0, 200).every((lookup) => lookup.versions()[0]?.records !== '')).toBe(true);
  });

  it('gives hot lookups a new version when a person is dialled', () => {
    const hot = Array.from({ length: 200 }, () => workload.hot());
    const before = hot.map((lookup) => lookup.versions().length);
    for (let dials = 0; dials < 20; dials += 1) workload.dial();
    expect(hot.some((lookup, index) => lookup.versions().length > (before[index] ?? 0))).toBe(true);
  });
});
