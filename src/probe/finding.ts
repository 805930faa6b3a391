import type { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import type { Calls } from './calls.js';

/** The settings of the service that the answers concern, as they are now. */
export interface ServiceSettings {
  /** Calls a day; undefined: the limit that Wolkvox names. */
  readonly dailyLimit: number | undefined;
  readonly quotaSyncMs: number;
  readonly searchesAllCampaigns: boolean;
  readonly countryCode: string | undefined;
  readonly staleAfterMs: number;
  readonly callTimeoutMs: number;
}

export interface ProbeContext {
  readonly calls: Calls;
  /** A person who is in a campaign, as far as they were given. */
  readonly given: Partial<Lookup>;
  /** A phone and a customer id that nobody has. */
  readonly nobody: { readonly phone: string; readonly customerId: string };
  readonly settings: ServiceSettings;
  /** The country code that is put before numbers, and looked for before stored ones. */
  readonly countryCode: string;
  /** The findings of the earlier questions, by their ids. */
  readonly findings: ReadonlyMap<string, Finding>;
}

export type Verdict = 'as assumed' | 'different' | 'unclear' | 'skipped' | 'not asked';

/** The answer to a question. Its texts are those of this project, with numbers: nothing of a person. */
export interface Finding {
  readonly verdict: Verdict;
  /** What is known now, or why nothing is. */
  readonly known: string;
  readonly settings?: readonly SettingChange[];
}

/** A setting of the service to change. */
export interface SettingChange {
  readonly name: string;
  /** The new value; empty: remove the setting; null: only the owner of the account knows it. */
  readonly value: string | null;
  readonly reason: string;
}

export interface Question {
  readonly id: string;
  readonly question: string;
  /** What the service assumes today. */
  readonly assumed: string;
  /** The files that assume it. */
  readonly where: string;
  /** The calls that it sends at most. An equal call of an earlier question is not sent again. */
  readonly calls: (given: Partial<Lookup>) => number;
  /** Which option must be given and is not; undefined: none. */
  readonly missing: (given: Partial<Lookup>) => string | undefined;
  /** @throws LookupFailure if the probe must end */
  readonly ask: (context: ProbeContext) => Promise<Finding>;
}

/** Questions about one known person. */
export function needsPerson({ phone, customerId }: Partial<Lookup>): string | undefined {
  return phone === undefined && customerId === undefined ? 'It needs --customer-id or --phone.' : undefined;
}

export function needsNothing(): undefined {
  return undefined;
}

export function skipped(known: string): Finding {
  return { verdict: 'skipped', known };
}

/** "1 record", "2 records" */
export function count(amount: number, what: string): string {
  return `${amount.toLocaleString('en')} ${what}${amount === 1 ? '' : 's'}`;
}

/** The code and the message of a failure, and what came. Nothing of Wolkvox's texts. */
export function describe({ code, message, facts }: LookupFailure): string {
  const { httpStatus, envelopeCode, networkCode, detail } = facts;
  const parts = [
    httpStatus === undefined ? undefined : `HTTP ${httpStatus}`,
    envelopeCode === undefined ? undefined : `code ${envelopeCode}`,
    networkCode,
    detail,
  ].filter((part) => part !== undefined);
  return `${code}: ${message}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}
