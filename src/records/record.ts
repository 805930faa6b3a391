/** What a call to a record ended with, in one fixed spelling. `OTHER` stands for a text of Wolkvox that is not known here. */
export const CALL_OUTCOMES = [
  'ABANDON',
  'ANSWER',
  'ANSWER_MACHINE',
  'BUSY',
  'CHANUNAVAIL',
  'CLEAN',
  'CONGESTION',
  'DO_NOT_CALL',
  'FAILED',
  'FAX',
  'MAILBOX',
  'NOT_AVAILABLE',
  'NO_ANSWER',
  'OTHER',
  'RPC',
  'UNKNOWN',
  'WRONG_NUMBER',
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** A filled telephone column: `position` 1 to 10 of tel1 to tel10, `number` as Wolkvox stores it (dial prefix included). */
export interface Phone {
  readonly position: number;
  readonly number: string;
}

/** Where the person lives, as far as the account fills it. At least one field is not null. */
export interface Address {
  readonly country: string | null;
  readonly state: string | null;
  readonly city: string | null;
  readonly zone: string | null;
  readonly address: string | null;
}

/**
 * One person's place in one campaign. Every empty value of Wolkvox is null here. Plain JSON, so that a cache may keep it.
 */
export interface CampaignRecord {
  readonly campaignId: string;
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerLastName: string | null;
  /** opt1 to opt12 in order, always twelve. */
  readonly opts: readonly (string | null)[];
  readonly phones: readonly Phone[];
  readonly address: Address | null;
  /** The last call's instant, RFC 3339 with the account's offset: `2026-11-20T09:30:00-05:00`. Null: not dialled yet. */
  readonly date: string | null;
  readonly calls: number | null;
  readonly connId: string | null;
  /** Wolkvox's own text. */
  readonly result: string | null;
  /** `result` in one spelling; null where `result` is. */
  readonly outcome: CallOutcome | null;
}
