import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/records/failure.js';
import { lookupKey, matches, readLookup, type Criteria } from '../../../src/records/lookup.js';
import type { CampaignRecord } from '../../../src/records/record.js';

const DIGITS = Array.from('0123456789');
/** What people write between the digits of a phone number; the hyphens of Unicode and a no-break space too. */
const PUNCTUATION = ['', '', ' ', '-', '.', '(', ')', '[', ']', '/', '\u2010', '\u2013', '\u00a0', '\t'] as const;

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...DIGITS), minLength, maxLength });
const blank = fc.constantFrom(undefined, null, '', ' ', '\t\n', '\u00a0');
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom(...DIGITS, ...PUNCTUATION, '+'), maxLength: 40 }),
);
const criterion = fc.oneof({ weight: 1, arbitrary: blank }, { weight: 3, arbitrary: anything });
const criteria = fc.record({ phone: criterion, customerId: criterion, campaignId: criterion });
const soundCriteria = fc
  .record({
    phone: fc.oneof(blank, digits(7, 18)),
    customerId: fc.oneof(blank, fc.stringMatching(/^[A-Z]{2}[- ][0-9]{1,12}$/)),
    campaignId: fc.oneof(blank, digits(1, 10)),
  })
  .filter((given) => Object.values(given).some((value) => (value ?? '').trim() !== ''));

/** The lookup, or the failure; anything else that is thrown fails the test. */
function attempt(given: Criteria): ReturnType<typeof readLookup> | LookupFailure {
  try {
    return readLookup(given);
  } catch (error) {
    if (error instanceof LookupFailure) return error;
    throw error;
  }
}

function failureOf(given: Criteria): LookupFailure {
  const result = attempt(given);
  if (!(result instanceof LookupFailure)) throw new Error('Expected criteria that are refused; they were taken.');
  return result;
}

