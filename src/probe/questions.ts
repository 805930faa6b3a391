import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import { COST, FIGURES, LATENCY, TOKEN } from './account-questions.js';
import { DATES, FORM, TIME_ZONE } from './answer-questions.js';
import { describe, type Finding, type ProbeContext, type Question } from './finding.js';
import { UnreadableAnswer } from './person.js';
import { BARE_FINDS_PREFIXED, OTHER_PHONES, PREFIXED_FINDS_BARE } from './phone-questions.js';
import { ALL_CAMPAIGNS, NO_MATCH, PHONE_AND_ID, ROWS } from './search-questions.js';

/** In this order. The first one ends the probe if Wolkvox refuses the token, the last one compares the figures. */
export const QUESTIONS: readonly Question[] = [
  TOKEN,
  FIGURES,
  NO_MATCH,
  ROWS,
  ALL_CAMPAIGNS,
  PHONE_AND_ID,
  OTHER_PHONES,
  BARE_FINDS_PREFIXED,
  PREFIXED_FINDS_BARE,
  FORM,
  DATES,
  TIME_ZONE,
  LATENCY,
  COST,
];

/** The most calls that the questions send. */
export function countCalls(given: Partial<Lookup>): number {
  return QUESTIONS.filter(({ missing }) => missing(given) === undefined).reduce(
    (sum, { calls }) => sum + calls(given),
    0,
  );
}

/** The questions that cannot be asked, and which option each of them needs. */
export function questionsWithoutOption(
  given: Partial<Lookup>,
): { readonly question: string; readonly needs: string }[] {
  return QUESTIONS.flatMap(({ question, missing }) => {
    const needs = missing(given);
    return needs === undefined ? [] : [{ question, needs }];
  });
}

export interface Outcome {
  /** By the ids of the questions; every question has one. */
  readonly findings: ReadonlyMap<string, Finding>;
  /** What ended the probe early; undefined: nothing did. */
  readonly failure: LookupFailure | undefined;
}

/** Asks all questions, one after the other. A failure that every further call would meet ends the probe. */
export async function askQuestions(
  context: Omit<ProbeContext, 'findings'>,
  onQuestion: (question: Question) => void,
): Promise<Outcome> {
  const findings = new Map<string, Finding>();
  let failure: LookupFailure | undefined;
  for (const question of QUESTIONS) {
    const needs = question.missing(context.given);
    if (failure !== undefined) {
      findings.set(question.id, NOT_ASKED);
    } else if (needs !== undefined) {
      findings.set(question.id, { verdict: 'skipped', known: needs });
    } else {
      onQuestion(question);
      try {
        findings.set(question.id, await question.ask({ ...context, findings }));
      } catch (error) {
        if (error instanceof UnreadableAnswer) {
          findings.set(question.id, { verdict: 'unclear', known: describe(error.failure) });
        } else if (error instanceof LookupFailure) {
          failure = error;
          findings.set(question.id, NOT_ASKED);
        } else throw error;
      }
    }
  }
  return { findings, failure };
}

/** The outcome before the first call: that of a probe that is stopped at once. */
export function notBegun(): Outcome {
  return {
    findings: new Map(QUESTIONS.map(({ id }) => [id, NOT_ASKED])),
    failure: new LookupFailure('abandoned'),
  };
}

const NOT_ASKED: Finding = { verdict: 'not asked', known: 'The probe ended before the answer.' };
