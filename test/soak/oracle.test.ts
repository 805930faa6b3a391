import { describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/simulator/server.js';
import { judge } from './oracle.js';
import type { Circumstances, Verdict } from './oracle.js';
import { createQuestions } from './workload.js';
import type { Known } from './workload.js';

const ASKED_AT = Date.parse('2026-11-23T12:00:00Z');
const CIRCUMSTANCES: Circumstances = {
  ...{ askedAt: ASKED_AT, receivedAt: ASKED_AT + 200, keptMs: 60_000, callMs: 3_000 },
  ...{ wasSpoiled: () => false, wasFlooded: false },
};

/** A question whose right answer is a list of one record, with that record as the graph would give it. */
const RECORD = {
  ...{ campaignId: '1', customerId: '20', customerName: 'Ana', customerLastName: 'Ruiz', date: null, calls: 0 },
  ...{ opts: [{ value: null }], phones: [{ position: 1, number: '3070000000' }], connId: null, result: 'CLEAN' },
};
const TEXT = JSON.stringify(['1', '20', 'Ana', 'Ruiz', [null], ['1:3070000000'], null, 0, null, 'CLEAN']);
const BLANKED = JSON.stringify(['1', '20', null, null, [null], ['1:3070000000'], null, null, null, null]);

function known(...since: readonly number[]): Known {
  return {
    question: { customerId: '20' },
    versions: () =>
      since.map((instant, index) => ({
        ...{ since: instant, blanked: BLANKED },
        records: index === 0 ? TEXT : `${TEXT} dialled ${index} times`,
      })),
  };
}

function judged(
  response: unknown,
  circumstances: Partial<Circumstances> = {},
  question = known(0),
  maxAgeSeconds?: number,
): Verdict | undefined {
  const body = typeof response === 'string' ? response : JSON.stringify(response);
  const asked = [{ known: question, path: ['a0'], maxAgeSeconds }];
  return judge(asked, { status: 200, body }, { ...CIRCUMSTANCES, ...circumstances })[0];
}

function answer(fetchedAt = ASKED_AT + 100, record: object = RECORD): object {
  return { data: { a0: [{ ...record, fetchedAt: new Date(fetchedAt).toISOString() }] } };
}

function failure(code: string, retryable: boolean): object {
  return { data: { a0: null }, errors: [{ message: 'x', path: ['a0'], extensions: { code, retryable } }] };
}

describe('The judge of the trials', () => {
  it('lets the right records pass, however they were kept', () => {
    expect(judged(answer())).toMatchObject({ kind: 'right' });
    expect(judged(answer(ASKED_AT - 50_000))).toMatchObject({ kind: 'right' });
  });

  it('lets a contract code pass as a clear error, with its own word on asking again only', () => {
    expect(judged(failure('UPSTREAM_BUSY', true))).toEqual({ kind: 'error', code: 'UPSTREAM_BUSY' });
    expect(judged(failure('UPSTREAM_BUSY', false))).toMatchObject({ kind: 'wrong' });
    expect(judged(failure('INTERNAL_SERVER_ERROR', false))).toMatchObject({ kind: 'wrong' });
  });

  it.each([
    ['another record', answer(ASKED_AT, { ...RECORD, customerLastName: 'Rueda' })],
    ['no record', { data: { a0: [] } }],
    [
      'a record too many',
      { data: { a0: [...Array<object>(2)].map(() => ({ ...RECORD, fetchedAt: '2026-11-23T12:00:00Z' })) } },
    ],
    ['null without an error', { data: { a0: null } }],
    [
      'an error beside the records',
      { ...answer(), errors: [{ path: ['a0'], extensions: { code: 'UPSTREAM_BUSY', retryable: true } }] },
    ],
    ['a body that is no JSON', '<html>'],
    ['an answer older than any that may be kept', answer(ASKED_AT - 70_000)],
    ['a fetchedAt that is still to come', answer(ASKED_AT + 10_000)],
    ['RESULT_TOO_LARGE for a small answer', failure('RESULT_TOO_LARGE', false)],
  ])('finds %s wrong', (_title, response) => {
    expect(judged(response)).toMatchObject({ kind: 'wrong' });
  });

  it('finds blanks wrong, but where Wolkvox itself had left the words out', () => {
    const blanks = { customerName: null, customerLastName: null, calls: null, result: null };
    const response = answer(ASKED_AT, { ...RECORD, ...blanks });
    expect(judged(response)).toMatchObject({ kind: 'wrong' });
    expect(judged(response, { wasSpoiled: () => true })).toEqual({ kind: 'spoiled' });
  });

  it('finds an answer of before the question wrong where maxAge was 0', () => {
    expect(judged(answer(), {}, known(0, ASKED_AT + 50), 0)).toMatchObject({ kind: 'right' });
    expect(judged(answer(), {}, known(0, ASKED_AT - 50), 0)).toMatchObject({ kind: 'wrong' });
    expect(judged(answer(ASKED_AT - 20_000), {}, known(0), 0)).toMatchObject({ kind: 'wrong' });
  });

  it('finds data wrong that had been replaced long before their fetchedAt', () => {
    expect(judged(answer(), {}, known(0, ASKED_AT - 30_000))).toMatchObject({ kind: 'wrong' });
  });
});

describe('The questions of the trials', () => {
  it('know what the simulator answers, before and after somebody is dialled', () => {
    const simulator = createSimulator();
    const questions = createQuestions(simulator, 1);
    const hot = Array.from({ length: 200 }, () => questions.hot());
    const before = hot.map((one) => one.versions().length);
    for (let times = 0; times < 20; times += 1) questions.dial();
    expect(hot.some((one, index) => one.versions().length > (before[index] ?? 0))).toBe(true);
  });

  it('are never the same twice where they are cold, nor without an answer', () => {
    const questions = createQuestions(createSimulator(), 1);
    const cold = Array.from({ length: 4_000 }, () => questions.cold());
    expect(new Set(cold.map(({ question }) => JSON.stringify(question))).size).toBeGreaterThan(3_900);
    expect(cold.slice(0, 200).every((one) => one.versions()[0]?.records !== '')).toBe(true);
  });
});