describe('criteria', () => {
  it('are a clean lookup or BAD_USER_INPUT, whatever the texts are', () => {
    let taken = 0;
    fc.assert(
      fc.property(criteria, (given) => {
        const result = attempt(given);
        if (result instanceof LookupFailure) {
          expect(result).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
          return;
        }
        taken += 1;
        expect(Object.keys(result).length).toBeGreaterThan(0);
        if (result.phone !== undefined) expect(result.phone).toMatch(/^[0-9]{7,18}$/);
        if (result.campaignId !== undefined) expect(result.campaignId).toMatch(/^[0-9]{1,10}$/);
        if (result.customerId !== undefined) {
          expect(result.customerId).toMatch(/^\S(.*\S)?$/su);
          expect(result.customerId.length).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('come out of a second reading as they came out of the first', () => {
    fc.assert(
      fc.property(fc.oneof(soundCriteria, criteria), (given) => {
        const once = attempt(given);
        if (once instanceof LookupFailure) return;
        expect(readLookup(once)).toEqual(once);
        expect(lookupKey(readLookup(once))).toBe(lookupKey(once));
      }),
      { numRuns: 1000 },
    );
  });

  it('are never repeated by the message that refuses them', () => {
    // Letters that are in no message of ours, so that a value cannot be found there by chance.
    const planted = fc.string({ unit: fc.constantFrom('Ж', 'Ы', 'ß', '9', '7'), minLength: 5, maxLength: 150 });
    let refused = 0;
    fc.assert(
      fc.property(planted, fc.constantFrom('phone', 'customerId', 'campaignId'), (value, name) => {
        const result = attempt({ [name]: value });
        if (!(result instanceof LookupFailure)) return;
        refused += 1;
        expect(result.message).not.toContain(value);
        expect(result.message).not.toMatch(/[ЖЫß]/u);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    [{ phone: '306-482' }, 'phone: expected 7 to 18 digits; came 6.'],
    [{ phone: '3064821975306482197' }, 'phone: expected 7 to 18 digits; came 19.'],
    [
      { phone: 'call me' },
      'phone: expected digits, which spaces, dashes, dots, brackets and a leading plus may divide; came other characters.',
    ],
    [
      { phone: '306+4821975' },
      'phone: expected digits, which spaces, dashes, dots, brackets and a leading plus may divide; came other characters.',
    ],
    [{ phone: '+' }, /^phone: /],
    // Digits of other scripts would be sent as other bytes than the ones that are stored.
    [{ phone: '٣٠٦٤٨٢١٩٧٥' }, /^phone: /],
    [{ customerId: 'x'.repeat(101) }, 'customerId: expected at most 100 characters; came 101.'],
    [{ customerId: '22\n46' }, 'customerId: expected a text of one line; came control characters.'],
    [{ customerId: 'a\u202eb' }, 'customerId: expected a text of one line; came control characters.'],
    [{ customerId: 'a\ud800b' }, 'customerId: expected a text of one line; came control characters.'],
    [{ campaignId: '4821a' }, 'campaignId: expected digits; came other characters.'],
    [{ campaignId: '-4821' }, 'campaignId: expected digits; came other characters.'],
    [{ campaignId: '12345678901' }, 'campaignId: expected at most 10 digits; came 11.'],
    [{}, 'Expected at least one of phone, customerId and campaignId; all were absent or blank.'],
    [
      { phone: ' ', customerId: null, campaignId: '' },
      'Expected at least one of phone, customerId and campaignId; all were absent or blank.',
    ],
    // Nothing but punctuation is blank, as an empty form field is.
    [{ phone: ' ( ) - ' }, 'Expected at least one of phone, customerId and campaignId; all were absent or blank.'],
  ])('are refused with what was expected and the shape of what came: %j', (given, message) => {
    const failure = failureOf(given);
    expect(failure.code).toBe('BAD_USER_INPUT');
    expect(failure.message).toMatch(message);
  });

  it('are refused when one of them is wrong, whatever the others are', () => {
    fc.assert(
      fc.property(
        soundCriteria,
        fc.constantFrom({ phone: '12' }, { customerId: 'a\u0000b' }, { campaignId: 'x' }),
        (good, bad) => {
          expect(failureOf({ ...good, ...bad }).code).toBe('BAD_USER_INPUT');
        },
      ),
    );
  });
});

describe('a phone', () => {
  it('is the same question however its digits are divided, with a plus or without', () => {
    fc.assert(
      fc.property(
        digits(7, 18).chain((number) =>
          fc.record({
            number: fc.constant(number),
            gaps: fc.array(fc.constantFrom(...PUNCTUATION), {
              minLength: number.length + 1,
              maxLength: number.length + 1,
            }),
            plus: fc.boolean(),
          }),
        ),
        ({ number, gaps, plus }) => {
          const written = `${plus ? '+' : ''}${Array.from(number, (digit, index) => `${gaps[index] ?? ''}${digit}`).join('')}${gaps.at(-1) ?? ''}`;
          expect(lookupKey(readLookup({ phone: written }))).toBe(lookupKey(readLookup({ phone: number })));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('blank criteria', () => {
  it('are absent: the question is that of the others', () => {
    fc.assert(
      fc.property(soundCriteria, (given) => {
        const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => (value ?? '').trim() !== ''));
        expect(readLookup(given)).toEqual(readLookup(filled));
        expect(Object.keys(readLookup(given)).sort()).toEqual(Object.keys(filled).sort());
      }),
    );
  });
});

describe('the key of a lookup', () => {
  it('is equal for equal questions and different for different ones', () => {
    fc.assert(
      fc.property(soundCriteria, soundCriteria, (one, other) => {
        const [left, right] = [readLookup(one), readLookup(other)];
        const areEqual = (['phone', 'customerId', 'campaignId'] as const).every((name) => left[name] === right[name]);
        expect(lookupKey(left) === lookupKey(right)).toBe(areEqual);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a phone, a customer id and a campaign of the same digits apart', () => {
    const keys = [{ phone: '1234567' }, { customerId: '1234567' }, { campaignId: '1234567' }].map((given) =>
      lookupKey(readLookup(given)),
    );
    expect(new Set(keys).size).toBe(3);
  });
});

describe('matching a record', () => {
  const prefixes = fc.constantFrom('', '9', '57', '957', '+57 ', '(9) ');

  it('compares phones from the right: a dial prefix on the stored number does no harm', () => {
    fc.assert(
      fc.property(digits(7, 12), prefixes, fc.integer({ min: 1, max: 10 }), (phone, prefix, position) => {
        const record = recordOf({ phones: [{ position, number: prefix + phone }] });
        expect(matches(record, readLookup({ phone }))).toBe(true);
      }),
    );
  });

  it('takes no number that merely begins alike, and no empty one', () => {
    fc.assert(
      fc.property(digits(7, 12), digits(1, 3), (phone, more) => {
        fc.pre(!`${phone}${more}`.endsWith(phone));
        const record = recordOf({
          phones: [
            { position: 1, number: phone + more },
            { position: 2, number: 'no number' },
          ],
        });
        expect(matches(record, readLookup({ phone }))).toBe(false);
      }),
    );
    expect(matches(recordOf({ phones: [] }), { phone: '3064821975' })).toBe(false);
  });

  it('needs every criterion that is given, each by itself', () => {
    const record = recordOf({
      campaignId: '4821',
      customerId: '21839174',
      phones: [{ position: 2, number: '9573064821975' }],
    });
    const right = { phone: '3064821975', customerId: '21839174', campaignId: '4821' };
    const wrong = { phone: '3064821976', customerId: '21839175', campaignId: '4822' };
    const names = ['phone', 'customerId', 'campaignId'] as const;
    fc.assert(
      fc.property(
        fc.record({
          phone: fc.constantFrom(0, 1, 2),
          customerId: fc.constantFrom(0, 1, 2),
          campaignId: fc.constantFrom(0, 1, 2),
        }),
        (choice) => {
          const given = names.filter((name) => choice[name] > 0);
          fc.pre(given.length > 0);
          const lookup = readLookup(
            Object.fromEntries(given.map((name) => [name, choice[name] === 1 ? right[name] : wrong[name]])),
          );
          expect(matches(record, lookup)).toBe(given.every((name) => choice[name] === 1));
        },
      ),
    );
  });

  it('compares customer ids exactly, and a record without one matches none', () => {
    expect(matches(recordOf({ customerId: 'CC 123' }), { customerId: 'cc 123' })).toBe(false);
    expect(matches(recordOf({ customerId: null }), { customerId: 'null' })).toBe(false);
  });
});

function recordOf(columns: Partial<CampaignRecord>): CampaignRecord {
  return {
    campaignId: '4821',
    customerId: null,
    customerName: null,
    customerLastName: null,
    opts: Array.from({ length: 12 }, () => null),
    phones: [],
    address: null,
    date: null,
    calls: null,
    connId: null,
    result: null,
    outcome: null,
    ...columns,
  };
}
