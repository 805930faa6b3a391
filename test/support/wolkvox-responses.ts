import { Readable } from 'node:stream';
import { readAnswer } from '../../src/wolkvox/wire.js';
import type { ReadOptions } from '../../src/wolkvox/wire.js';
import type { CampaignRecord } from '../../src/records/record.js';
import { WolkvoxFailure } from '../../src/wolkvox/failure.js';

/** Answers of Wolkvox as tests write them: a row, an envelope, a response. Everybody in them is invented. */

export const OPTIONS: ReadOptions = {
  lookup: { campaignId: '1234' },
  zone: 'UTC-05:00',
  maxRecords: 1000,
  maxBytes: 10_000_000,
};

/** The newer shape of 35 columns. */
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

export function envelopeOf(data: unknown, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ code: '200', error: null, msg: '1 records were found', data, ...more });
}

export interface ResponseParts {
  readonly status?: number;
  readonly headers?: Record<string, string | string[] | undefined>;
  /** One text or buffer, or the chunks in which it comes. */
  readonly body?: string | Uint8Array | Iterable<Uint8Array>;
}

export function bodyOf(body: string | Uint8Array | Iterable<Uint8Array>): Readable {
  if (typeof body === 'string') return Readable.from([Buffer.from(body)]);
  return Readable.from(body instanceof Uint8Array ? [Buffer.from(body)] : body, { objectMode: false });
}

export async function read(parts: ResponseParts, options: Partial<ReadOptions> = {}): Promise<CampaignRecord[]> {
  const body = bodyOf(parts.body ?? '');
  const records = await readAnswer(
    { statusCode: parts.status ?? 200, headers: parts.headers ?? {}, body },
    { ...OPTIONS, ...options },
  );
  if (!body.destroyed) throw new Error('The body was left dangling.');
  return records;
}

/** The failure that reading ends in; the test fails where there is none, or another error. */
export async function failureOf(parts: ResponseParts, options: Partial<ReadOptions> = {}): Promise<WolkvoxFailure> {
  const body = bodyOf(parts.body ?? '');
  const response = { statusCode: parts.status ?? 200, headers: parts.headers ?? {}, body };
  const outcome: unknown = await readAnswer(response, { ...OPTIONS, ...options }).catch((error: unknown) => error);
  if (!(outcome instanceof WolkvoxFailure)) throw new Error('Expected a WolkvoxFailure.', { cause: outcome });
  if (!body.destroyed) throw new Error('The body was left dangling.');
  return outcome;
}
