import type { FailureKind, LookupFailure } from '../core/failure.js';
import { summarize } from './account-questions.js';
import { describe, type Finding, type SettingChange } from './finding.js';
import { QUESTIONS } from './questions.js';

/** What the JSON file has. It holds nothing of a person and no secret. */
export interface Report {
  readonly version: string;
  /** When the probe began, RFC 3339. */
  readonly startedAt: string;
  readonly upstream: 'account' | 'simulator';
  readonly ended:
    'complete' | 'stopped' | { readonly code: string; readonly kind: FailureKind; readonly advice: string };
  readonly calls: { readonly made: number; readonly atMost: number };
  /** Of the lookups that were answered, in milliseconds; null: there are none. */
  readonly durationsMs: NonNullable<ReturnType<typeof summarize>> | null;
  readonly settings: readonly SettingChange[];
  readonly questions: readonly ReportedQuestion[];
}

interface ReportedQuestion extends Omit<Finding, 'settings'> {
  readonly id: string;
  readonly question: string;
  readonly assumed: string;
  readonly where: string;
}

export interface ReportInput extends Pick<Report, 'version' | 'startedAt' | 'upstream' | 'calls'> {
  readonly findings: ReadonlyMap<string, Finding>;
  readonly failure: LookupFailure | undefined;
  readonly durationsMs: readonly number[];
}

export function createReport({ findings, failure, durationsMs, ...facts }: ReportInput): Report {
  const changes = QUESTIONS.flatMap(({ id }) => findings.get(id)?.settings ?? []);
  return {
    ...facts,
    ended: endOf(failure),
    durationsMs: summarize(durationsMs) ?? null,
    // The first question that names a setting has seen the most of it.
    settings: changes.filter(({ name }, index) => changes.findIndex((change) => change.name === name) === index),
    questions: QUESTIONS.flatMap(({ id, question, assumed, where }) => {
      const finding = findings.get(id);
      return finding === undefined
        ? []
        : [{ id, question, assumed, where, verdict: finding.verdict, known: finding.known }];
    }),
  };
}

/** The report as text: what is known beside what is assumed, and the settings to change. */
export function formatReport({ questions, settings, calls, ended, upstream }: Report): string {
  const answers = questions.map(({ question, assumed, known, verdict, where }, index) =>
    [
      `${String(index + 1).padStart(2)}. ${question}`,
      `      assumed  ${assumed} [${where}]`,
      `      known    ${known}`,
      `      result   ${verdict}`,
    ].join('\n'),
  );
  const changes = settings.map(({ name, value, reason }) => `  ${nameChange(name, value)}\n      ${reason}`);
  return [
    ...answers,
    changes.length === 0 ? 'Settings to change: none.' : `Settings to change:\n${changes.join('\n')}`,
    ...(upstream === 'simulator' ? ['These answers are those of the simulator. They say nothing about Wolkvox.'] : []),
    `Calls made: ${calls.made} of at most ${calls.atMost}. ${nameEnd(ended)}`,
  ].join('\n\n');
}

/** What a failure means and what to do. */
export function explain(failure: LookupFailure): string {
  return `${describe(failure)}\n${adviceFor(failure)}`;
}

function endOf(failure: LookupFailure | undefined): Report['ended'] {
  if (failure === undefined) return 'complete';
  if (failure.kind === 'abandoned') return 'stopped';
  return { code: failure.code, kind: failure.kind, advice: adviceFor(failure) };
}

function nameEnd(ended: Report['ended']): string {
  if (ended === 'complete') return 'All questions were asked that could be.';
  return ended === 'stopped' ? 'The probe was stopped.' : `The probe ended early: ${ended.code} (${ended.kind}).`;
}

function nameChange(name: string, value: string | null): string {
  if (value === null) return `${name}=…`;
  return value === '' ? `remove ${name}` : `${name}=${value}`;
}

/** What the owner of the account can do about a failure that ends the probe. */
const ADVICE: Partial<Readonly<Record<FailureKind, string>>> = {
  token: 'Check WOLKVOX_TOKEN and WOLKVOX_SERVER, or create a new token in Wolkvox.',
  quota: "The account's calls of the day are used up. Repeat the probe on the next day (GMT-5).",
  simultaneous: 'Another program uses the token, perhaps the service. Repeat the probe while nothing else runs.',
  throttled: 'Repeat the probe later, while nothing else uses the account.',
  maintenance: 'Wolkvox makes backups at night. Repeat the probe later.',
  'not-connected':
    'Check WOLKVOX_SERVER, HTTPS_PROXY and the network. If the account accepts listed IP addresses only, list the one of this machine.',
  request: 'Check WOLKVOX_SERVER, and WOLKVOX_BASE_URL if it is set: the address does not seem to be that of the API.',
  connection:
    'If the account accepts listed IP addresses only, list the one of this machine. Otherwise repeat the probe.',
};

function adviceFor({ kind, code }: LookupFailure): string {
  return ADVICE[kind] ?? `Repeat the probe later. docs/errors.md explains ${code}.`;
}
