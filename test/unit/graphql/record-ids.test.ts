import { hkdfSync } from 'node:crypto';
import { aessiv } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordIds, type RecordReference } from '../../../src/graphql/record-ids.js';
import { matches } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import type { Answer } from '../../../src/core/answer.js';
import { campaignRecord } from '../../support/record.js';

const SECRET = 'a secret of the tests, long enough to be one';
const OTHER_SECRET = 'another secret of the tests, as long as that';
const ids = createRecordIds([SECRET]);
const others = createRecordIds([OTHER_SECRET]);

const text = fc.option(
  fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 })),
);
const number = fc.oneof(
  fc.stringMatching(/^[0-9]{7,13}$/),
  fc.stringMatching(/^\+57 [0-9]{3} [0-9]{7}$/),
  // Phone columns may hold texts that are not phone numbers.
  fc.constantFrom('1234', 'no tiene', '0'),
);
const record: fc.Arbitrary<CampaignRecord> = fc.record({
  campaignId: fc.stringMatching(/^[1-9][0-9]{3,4}$/),
  customerId: fc.option(
    fc.oneof(
      fc.stringMatching(/^[0-9]{6,12}$/),
      fc.stringMatching(/^[A-Z]{2}-[0-9]{4,9}$/),
      fc.constant('y'.repeat(150)),
    ),
  ),
  customerName: text,
  customerLastName: text,
  opts: fc.array(text, { minLength: 12, maxLength: 12 }),
  phones: fc.uniqueArray(fc.record({ position: fc.integer({ min: 1, max: 10 }), number }), {
    selector: ({ position }) => position,
    maxLength: 4,
  }),
  address: fc.constant(null),
  date: fc.option(fc.constant('2026-11-20T09:30:00-05:00')),
  calls: fc.option(fc.nat()),
  connId: fc.option(fc.constant('12462.0042.1782402643.44005')),
  result: fc.option(fc.constant('ANSWER')),
  outcome: fc.option(fc.constantFrom('ANSWER' as const, 'CLEAN' as const)),
});
const records = fc.array(record, { minLength: 1, maxLength: 6 });

/** The index of a record in an answer; -1: the answer does not hold it. */
function locate(reference: RecordReference | undefined, answer: Answer): number | undefined {
  return reference && ids.fingerprintsOf(answer).indexOf(reference.fingerprint);
}

function answerOf(...found: readonly CampaignRecord[]): Answer {
  return { records: found, sentAt: 0, source: 'wolkvox' };
}

/** An id of one record, for tests that change the id. */
const SAMPLE = ids.idOf(
  answerOf(
    campaignRecord({
      campaignId: '7203',
      customerId: '22461203',
      customerName: 'Andrés Felipe',
      customerLastName: 'Cárdenas Muñoz',
      phones: [{ position: 1, number: '3067150482' }],
    }),
  ),
  0,
);

