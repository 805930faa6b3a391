import { describe, expect, it } from 'vitest';
import { readRow } from '../../../src/wolkvox/columns.js';
import { OPTIONS, envelopeOf, failureOf, read, rowOf } from '../../support/wolkvox-responses.js';
import { campaignRecord } from '../../support/record.js';

/** The example on Wolkvox's page about find_record, verbatim. */
const VENDOR_EXAMPLE = `{
    "code": "200",
    "error": null,
    "msg": "1 records were found",
    "data": [
        {
            "customer_name": "",
            "customer_last_name": "",
            "customer_id": "",
            "opt1": "",
            "opt2": "",
            "opt3": "",
            "opt4": "",
            "opt5": "",
            "opt6": "",
            "opt7": "",
            "opt8": "",
            "opt9": "",
            "opt10": "",
            "opt11": "",
            "opt12": "",
            "tel1": "",
            "tel2": "",
            "tel3": "",
            "date": "",
            "calls": "",
            "conn_id": "",
            "result": "",
            "campaign_id": ""
        }
    ]
}`;

const EMPTY = campaignRecord({ campaignId: '1234' });

describe("Wolkvox's own example", () => {
  it('is one record of the campaign of the lookup', async () => {
    expect(await read({ body: VENDOR_EXAMPLE })).toEqual([EMPTY]);
  });

  it('is a record without a campaign if the lookup names none', () => {
    const { data } = JSON.parse(VENDOR_EXAMPLE) as { data: [Record<string, unknown>] };
    expect(readRow(data[0], { lookup: { customerId: '1' }, zone: 'UTC' })).toEqual({ ...EMPTY, campaignId: '' });
  });

  it('does not match a lookup by another criterion', async () => {
    expect(await read({ body: VENDOR_EXAMPLE }, { lookup: { customerId: '1' } })).toEqual([]);
  });
});

