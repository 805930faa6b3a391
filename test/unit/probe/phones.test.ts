import { describe, expect, it } from 'vitest';
import type { CampaignRecord } from '../../../src/core/record.js';
import { includesRecord, sampleOfBare, sampleOfOtherPhone, sampleOfPrefixed } from '../../../src/probe/phones.js';
import { campaignRecord } from '../../support/record.js';

/** A record with these numbers in their columns; an empty text leaves a column out. */
function recordWith(...numbers: string[]): CampaignRecord {
  const phones = numbers
    .map((number, index) => ({ position: index + 1, number }))
    .filter(({ number }) => number !== '');
  return campaignRecord({ phones });
}

describe('The number that is not the first of its record', () => {
  it('is asked for as it is stored', () => {
    expect(sampleOfOtherPhone([recordWith('3064821975', '', '9-601 109 3344')])).toMatchObject({
      position: 3,
      number: '96011093344',
      prefix: '',
    });
  });

  it('has nothing in common with another number of the record, so that only its own column can find it', () => {
    expect(sampleOfOtherPhone([recordWith('3064821975', '573064821975')])).toBeUndefined();
    expect(sampleOfOtherPhone([recordWith('573064821975', '3064821975')])).toBeUndefined();
    expect(sampleOfOtherPhone([recordWith('3064821975', '4821')])).toBeUndefined();
    expect(sampleOfOtherPhone([recordWith('3064821975')])).toBeUndefined();
  });
});

describe('The number that is stored with a prefix', () => {
  it.each([
    ['93064821975', '9'],
    ['573064821975', '57'],
    ['9573064821975', '957'],
  ])('is found by the lengths of national numbers: %s', (stored, prefix) => {
    expect(sampleOfPrefixed([recordWith(stored)], undefined, '57')).toMatchObject({ number: '3064821975', prefix });
  });

  it('is found by the given phone, whatever the prefix is', () => {
    expect(sampleOfPrefixed([recordWith('0449981234567')], '9981234567', '52')).toMatchObject({ prefix: '044' });
    expect(sampleOfPrefixed([recordWith('0449981234567')], undefined, '52')).toBeUndefined();
  });

  it('is no full national number that begins like a prefix', () => {
    // A mobile number of Peru has nine digits and begins with 9; without the 9 it would be a fixed line.
    expect(sampleOfPrefixed([recordWith('987654321')], undefined, '51')).toBeUndefined();
    expect(sampleOfPrefixed([recordWith('5701234567')], undefined, '57')).toBeUndefined();
  });

  it('is the first number of a record, if one has a prefix, and no other number of the record ends like it', () => {
    const records = [recordWith('6011093344', '93064821975'), recordWith('573064821976')];
    expect(sampleOfPrefixed(records, undefined, '57')).toMatchObject({ position: 1, number: '3064821976' });
    expect(sampleOfPrefixed(records.slice(0, 1), undefined, '57')).toMatchObject({ position: 2 });
    expect(sampleOfPrefixed([recordWith('573064821975', '3064821975')], undefined, '57')).toBeUndefined();
  });
});

describe('The number that is stored without a prefix', () => {
  it('is asked for with the country code', () => {
    expect(sampleOfBare([recordWith('3064821975')], '57')).toMatchObject({ number: '573064821975', position: 1 });
    expect(sampleOfBare([recordWith('573064821975')], '57')).toBeUndefined();
    expect(sampleOfBare([recordWith('3064821975', '573064821975')], '57')).toBeUndefined();
  });
});

describe('includesRecord', () => {
  it('compares the campaign, the customer id and the numbers, not the calls', () => {
    const record = recordWith('3064821975', '6011093344');
    const sample = { record, position: 1, number: '3064821975', prefix: '' };
    expect(includesRecord([{ ...record, calls: 99, date: null, result: 'BUSY' }], sample)).toBe(true);
    expect(includesRecord([{ ...record, campaignId: '9999' }], sample)).toBe(false);
    expect(includesRecord([recordWith('3064821975')], sample)).toBe(false);
    expect(includesRecord([], sample)).toBe(false);
  });
});
