import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { lookupKey, matches, readLookup, type Criteria } from '../../../src/core/lookup.js';
import { campaignRecord } from '../../support/record.js';

const DIGITS = Array.from('0123456789');
/** Characters that people write between the digits of a phone number, Unicode hyphens and spaces included. */
const PUNCTUATION = ['', '', ' ', '-', '.', '(', ')', '[', ']', '/', '\u2010', '\u2013', '\u00a0', '\t'] as const;

const PHONE_FORM = 'phone must contain 7 to 18 digits (spaces, dashes, dots, brackets and a leading + are ignored)';
const CUSTOMER_ID_FORM = 'customerId must be one line of visible text';
const CAMPAIGN_ID_FORM = 'campaignId must contain 1 to 10 digits and nothing else';
const NONE_GIVEN = 'At least one of phone, customerId and campaignId is needed; all are absent or blank.';

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
const validCriteria = fc
  .record({
    phone: fc.oneof(blank, digits(7, 18)),
    customerId: fc.oneof(blank, fc.stringMatching(/^[A-Z]{2}[- ][0-9]{1,12}$/)),
    campaignId: fc.oneof(blank, digits(1, 10)),
  })
  .filter((given) => Object.values(given).some((value) => (value ?? '').trim() !== ''));

/** The lookup, or the LookupFailure. Any other error fails the test. */
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
  if (!(result instanceof LookupFailure)) throw new Error('Expected criteria that are refused; they were accepted.');
  return result;
}

