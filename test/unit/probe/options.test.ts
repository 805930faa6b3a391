import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { OptionError, readGiven, readOptions, readPerson } from '../../../src/probe/options.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function fileWith(text: string): string {
  const file = path.join(temporaryFolder('person-'), 'person.json');
  writeFileSync(file, text);
  return file;
}

describe('The options of the probe', () => {
  it('have defaults', () => {
    expect(readOptions([])).toEqual({ output: 'probe.json', yes: false, help: false, version: false });
    expect(readOptions(['--yes', '--output', 'a.json'])).toMatchObject({ output: 'a.json', yes: true });
    expect(() => readOptions(['--phone'])).toThrow(/^An option has no value.*The known options are --customer-id/);
  });

  it('name no person if none of them is given', () => {
    expect(readGiven(readOptions(['--yes']))).toBeUndefined();
  });

  it('replace the values of the file', () => {
    const file = fileWith('{"customerId": "A-1", "campaignId": "4821"}');
    const options = readOptions(['--person', file, '--campaign-id', '7203', '--phone', '3062200101']);
    expect(readGiven(options)).toEqual({ customerId: 'A-1', campaignId: '7203', phone: '3062200101' });
  });

  it.each([
    ['no JSON', '{"phone": 3062200101', 'the file cannot be read, or is not JSON'],
    ['a number', '{"phone": 3062200101}', 'expected an object with the texts customerId, phone and campaignId'],
    ['an unknown field', '{"3062200101": ""}', 'expected an object with the texts customerId, phone and campaignId'],
  ])('refuse a file with %s, and do not quote it', (_, text, message) => {
    const options = readOptions(['--person', fileWith(text)]);
    expect(() => readGiven(options)).toThrow(OptionError);
    expect(() => readGiven(options)).toThrow(message);
    expect(() => readGiven(options)).not.toThrow('3062200101');
  });
});

describe('The known person', () => {
  it('is cleaned as the service does it', () => {
    const criteria = { phone: '+57 306 220 0101', customerId: ' A-1 ', campaignId: '04821' };
    expect(readPerson(criteria, '57')).toEqual({ phone: '3062200101', customerId: 'A-1', campaignId: '4821' });
    expect(readPerson(criteria, undefined)).toMatchObject({ phone: '573062200101' });
  });

  it('may be blank', () => {
    expect(readPerson({ phone: ' ', customerId: '', campaignId: undefined }, undefined)).toEqual({});
  });

  it('is refused without its values', () => {
    expect(() => readPerson({ campaignId: 'x4821' }, undefined)).toThrow(OptionError);
    expect(() => readPerson({ campaignId: 'x4821' }, undefined)).not.toThrow('4821');
  });
});
