import { describe, expect, it } from 'vitest';
import { concerns, readPerson } from '../../../src/core/person.js';
import { campaignRecord } from '../../support/record.js';

const record = campaignRecord({ customerId: '1', phones: [{ position: 2, number: '573001112233' }] });

const short = campaignRecord({ customerId: '1', phones: [{ position: 1, number: '112233' }] });

describe('An answer concerns a person', () => {
  it.each([
    ['if its lookup names the phone', { phone: '3001112233' }, { phone: '3001112233' }, [], true],
    ['if its lookup names the customer id', { customerId: '1' }, { customerId: '1', campaignId: '4' }, [], true],
    ['if a record has the phone with a dial prefix', { phone: '3001112233' }, { campaignId: '4821' }, [record], true],
    ['if it is named with a country code', { phone: '573001112233' }, { phone: '3001112233' }, [], true],
    ['if a record has it without the country code', { phone: '57573001112233' }, { campaignId: '4' }, [record], true],
    ['if the lookup names more of it', { phone: '3001112233' }, { phone: '9573001112233' }, [], true],
    ['not if a record has only its last digits', { phone: '3001112233' }, { campaignId: '4' }, [short], false],
    ['if a record has the customer id', { customerId: '1' }, { campaignId: '4821' }, [record], true],
    ['if one of both criteria matches', { phone: '9998887766', customerId: '1' }, { campaignId: '4' }, [record], true],
    ['not if another phone is named', { phone: '3001112234' }, { phone: '3001112233' }, [record], false],
    ['not if another customer id is named', { customerId: '2' }, { customerId: '1' }, [record], false],
    ['not if no criterion is given', {}, { customerId: '1' }, [record], false],
  ])('%s', (_when, person, lookup, records, expected) => {
    expect(concerns(person, lookup, records)).toBe(expected);
  });
});

describe('A person', () => {
  it('has the cleaned criteria', () => {
    expect(readPerson({ phone: '+57 (300) 111-2233', customerId: ' 1 ' })).toEqual({
      phone: '573001112233',
      customerId: '1',
    });
  });

  it('needs a phone or a customer id', () => {
    expect(() => readPerson({ phone: ' ' })).toThrow(expect.objectContaining({ kind: 'bad-input' }));
  });
});