describe('criteria', () => {
  it('give a clean lookup or BAD_USER_INPUT for any text', () => {
    let accepted = 0;
    fc.assert(
      fc.property(criteria, (given) => {
        const result = attempt(given);
        if (result instanceof LookupFailure) {
          expect(result).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
          return;
        }
        accepted += 1;
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
    expect(accepted).toBeGreaterThan(100);
  });

  it('do not change when they are read twice', () => {
    fc.assert(
      fc.property(fc.oneof(validCriteria, criteria), (given) => {
        const once = attempt(given);
        if (once instanceof LookupFailure) return;
        expect(readLookup(once)).toEqual(once);
        expect(lookupKey(readLookup(once))).toBe(lookupKey(once));
      }),
      { numRuns: 1000 },
    );
  });

  it('are never repeated by the error message', () => {
    // No message contains these letters, so a value is not found in it by chance.
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
    [{ phone: '306-482' }, `${PHONE_FORM}; got 6.`],
    [{ phone: '3064821975306482197' }, `${PHONE_FORM}; got 19.`],
    [{ phone: 'call me' }, `${PHONE_FORM}; got other characters.`],
    [{ phone: '306+4821975' }, `${PHONE_FORM}; got other characters.`],
    [{ phone: '+' }, `${PHONE_FORM}; got other characters.`],
    // Digits of other scripts have other bytes than the stored digits.
    [{ phone: '٣٠٦٤٨٢١٩٧٥' }, `${PHONE_FORM}; got other characters.`],
    // Spaces and punctuation count: to remove a million of them takes long.
    [{ phone: `3064821975${'-'.repeat(191)}` }, 'phone may have at most 200 characters; got 201.'],
    [{ customerId: `${' '.repeat(1_000)}C1` }, 'customerId may have at most 200 characters; got 1,002.'],
    [{ campaignId: '0'.repeat(201) }, 'campaignId may have at most 200 characters; got 201.'],
    [{ customerId: 'x'.repeat(101) }, 'customerId must contain at most 100 characters; got 101.'],
    [{ customerId: '22\n46' }, `${CUSTOMER_ID_FORM}; got a control or format character.`],
    [{ customerId: 'a\u202eb' }, `${CUSTOMER_ID_FORM}; got a control or format character.`],
    [{ customerId: 'a\ud800b' }, `${CUSTOMER_ID_FORM}; got a control or format character.`],
    [{ campaignId: '4821a' }, `${CAMPAIGN_ID_FORM}; got other characters.`],
    [{ campaignId: '-4821' }, `${CAMPAIGN_ID_FORM}; got other characters.`],
    [{ campaignId: '12345678901' }, `${CAMPAIGN_ID_FORM}; got 11.`],
    [{}, NONE_GIVEN],
    [{ phone: ' ', customerId: null, campaignId: '' }, NONE_GIVEN],
    // An empty form field may hold punctuation.
    [{ phone: ' ( ) - ' }, NONE_GIVEN],
  ])('are refused with the expected form and the shape of the value: %j', (given, message) => {
    const failure = failureOf(given);
    expect(failure.code).toBe('BAD_USER_INPUT');
    expect(failure.message).toBe(message);
  });

  it('are refused if one of them is not valid', () => {
    fc.assert(
      fc.property(
        validCriteria,
        fc.constantFrom({ phone: '12' }, { customerId: 'a\u0000b' }, { campaignId: 'x' }),
        (good, bad) => {
          expect(failureOf({ ...good, ...bad }).code).toBe('BAD_USER_INPUT');
        },
      ),
    );
  });
});

describe('a phone', () => {
  it('gives the same lookup with any punctuation, with or without a plus', () => {
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

describe('the country code of a phone', () => {
  const phoneOf = (phone: string, countryCode?: string): string | undefined => readLookup({ phone }, countryCode).phone;

  it.each([
    ['57', '+57 306 482 1975', '3064821975'],
    ['57', '573064821975', '3064821975'],
    ['57', '00573064821975', '3064821975'],
    ['57', '3064821975', '3064821975'],
    // A fixed line without its area code, and a mobile number that begins like the country code.
    ['57', '5712345', '5712345'],
    ['57', '5706482197', '5706482197'],
    ['57', '+57 6011 528', '576011528'],
    ['57', '57300555010', '57300555010'],
    // No country is known to have numbers of that length with this code.
    ['43', '43521234567', '43521234567'],
    ['43', '+43 512 345 678', '512345678'],
    // Another country.
    ['57', '+51 912 345 678', '51912345678'],
    ['51', '51912345678', '912345678'],
    ['507', '50761234567', '61234567'],
    ['1', '13055550123', '3055550123'],
    // Numbers of Brazil have 11 digits, and one of its area codes is 55.
    ['55', '55991234567', '55991234567'],
    ['55', '5555991234567', '55991234567'],
  ])('%s is removed from %s: %s (defect 15)', (countryCode, phone, expected) => {
    expect(phoneOf(phone, countryCode)).toBe(expected);
    expect(phoneOf(expected, countryCode)).toBe(expected);
  });

  it('stays if none is configured', () => {
    expect(phoneOf('+57 306 482 1975')).toBe('573064821975');
    expect(phoneOf('00573064821975')).toBe('00573064821975');
  });
});

describe('the leading zeros of a campaign id', () => {
  it.each([
    ['04821', '4821'],
    ['4821', '4821'],
    ['0004821', '4821'],
    ['000', '0'],
    ['48210', '48210'],
  ])('%s is %s (defect 15)', (given, expected) => {
    expect(readLookup({ campaignId: given })).toEqual({ campaignId: expected });
  });
});

describe('blank criteria', () => {
  it('count as absent', () => {
    fc.assert(
      fc.property(validCriteria, (given) => {
        const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => (value ?? '').trim() !== ''));
        expect(readLookup(given)).toEqual(readLookup(filled));
        expect(Object.keys(readLookup(given)).sort()).toEqual(Object.keys(filled).sort());
      }),
    );
  });
});

describe('the key of a lookup', () => {
  it('is equal for equal lookups and different for different ones', () => {
    fc.assert(
      fc.property(validCriteria, validCriteria, (one, other) => {
        const [left, right] = [readLookup(one), readLookup(other)];
        const areEqual = (['phone', 'customerId', 'campaignId'] as const).every((name) => left[name] === right[name]);
        expect(lookupKey(left) === lookupKey(right)).toBe(areEqual);
      }),
      { numRuns: 1000 },
    );
  });

  it('differs for a phone, a customer id and a campaign of the same digits', () => {
    const keys = [{ phone: '1234567' }, { customerId: '1234567' }, { campaignId: '1234567' }].map((given) =>
      lookupKey(readLookup(given)),
    );
    expect(new Set(keys).size).toBe(3);
  });
});

describe('matching a record', () => {
  const prefixes = fc.constantFrom('', '9', '57', '957', '+57 ', '(9) ');

  it('compares phones from the right, so a dial prefix on the stored number does not matter', () => {
    fc.assert(
      fc.property(digits(7, 12), prefixes, fc.integer({ min: 1, max: 10 }), (phone, prefix, position) => {
        const record = campaignRecord({ phones: [{ position, number: prefix + phone }] });
        expect(matches(record, readLookup({ phone }))).toBe(true);
      }),
    );
  });

  it('does not match a number that only begins with the phone, and no record without phones', () => {
    fc.assert(
      fc.property(digits(7, 12), digits(1, 3), (phone, more) => {
        fc.pre(!`${phone}${more}`.endsWith(phone));
        const record = campaignRecord({
          phones: [
            { position: 1, number: phone + more },
            { position: 2, number: 'no number' },
          ],
        });
        expect(matches(record, readLookup({ phone }))).toBe(false);
      }),
    );
    expect(matches(campaignRecord({ phones: [] }), { phone: '3064821975' })).toBe(false);
  });

  it('checks every given criterion', () => {
    const record = campaignRecord({
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

  it('compares customer ids exactly; a record without one matches no customer id', () => {
    expect(matches(campaignRecord({ customerId: 'CC 123' }), { customerId: 'cc 123' })).toBe(false);
    expect(matches(campaignRecord({ customerId: null }), { customerId: 'null' })).toBe(false);
  });
});
