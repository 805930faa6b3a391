import { Readable } from 'node:stream';
import { LookupFailure, type FailureKind } from '../../src/core/failure.js';
import type { CampaignRecord } from '../../src/core/record.js';
import { readAnswer, type ReadOptions } from '../../src/wolkvox/answer.js';

// Parts of Wolkvox's answers: a row, an envelope, a response. All people in them are invented.

export const OPTIONS: ReadOptions = {
  lookup: { campaignId: '1234' },
  zone: 'UTC-05:00',
  maxRecords: 1000,
  maxBytes: 10_000_000,
};

/** A row of the newer shape, with 35 columns. */
export function rowOf(columns: Record<string, unknown> = {}): Record<string, unknown> {
  const opts = Array.from({ length: 12 }, (_, index) => [`opt${index + 1}`, '']);
  const phones = Array.from({ length: 10 }, (_, index) => [`tel${index + 1}`, '']);
  return {
    customer_name: 'Lucía',
    customer_last_name: 'Peñaranda',
    customer_id: '52000111',
    ...(Object.fromEntries([...opts, ...phones]) as Record<string, unknown>),
    tel1: '573005550101',
    country: '',
    state: '',
    city: '',
    zone: '',
    address: '',
    date: '2026-11-20 09:30:00',
    calls: '2',
    conn_id: '12462.0277.1782402643.44005',
    result: 'ANSWER',
    campaign_id: '1234',
    ...columns,
  };
}

/** The text of a successful answer. */
export function envelopeOf(data: unknown, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ code: '200', error: null, msg: '1 records were found', data, ...more });
}

export interface ResponseParts {
  readonly status?: number;
  readonly headers?: Record<string, string | string[] | undefined>;
  /** One text or buffer, or the chunks that it arrives in. */
  readonly body?: string | Uint8Array | Iterable<Uint8Array>;
}

export function bodyOf(body: string | Uint8Array | Iterable<Uint8Array>): Readable {
  if (typeof body === 'string') return Readable.from([Buffer.from(body)]);
  return Readable.from(body instanceof Uint8Array ? [Buffer.from(body)] : body, { objectMode: false });
}

/** Responses that every api of Wolkvox may give, and the kinds of failure that they are. */
export const FAILED_RESPONSES: readonly (readonly [FailureKind, ResponseParts])[] = [
  ['quota', { status: 403, body: '{"code":"403","msg":"TOKEN LIMIT EXCEEDED"}' }],
  ['quota', { body: '{"code":"403","msg":"TOKEN LIMIT EXCEEDED"}' }],
  ['token', { status: 403, body: '{"code":"403","msg":"PLEASE VALIDATE TOKEN"}' }],
  ['maintenance', { status: 403 }],
  ['request', { status: 404, body: '<html></html>' }],
  ['server', { status: 503, body: '<html></html>' }],
  ['malformed', { body: '<html></html>' }],
  ['malformed', { body: '{"code":"200","data":"x"}' }],
];

/** Reads a response. */
export async function read(parts: ResponseParts, options: Partial<ReadOptions> = {}): Promise<CampaignRecord[]> {
  const body = bodyOf(parts.body ?? '');
  const records = await readAnswer(
    { statusCode: parts.status ?? 200, headers: parts.headers ?? {}, body },
    { ...OPTIONS, ...options },
  );
  if (!body.destroyed) throw new Error('The body is neither read to its end nor destroyed.');
  return records;
}

/** The failure that reading ends with. It is an error if there is none, or another error. */
export async function failureOf(parts: ResponseParts, options: Partial<ReadOptions> = {}): Promise<LookupFailure> {
  const body = bodyOf(parts.body ?? '');
  const response = { statusCode: parts.status ?? 200, headers: parts.headers ?? {}, body };
  const outcome: unknown = await readAnswer(response, { ...OPTIONS, ...options }).catch((error: unknown) => error);
  if (!(outcome instanceof LookupFailure)) throw new Error('Expected a LookupFailure.', { cause: outcome });
  if (!body.destroyed) throw new Error('The body is neither read to its end nor destroyed.');
  return outcome;
}
