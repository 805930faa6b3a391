import { createHash, hkdfSync } from 'node:crypto';
import { aessiv } from '@noble/ciphers/aes.js';
import { LookupFailure } from '../records/failure.js';
import { readLookup, type Criteria, type Lookup } from '../records/lookup.js';
import type { CampaignRecord } from '../records/record.js';
import type { Answer } from '../records/source.js';

/** First character of every id; another way of making ids takes another one. */
const VERSION = '1';
/** Plaintexts are padded to a multiple of this, so that an id's length tells nothing of what it hides. */
const BLOCK_BYTES = 32;

/** What an id hides: how to ask for the record, and which of the answer's records it is. */
export interface RecordReference {
  readonly lookup: Lookup;
  /** The record's index in an answer to that lookup; -1 where it is not among them any more. */
  locate(answer: Answer): number;
}

export interface RecordIds {
  /** The id of the record at `index` of an answer. */
  idOf(answer: Answer, index: number): string;
  /** What an id refers to; undefined where it was not made here with the same secret. A representation may hold anything as its id. */
  read(id: unknown): RecordReference | undefined;
}

/**
 * Opaque ids of records, for Wolkvox gives none.
 *
 * A record is known by what dialling does not change: its campaign, customer id, name, opt columns and telephones. All by which a
 * question may select is among these, so records that are alike in them are in the same answers, and are counted in their order. The id holds
 * that, and the question that finds the record again, under AES-SIV (RFC 5297): the same record has the same id on every replica, and
 * nothing can be read from it or made up without the secret.
 */
export function createRecordIds(secret: string): RecordIds {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'wolkvox record id 1', 64));
  const version = new TextEncoder().encode(VERSION);
  const idsOf = new WeakMap<Answer, (string | undefined)[]>();
  const fingerprintsOf = new WeakMap<Answer, readonly string[]>();

  return {
    idOf(answer, index) {
      const ids = remembered(idsOf, answer, () => []);
      return (ids[index] ??= write(answer, index));
    },

    read(id) {
      const hidden = typeof id === 'string' ? open(id) : undefined;
      if (hidden === undefined) return undefined;
      return {
        lookup: hidden.lookup,
        locate: (answer) => fingerprints(answer).indexOf(hidden.fingerprint),
      };
    },
  };

  function write(answer: Answer, index: number): string {
    const record = answer.records[index];
    const fingerprint = fingerprints(answer)[index];
    if (record === undefined || fingerprint === undefined)
      throw new RangeError(`Expected an index below ${answer.records.length}.`);
    const text = JSON.stringify([fingerprint, questionFor(record)]);
    const bytes = new TextEncoder().encode(text);
    const padded = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES).fill(0x20);
    padded.set(bytes);
    return VERSION + Buffer.from(aessiv(key, version).encrypt(padded)).toString('base64url');
  }

  function open(id: string): { fingerprint: string; lookup: Lookup } | undefined {
    const sealed = Buffer.from(id.slice(VERSION.length), 'base64url');
    // One spelling only: base64url readers skip what they do not know.
    if (id !== VERSION + sealed.toString('base64url')) return undefined;
    let text: string;
    try {
      text = new TextDecoder().decode(aessiv(key, version).decrypt(new Uint8Array(sealed)));
    } catch {
      // Not authentic: of another service, another secret, or made up.
      return undefined;
    }
    // What is authentic was written above.
    const [fingerprint, lookup] = JSON.parse(text) as [string, Lookup | null];
    return lookup === null ? undefined : { fingerprint, lookup };
  }

  /** The fingerprint of each record of an answer, with its number among those that are alike. */
  function fingerprints(answer: Answer): readonly string[] {
    return remembered(fingerprintsOf, answer, () => {
      const seen = new Map<string, number>();
      return answer.records.map((record) => {
        const fingerprint = digest(record);
        const twin = seen.get(fingerprint) ?? 0;
        seen.set(fingerprint, twin + 1);
        return `${fingerprint}${twin === 0 ? '' : `.${twin}`}`;
      });
    });
  }
}

function digest({ campaignId, customerId, customerName, customerLastName, opts, phones }: CampaignRecord): string {
  const numbers = phones.map(({ position, number }) => [position, number]);
  const identity = JSON.stringify([campaignId, customerId, customerName, customerLastName, opts, numbers]);
  return createHash('sha256').update(identity).digest('base64url').slice(0, 12);
}

/**
 * The question that finds a record again: by its customer id, else by a telephone, else through its campaign. Not by both a person and a
 * campaign: so the records of a person share one call, and often the one that found them. Null where nothing of the record can be
 * asked for.
 */
function questionFor({ campaignId, customerId, phones }: CampaignRecord): Lookup | null {
  const candidates: Criteria[] = [{ customerId }, ...phones.map(({ number }) => ({ phone: number })), { campaignId }];
  for (const candidate of candidates) {
    try {
      return readLookup(candidate);
    } catch (error) {
      // Blank, or a text that cannot be asked for, such as a telephone of four digits: the next candidate serves.
      if (!(error instanceof LookupFailure)) throw error;
    }
  }
  return null;
}

function remembered<Key extends object, Value>(map: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
