import { hash, hkdfSync } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Answer } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import { readLookup, type Criteria, type Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import { createAesSiv, type AesSiv } from './aes-siv.js';

/** The first character of every id. A future format has another one. */
const VERSION = '2';
/** Plaintexts are padded to a multiple of this, so that the length of an id reveals nothing about its content. */
const BLOCK_BYTES = 32;

/** The ids whose content is cached, because to decrypt one takes about 7 µs. One takes about half a kilobyte. */
const MAX_CACHED_IDS = 5_000;

/** The content of a record id. */
export interface RecordReference {
  /** A lookup whose answer holds the record. */
  readonly lookup: Lookup;
  /** Identifies the record among those of all answers. */
  readonly fingerprint: string;
}

export interface RecordIds {
  /** The id of the record at `index` of an answer. */
  idOf(answer: Answer, index: number): string;
  /**
   * A text for each record of an answer. A record has the same one in every answer, and after every call to the person.
   */
  fingerprintsOf(answer: Answer): readonly string[];
  /** The reference that an id holds; undefined if it is not an id made with one of the secrets. Takes any value. */
  read(id: unknown): RecordReference | undefined;
  /** Drops the cached contents of ids. They hold personal data. */
  clear(): void;
}

/**
 * Opaque ids of records, because Wolkvox gives them none.
 *
 * An id holds a fingerprint of the record and a lookup that finds it again, encrypted with AES-SIV (RFC 5297). The
 * encryption is deterministic, so a record has the same id on every replica; without the secret an id can be neither
 * read nor forged. The fingerprint covers the fields that a call to the person does not change: campaign, customer id,
 * names, opts and phones. Every lookup selects by some of these, so records with equal fingerprints are always in the
 * same answers, and are told apart by their order there.
 *
 * A record without a campaign, because Wolkvox left it out, has another fingerprint if a lookup of its campaign found
 * it. Its id then has the campaign in its lookup, so that it is found again in the same way.
 *
 * @param secrets the first one encrypts ids; all of them decrypt ids, so that a secret can be replaced. At least one.
 * @param countryCode as in `readLookup`
 */
export function createRecordIds(secrets: readonly string[], countryCode?: string): RecordIds {
  const ciphers = secrets.map(createCipher);
  const [writeCipher] = ciphers;
  if (writeCipher === undefined) throw new RangeError('createRecordIds needs at least one secret; got none.');
  const idsOf = new WeakMap<Answer, (string | undefined)[]>();
  const fingerprints = new WeakMap<Answer, readonly string[]>();
  const references = new LRUCache<string, RecordReference>({ max: MAX_CACHED_IDS });
  const fingerprintsOf = (answer: Answer): readonly string[] =>
    getOrCreate(fingerprints, answer, () => fingerprintAll(answer.records));

  return {
    fingerprintsOf,
    idOf(answer, index) {
      const ids = getOrCreate(idsOf, answer, () => []);
      const record = answer.records[index];
      const fingerprint = fingerprintsOf(answer)[index];
      if (record === undefined || fingerprint === undefined) {
        throw new RangeError(`The index must be below ${answer.records.length}; got ${index}.`);
      }
      return (ids[index] ??= encrypt(writeCipher, { fingerprint, lookup: lookupOf(record, countryCode) }));
    },

    read(id) {
      if (typeof id !== 'string' || id.length > MAX_ID_LENGTH) return undefined;
      const known = references.get(id);
      if (known !== undefined) return known;
      const content = decrypt(ciphers, id);
      if (content === undefined || Object.keys(content.lookup).length === 0) return undefined;
      references.set(id, content);
      return content;
    },

    clear: () => references.clear(),
  };
}

/** An id with the longest criteria has less than half of it. */
const MAX_ID_LENGTH = 2_000;

interface IdContent {
  readonly fingerprint: string;
  /** Without criteria: no lookup can find the record. */
  readonly lookup: Lookup;
}

/** What an id encrypts, as JSON. */
type EncodedContent = readonly [
  fingerprint: string,
  campaignId: string | null,
  customerId: string | null,
  phone: string | null,
];

function createCipher(secret: string): AesSiv {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'wolkvox record id 1', 64));
  return createAesSiv(key, Buffer.from(VERSION));
}

