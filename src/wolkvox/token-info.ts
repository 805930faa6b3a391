import type { QuotaFigures } from '../core/limits.js';
import { readRows } from './answer.js';
import type { WolkvoxResponse } from './body.js';
import type { Row } from './columns.js';
import { malformed } from './failure.js';

/** One row of five short columns has some 200 bytes. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads the answer of `token_info`. Its columns are documented; all values are texts (seen), sometimes blank (seen).
 * `data` is a list with one row, or that row itself (assumed). The calls of a day belong to the account, and all its
 * tokens share them (documented), so the larger of the two counts of the day is the one that matters.
 *
 * A value that is blank or no whole number is undefined, and so is a limit of 0, which no account can have.
 *
 * @throws LookupFailure as `readRows`
 */
export async function readTokenInfo(response: WolkvoxResponse): Promise<QuotaFigures> {
  const rows: Row[] = [];
  await readRows(response, {
    maxBytes: MAX_BYTES,
    tooManyBytes: () => malformed('the answer is too long'),
    onRow: (row) => void rows.push(row),
    acceptsOneRow: true,
  });
  const count = (column: string): number | undefined => readCount(rows[0]?.[column]);
  const limit = count('token_limit');
  const used = Math.max(count('token_use_today') ?? -1, count('all_token_today') ?? -1);
  return { limit: limit === 0 ? undefined : limit, used: used < 0 ? undefined : used };
}

/** A whole number of at most nine digits, as a text or a number. */
function readCount(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