describe('A row', () => {
  const readOne = async (columns: Record<string, unknown>): Promise<unknown> =>
    (await read({ body: envelopeOf([rowOf(columns)]) }))[0];

  it('with all columns becomes a record with all fields', async () => {
    const record = await readOne({
      opt1: ' first ',
      opt12: 'last',
      tel3: '6045550102',
      tel10: '93005550103',
      country: 'Colombia',
      city: ' Medellín ',
    });
    expect(record).toEqual({
      campaignId: '1234',
      customerId: '52000111',
      customerName: 'Lucía',
      customerLastName: 'Peñaranda',
      opts: ['first', null, null, null, null, null, null, null, null, null, null, 'last'],
      phones: [
        { position: 1, number: '573005550101' },
        { position: 3, number: '6045550102' },
        { position: 10, number: '93005550103' },
      ],
      address: { country: 'Colombia', state: null, city: 'Medellín', zone: null, address: null },
      date: '2026-11-20T09:30:00-05:00',
      calls: 2,
      connId: '12462.0277.1782402643.44005',
      result: 'ANSWER',
      outcome: 'ANSWER',
    });
  });

  it.each([
    ['missing', {}],
    ['null', null],
    ['blank', ' '],
  ])('whose columns are all %s is an empty record', async (_how, value) => {
    const row =
      value === null || value === ' ' ? Object.fromEntries(Object.keys(rowOf()).map((key) => [key, value])) : {};
    expect(await read({ body: envelopeOf([row]) })).toEqual([EMPTY]);
  });

  it('may hold numbers and booleans instead of texts', async () => {
    const record = await readOne({
      customer_id: 52000111,
      campaign_id: 1234,
      calls: 3,
      opt1: true,
      opt2: 0,
      tel2: 6045550102,
    });
    expect(record).toMatchObject({ customerId: '52000111', campaignId: '1234', calls: 3 });
    expect(record).toMatchObject({ opts: expect.arrayContaining(['true', '0']) as unknown });
    expect(record).toMatchObject({ phones: [{ position: 1 }, { position: 2, number: '6045550102' }] });
  });

  it('may have unknown columns, nested ones and hostile names, too', async () => {
    const hostile = `{"__proto__":{"tel2":"1","polluted":1},"constructor":{"prototype":{}},"new_one":[{"data":[]}],`;
    const body = envelopeOf(['ROW']).replace('"ROW"', hostile + JSON.stringify(rowOf()).slice(1));
    expect(await read({ body })).toEqual(await read({ body: envelopeOf([rowOf()]) }));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('may hold every character of JSON', async () => {
    const name = 'Ñandú "\\/" \u{1F600} \u2028 \uFEFF {}[],:';
    const body = envelopeOf([rowOf({ customer_name: `x${name}x` }), rowOf({ customer_name: '\\u0022' })]);
    const [first, second] = await read({ body });
    expect([first?.customerName, second?.customerName]).toEqual([`x${name}x`, '\\u0022']);
  });

  it.each([
    ['customer_id', 'an object', {}],
    ['tel10', 'an array', ['1']],
    ['city', 'an object', { name: 'Cali' }],
    ['customer_id', 'a number with too many digits', 2 ** 64],
  ])('whose %s is %s is malformed, and the log names the column', async (column, what, value) => {
    const failure = await failureOf({ body: envelopeOf([rowOf({ [column]: value })]) });
    expect(failure).toMatchObject({
      kind: 'malformed',
      facts: { detail: expect.stringContaining(`${column} is ${what}`) as unknown },
    });
  });

  it('that does not match the lookup is checked, too', async () => {
    const body = envelopeOf([rowOf({ customer_id: '1', opt3: [] })]);
    expect(await failureOf({ body }, { lookup: { customerId: '2' } })).toMatchObject({
      kind: 'malformed',
    });
  });

  it.each([
    ['3', 3],
    ['0', 0],
    ['007', 7],
    ['2147483647', 2147483647],
    ['2147483648', null],
    ['-1', null],
    ['3.5', null],
    ['many', null],
  ])('with calls "%s" has %s calls', (text, calls) => {
    expect(readRow(rowOf({ calls: text }), OPTIONS).calls).toBe(calls);
  });

  it.each([['0'], [''], [' 0 ']])('with conn_id "%s" has no connId', (text) => {
    expect(readRow(rowOf({ conn_id: text }), OPTIONS).connId).toBeNull();
  });

  it.each([
    ['ANSWER-MACHINE', 'ANSWER_MACHINE'],
    ['No Answer', 'NO_ANSWER'],
    ['wrong  number', 'WRONG_NUMBER'],
    ['DO_NOT-CALL', 'DO_NOT_CALL'],
    ['clean', 'CLEAN'],
    ['other', 'OTHER'],
    ['VENTA EFECTIVA', 'OTHER'],
    ['constructor', 'OTHER'],
  ])('with result "%s" has the outcome %s', (result, outcome) => {
    expect(readRow(rowOf({ result }), OPTIONS)).toMatchObject({ result, outcome });
  });
});

describe('A date', () => {
  const dateOf = (date: unknown, zone: string): string | null => readRow(rowOf({ date }), { ...OPTIONS, zone }).date;

  it.each([
    ['UTC-05:00', '2026-11-20T09:30:00-05:00'],
    ['America/Bogota', '2026-11-20T09:30:00-05:00'],
    ['Asia/Kolkata', '2026-11-20T09:30:00+05:30'],
    ['UTC', '2026-11-20T09:30:00Z'],
  ])('is in the zone %s of the account', (zone, expected) => {
    expect(dateOf('2026-11-20 09:30:00', zone)).toBe(expected);
  });

  it('in the hour that summer time skips is one hour later', () => {
    expect(dateOf('2026-03-29 02:30:00', 'Europe/Madrid')).toBe('2026-03-29T03:30:00+02:00');
  });

  it.each([
    [''],
    [null],
    ['0000-00-00 00:00:00'],
    ['0000-01-01 00:00:00'],
    ['-0001-11-30 00:00:00'],
    ['2026-02-30 10:00:00'],
    ['2026-11-20 25:00:00'],
    ['2026-11-20'],
    ['20/11/2026 09:30:00'],
    ['yesterday'],
  ])('is null if the column holds %s', (date) => {
    expect(dateOf(date, 'UTC-05:00')).toBeNull();
  });
});