function encrypt(cipher: AesSiv, { fingerprint, lookup }: IdContent): string {
  const { campaignId = null, customerId = null, phone = null } = lookup;
  const text = JSON.stringify([fingerprint, campaignId, customerId, phone]);
  const bytes = Buffer.byteLength(text);
  const spaces = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES - bytes;
  return VERSION + cipher.seal(Buffer.from(text + ' '.repeat(spaces))).toString('base64url');
}

function decrypt(ciphers: readonly AesSiv[], id: string): IdContent | undefined {
  const sealed = Buffer.from(id.slice(VERSION.length), 'base64url');
  // Decoders of base64url skip unknown characters, so one id could have many spellings. Only the canonical one is read.
  if (id !== VERSION + sealed.toString('base64url')) return undefined;
  for (const cipher of ciphers) {
    const opened = cipher.open(sealed);
    if (opened === undefined) continue;
    // The text is authentic, so `encrypt` wrote it.
    const [fingerprint, campaignId, customerId, phone] = JSON.parse(opened.toString()) as EncodedContent;
    return {
      fingerprint,
      lookup: {
        ...(campaignId === null ? {} : { campaignId }),
        ...(customerId === null ? {} : { customerId }),
        ...(phone === null ? {} : { phone }),
      },
    };
  }
  return undefined;
}

/** The fingerprints of an answer's records. Equal records get a number, in the order of the answer. */
function fingerprintAll(records: readonly CampaignRecord[]): readonly string[] {
  const counts = new Map<string, number>();
  return records.map((record) => {
    const fingerprint = fingerprintOf(record);
    const count = counts.get(fingerprint) ?? 0;
    counts.set(fingerprint, count + 1);
    return count === 0 ? fingerprint : `${fingerprint}.${count}`;
  });
}

function fingerprintOf({
  campaignId,
  customerId,
  customerName,
  customerLastName,
  opts,
  phones,
}: CampaignRecord): string {
  const numbers = phones.map(({ position, number }) => [position, number]);
  const identity = JSON.stringify([campaignId, customerId, customerName, customerLastName, opts, numbers]);
  return hash('sha256', identity, 'base64url').slice(0, 12);
}

/**
 * A lookup that finds the record again: by its customer id, else by a phone, in its campaign; else by its campaign
 * alone.
 *
 * @returns no criteria if none of the record's values is a valid one
 */
function lookupOf({ campaignId, customerId, phones }: CampaignRecord, countryCode: string | undefined): Lookup {
  const find = (person: Criteria): Lookup | undefined =>
    tryReadLookup({ ...person, campaignId }, countryCode) ?? tryReadLookup(person, countryCode);
  if (isGiven(customerId)) {
    const lookup = find({ customerId });
    if (lookup !== undefined) return lookup;
  }
  for (const { number } of phones) {
    const lookup = isGiven(number) ? find({ phone: number }) : undefined;
    if (lookup !== undefined) return lookup;
  }
  return tryReadLookup({ campaignId }, countryCode) ?? {};
}

/** Undefined: a value is not a valid criterion, such as a phone of four digits, or all are blank. */
function tryReadLookup(criteria: Criteria, countryCode: string | undefined): Lookup | undefined {
  try {
    return readLookup(criteria, countryCode);
  } catch (error) {
    if (error instanceof LookupFailure) return undefined;
    throw error;
  }
}

function isGiven(text: string | null): boolean {
  return text !== null && text.trim() !== '';
}

function getOrCreate<Key extends object, Value>(map: WeakMap<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
