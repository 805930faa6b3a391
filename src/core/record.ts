/** How a call to the person of a record ended. `OTHER` means that Wolkvox sent a text which is not in this list. */
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

/** A telephone column that is not empty. */
export interface CampaignPhone {
  /** 1 to 10, for tel1 to tel10. */
  readonly position: number;
  /** As Wolkvox stores it, with its dial prefix if it has one. */
  readonly number: string;
}

/** The address of the person, as far as the campaign's list has it. At least one field is not null. */
export interface CampaignAddress {
  readonly country: string | null;
  readonly state: string | null;
  readonly city: string | null;
  readonly zone: string | null;
  readonly address: string | null;
}

/** One entry of a campaign's list: a person and the calls to them. Empty values of Wolkvox are null. Plain JSON. */
export interface CampaignRecord {
  readonly campaignId: string;
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerLastName: string | null;
  /** opt1 to opt12 in order, always twelve. */
  readonly opts: readonly (string | null)[];
  readonly phones: readonly CampaignPhone[];
  readonly address: CampaignAddress | null;
  /** Time of the last call, RFC 3339 with the account's offset: `2026-11-20T09:30:00-05:00`. Null: not dialled yet. */
  readonly date: string | null;
  readonly calls: number | null;
  /** Wolkvox's id of the last call. */
  readonly connId: string | null;
  /** The result of the last call in Wolkvox's own words. */
  readonly result: string | null;
  /** `result` as one of `CALL_OUTCOMES`; null if `result` is null. */
  readonly outcome: CallOutcome | null;
}