describe('the id of a record', () => {
  it('holds a lookup that finds the record, and locates the record in the answer', () => {
    fc.assert(
      fc.property(records, (found) => {
        const answer = answerOf(...found);
        found.forEach((each, index) => {
          const reference = ids.read(ids.idOf(answer, index));
          expect(reference).toBeDefined();
          if (reference === undefined) return;
          expect(Object.keys(reference.lookup).length).toBeGreaterThan(0);
          expect(matches(each, reference.lookup)).toBe(true);
          expect(locate(reference, answer)).toBe(index);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is different for each record of an answer, even for equal records', () => {
    fc.assert(
      fc.property(record, fc.integer({ min: 2, max: 5 }), (each, times) => {
        const answer = answerOf(...Array.from({ length: times }, () => each));
        const all = answer.records.map((_, index) => ids.idOf(answer, index));
        expect(new Set(all).size).toBe(times);
        expect(all.map((id) => locate(ids.read(id), answer))).toEqual([...all.keys()]);
      }),
      { numRuns: 100 },
    );
  });

  it('does not depend on the other records, on the fields that a call changes, or on the replica', () => {
    const dialled = fc.record({
      date: fc.constant('2026-11-22T15:00:00-05:00'),
      calls: fc.nat(),
      connId: fc.string(),
      result: fc.constant('BUSY'),
      outcome: fc.constant('BUSY' as const),
    });
    const replica = createRecordIds([SECRET]);
    fc.assert(
      fc.property(record, records, dialled, (each, around, later) => {
        fc.pre(around.every(({ campaignId }) => campaignId !== each.campaignId));
        const alone = ids.idOf(answerOf(each), 0);
        const amongOthers = answerOf(...around, { ...each, ...later });
        expect(replica.idOf(amongOthers, around.length)).toBe(alone);
        expect(locate(replica.read(alone), amongOthers)).toBe(around.length);
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the address, but on the phones', () => {
    fc.assert(
      fc.property(record, number, (each, other) => {
        fc.pre(each.phones.every(({ position }) => position !== 10));
        const address = { country: 'Colombia', state: null, city: 'Cali', zone: null, address: null };
        const id = ids.idOf(answerOf(each), 0);
        expect(ids.idOf(answerOf({ ...each, address }), 0)).toBe(id);
        const more = { ...each, phones: [...each.phones, { position: 10, number: other }] };
        expect(ids.idOf(answerOf(more), 0)).not.toBe(id);
      }),
      { numRuns: 100 },
    );
  });

  it('is not readable if no value of the record is a valid criterion', () => {
    const nobody: CampaignRecord = {
      ...(fc.sample(record, 1)[0] as CampaignRecord),
      campaignId: 'C12',
      customerId: null,
      phones: [{ position: 1, number: '123' }],
    };
    expect(ids.read(ids.idOf(answerOf(nobody), 0))).toBeUndefined();
  });

  it('locates nothing in an answer that no longer holds the record', () => {
    fc.assert(
      fc.property(record, record, (each, other) => {
        fc.pre(each.campaignId !== other.campaignId);
        const reference = ids.read(ids.idOf(answerOf(each), 0));
        expect(locate(reference, answerOf(other))).toBe(-1);
        expect(locate(reference, answerOf())).toBe(-1);
      }),
      { numRuns: 100 },
    );
  });

  it('is safe in a URL, begins with its version, and holds no personal data when it is decoded', () => {
    fc.assert(
      fc.property(record, (each) => {
        const id = ids.idOf(answerOf(each), 0);
        expect(id).toMatch(/^2[A-Za-z0-9_-]+$/);
        const decoded = [id, id.slice(1)].flatMap((part) => [
          Buffer.from(part, 'base64url').toString('latin1'),
          Buffer.from(part, 'base64url').toString('utf8'),
          Buffer.from(part, 'base64url').toString('hex'),
        ]);
        const personal = [each.customerId, ...each.phones.map((phone) => phone.number)].filter(
          (value) => value !== null && value.length >= 6,
        );
        for (const value of personal) for (const shown of [id, ...decoded]) expect(shown).not.toContain(value);
      }),
      { numRuns: 300 },
    );
  });

  it('has the same length for customer ids and phones of the usual lengths', () => {
    const lengthOf = (customerId: string | null, phone: string): number =>
      ids.idOf(answerOf(campaignRecord({ customerId, phones: [{ position: 1, number: phone }] })), 0).length;
    const lengths = [
      lengthOf('123456', '3064821975'),
      lengthOf('1190274518', '3064821975'),
      lengthOf(null, '573064821975'),
    ];
    expect(new Set(lengths).size).toBe(1);
  });
});

describe('the ids of version 2', () => {
  const nobody = campaignRecord({ campaignId: 'C12', phones: [{ position: 1, number: '1234' }] });

  // Callers keep ids for a long time, so the same secret must make the same ids in every version of the service.
  it.each([
    {
      name: 'a customer id',
      id: SAMPLE,
      expected:
        '2UZrCwhO2l1-anpCclDoyS5BG7HwQDkbSyHo0bsp60rMZE7s5eDAhPSVirR3cqF22pznPKS3Ut0lPHvoCMVbBmnl77iMmfDd7s4v99NfCpkU',
      reference: { fingerprint: '4lUkDOOFU5nj', lookup: { campaignId: '7203', customerId: '22461203' } },
    },
    {
      name: 'a phone without its country code',
      id: createRecordIds([SECRET], '57').idOf(
        answerOf(campaignRecord({ campaignId: '7203', phones: [{ position: 2, number: '573067150482' }] })),
        0,
      ),
      expected:
        '2TXiLLGYRkYVSOUVznAqiW3A5oTNLhkoQHn9KGxITyLPpMqhLJrfVpSYi5SJEA_SDtkI-FSJCAbP67yf5yYE6dtfn-TpqqNtNT6axld24ZHU',
      reference: { fingerprint: 'EGV5qn5VUc9f', lookup: { campaignId: '7203', phone: '3067150482' } },
    },
    {
      name: 'the second of two equal records',
      id: ids.idOf(answerOf(campaignRecord(), campaignRecord()), 1),
      expected:
        '2i4419k6kcdnp5lpv6YwrR0hLS0icPc9-TKuVUAhwm1fsFsrwNrdIk408FW5ohGbRQkJfnTVf2puemn550wCwlcf5fHHVcS9saLSRzAJd9uU',
      reference: { fingerprint: 'SGK0qwjgXp9Y.1', lookup: { campaignId: '4821' } },
    },
    {
      name: 'a long customer id with letters of two bytes',
      id: ids.idOf(answerOf(campaignRecord({ customerId: 'ñ'.repeat(100) })), 0),
      expected:
        '2F4IWM1qoU8ZveCaduUN0aXEiIldMqvUeO4pXQjBEyblmEHSSmCFPgv-YpjeXD48lCI-MDzXzBOqcsu8KtL8CxpQQ4LrSstMfBneCHMzr8HAAeYPh_cL' +
        'xdYvJM4MTJcE2RRIUlqkmIm8drZR6JJXyGH-r5D6ZyK7bAJuNwpmKgVvpMH3q1ktcvuoDEuPPhiVg96_NKseh9u6P470HAM0TsqvBLGBSXcbqPoh9ed' +
        'UL-hYDjMO1BLV9LFmX2YlZ6odQtC5G2LuF9K5Khapg2EVw3r1Tenaq5BPa9z6t8ADWye6yLttvHlH20gFwRxcrYydSHvh2s31YPYVomJIeSvODRi6Hm' +
        'eOTDv6iG3syFWYoPKM',
      reference: { fingerprint: 'WwIukW55o7Rd', lookup: { campaignId: '4821', customerId: 'ñ'.repeat(100) } },
    },
    {
      name: 'no criterion',
      id: ids.idOf(answerOf(nobody), 0),
      expected: '2FML5RCbmTmH09FnpHxvGRZxZGOmbS96Uo3zP0Fwc71NnjuvbgFIerBz1Wl9RH3Ex',
      reference: undefined,
    },
  ])('are what they were: $name', ({ id, expected, reference }) => {
    expect(id).toBe(expected);
    expect(ids.read(expected)).toEqual(reference);
  });
});

describe('reading an id', () => {
  it('gives undefined for any text that is not an id, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 300 }),
          fc.base64String({ maxLength: 300 }),
          fc.uint8Array({ maxLength: 200 }).map((bytes) => `2${Buffer.from(bytes).toString('base64url')}`),
        ),
        (made) => {
          expect(ids.read(made)).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives undefined for values that are not texts', () => {
    fc.assert(
      fc.property(
        fc.anything().filter((value) => typeof value !== 'string'),
        (value) => {
          expect(ids.read(value)).toBeUndefined();
        },
      ),
    );
  });

  it('gives undefined if one character is changed', () => {
    const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
    for (let at = 0; at < SAMPLE.length; at += 1) {
      for (const character of alphabet) {
        if (character === SAMPLE[at]) continue;
        expect(ids.read(SAMPLE.slice(0, at) + character + SAMPLE.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('gives undefined for a part of an id, and for an id with more characters', () => {
    expect(ids.read(SAMPLE)).toBeDefined();
    for (let length = 0; length < SAMPLE.length; length += 1) expect(ids.read(SAMPLE.slice(0, length))).toBeUndefined();
    for (const added of ['A', '=', '==', ' ', '\n', '.', '\u0000']) {
      expect(ids.read(SAMPLE + added)).toBeUndefined();
      expect(ids.read(added + SAMPLE)).toBeUndefined();
    }
    // A record has one id, so another base64 spelling of the same bytes is not accepted.
    expect(ids.read(SAMPLE.replaceAll('-', '+').replaceAll('_', '/') + '=')).toBeUndefined();
  });

  it('gives undefined with another secret, which also makes other ids', () => {
    fc.assert(
      fc.property(record, (each) => {
        const answer = answerOf(each);
        const id = ids.idOf(answer, 0);
        expect(others.read(id)).toBeUndefined();
        expect(createRecordIds([OTHER_SECRET]).idOf(answerOf(each), 0)).not.toBe(id);
      }),
      { numRuns: 100 },
    );
  });

  it('gives undefined for a text that the right key encrypted for another version or purpose', () => {
    const key = new Uint8Array(hkdfSync('sha256', SECRET, '', 'wolkvox record id 1', 64));
    const plaintext = new TextEncoder().encode(JSON.stringify(['fingerprint', '7203', null, null]));
    const seal = (...associated: Uint8Array[]): string =>
      `2${Buffer.from(aessiv(key, ...associated).encrypt(plaintext)).toString('base64url')}`;
    expect(ids.read(seal(new TextEncoder().encode('2')))).toBeDefined();
    expect(ids.read(seal())).toBeUndefined();
    expect(ids.read(seal(new TextEncoder().encode('1')))).toBeUndefined();
    expect(ids.read(seal(new TextEncoder().encode('2'), new Uint8Array()))).toBeUndefined();
  });
});

describe('the content of an id', () => {
  const records = Array.from({ length: 6_000 }, (_, index) => campaignRecord({ customerId: `C${index}` }));
  const answer = answerOf(...records);

  it('is read once, until it is dropped', () => {
    const reader = createRecordIds([SECRET]);
    const id = ids.idOf(answer, 0);
    const content = reader.read(id);
    expect(content).toBeDefined();
    expect(reader.read(id)).toBe(content);
    reader.clear();
    expect(reader.read(id)).not.toBe(content);
    expect(reader.read(id)).toEqual(content);
  });

  it('is kept for a bounded number of ids', () => {
    const reader = createRecordIds([SECRET]);
    const first = reader.read(ids.idOf(answer, 0));
    for (const index of records.keys()) reader.read(ids.idOf(answer, index));
    expect(reader.read(ids.idOf(answer, 0))).not.toBe(first);
  });
});

describe('several secrets', () => {
  const answer = answerOf(campaignRecord({ customerId: '22461203' }));
  const oldId = ids.idOf(answer, 0);

  it('read the ids of each of them', () => {
    const rotated = createRecordIds([OTHER_SECRET, SECRET]);
    for (const id of [oldId, others.idOf(answer, 0)]) {
      expect(rotated.read(id)?.lookup).toEqual({ customerId: '22461203', campaignId: answer.records[0]?.campaignId });
      expect(locate(rotated.read(id), answer)).toBe(0);
    }
    expect(createRecordIds(['a third secret of the tests, again as long']).read(oldId)).toBeUndefined();
  });

  it('make ids with the first one', () => {
    expect(createRecordIds([SECRET, OTHER_SECRET]).idOf(answer, 0)).toBe(oldId);
    expect(createRecordIds([OTHER_SECRET, SECRET]).idOf(answer, 0)).toBe(others.idOf(answer, 0));
  });

  it('need at least one', () => {
    expect(() => createRecordIds([])).toThrow(/at least one secret/);
  });
});
