import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import type { WireRecord } from '../../src/simulator/columns.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { startService } from '../support/service.js';
import { find, wireRecords, type Criteria, type FoundRecord } from '../support/find.js';

const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, smallCampaign } = EXAMPLES;

/** A record of the simulator as the graph shows it, without `id`, `fetchedAt` and `outcome`. */
function shown(wire: WireRecord, offset = '-05:00'): Record<string, unknown> {
  const text = (column: keyof WireRecord): string | null => (wire[column] ?? '') || null;
  const address = {
    country: text('country'),
    state: text('state'),
    city: text('city'),
    zone: text('zone'),
    address: text('address'),
  };
  const isDialled = wire.calls !== '0';
  return {
    campaignId: wire.campaign_id,
    campaign: { campaignId: wire.campaign_id },
    customerId: text('customer_id'),
    customer: wire.customer_id === '' ? null : { customerId: wire.customer_id },
    customerName: text('customer_name'),
    customerLastName: text('customer_last_name'),
    opts: ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const).map((position) => ({
      position,
      name: `opt${position}`,
      value: text(`opt${position}`),
    })),
    phones: ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const).flatMap((position) => {
      const number = text(`tel${position}`);
      return number === null ? [] : [{ position, number }];
    }),
    address: Object.values(address).every((part) => part === null) ? null : address,
    date: isDialled ? `${wire.date.replace(' ', 'T')}${offset}` : null,
    calls: Number(wire.calls),
    connId: isDialled ? wire.conn_id : null,
    result: text('result'),
  };
}

function withoutOwn({ id, fetchedAt, outcome, ...rest }: FoundRecord): Record<string, unknown> {
  expect([typeof id, typeof fetchedAt, typeof outcome]).toEqual(['string', 'string', 'string']);
  return rest;
}

describe('every field', () => {
  it('has the value that Wolkvox sends', async () => {
    const service = await startService();
    const examples: readonly (readonly [name: string, criteria: Criteria])[] = [
      ['a person in three campaigns', { phone: inSeveralCampaigns.phone }],
      ['two records of a person in one campaign', { customerId: twiceInOneCampaign.customerId }],
      ['a record that was never dialled', { phone: undialled.phone }],
      ['a record without a customer id', { phone: withoutCustomerId.phone }],
      ['a record of the newer shape, with an address and a fifth phone', { customerId: severalPhones.customerId }],
      ['a whole campaign of the older shape', { campaignId: smallCampaign.campaignId }],
    ];
    for (const [name, criteria] of examples) {
      const wire = await wireRecords(service, criteria);
      const records = await find(service, criteria);
      expect(wire.length, name).toBeGreaterThan(0);
      expect(records.map(withoutOwn), name).toEqual(wire.map((record) => shown(record)));
      expect(new Set(records.map(({ id }) => id)).size, name).toBe(wire.length);
      expect(service.simulator.requestLog.calls, name).toHaveLength(1);
    }
  });

  it('has the value that Wolkvox sends in every campaign of the newer shape', async () => {
    const service = await startService();
    const { simulator } = service;
    // This record has a value in every column. Generated records have some.
    const full = simulator.add({
      customer_name: 'Eulalia',
      customer_last_name: 'Benavides',
      customer_id: '25550001',
      country: 'Colombia',
      state: 'Nariño',
      city: 'Pasto',
      zone: 'Centro',
      address: 'Calle 18 # 25-10',
      ...Object.fromEntries(Array.from({ length: 12 }, (__, index) => [`opt${index + 1}`, `valor ${index + 1}`])),
      ...Object.fromEntries(Array.from({ length: 10 }, (__, index) => [`tel${index + 1}`, `306770000${index}`])),
      date: '2026-11-20 23:59:59',
      calls: '17',
      conn_id: '12462.0042.1795236599.44005',
      result: 'ANSWER',
      campaign_id: '9977',
    });
    const [record] = await find(service, { customerId: '25550001' });
    expect(record).toMatchObject({ ...shown(full), outcome: 'ANSWER' });
    expect(record?.['phones']).toHaveLength(10);

    for (const campaignId of ['8890', '9450', '9977']) {
      const sample = simulator
        .dial({ campaignId, where: ({ calls }) => calls === '1' }, { date: '2026-11-21 00:00:00' })
        .slice(0, 5);
      expect(sample).toHaveLength(5);
      for (const wire of sample) {
        const found = await find(service, { campaignId, phone: wire.tel1, customerId: wire.customer_id });
        expect(found.map(withoutOwn)).toContainEqual(shown(wire));
      }
    }
  });

  it('has no address if all address columns are empty', async () => {
    const service = await startService();
    service.simulator.add({
      campaign_id: '9450',
      customer_id: '25550002',
      tel1: '3067700011',
      country: '',
      address: '',
    });
    const [record] = await find(service, { customerId: '25550002' });
    expect(record).toMatchObject({
      address: null,
      customerName: null,
      calls: null,
      date: null,
      connId: null,
      result: null,
      outcome: null,
    });
  });

  it.each<SimulatorSettings['undialled']>(['empty', 'zero-date'])(
    'says that a record was never dialled: %s',
    async (kind) => {
      const service = await startService({ settings: { undialled: kind } });
      const records = await find(service, { phone: undialled.phone });
      expect(records).toMatchObject([{ date: null, calls: 0, connId: null, result: 'CLEAN', outcome: 'CLEAN' }]);
    },
  );

  it('has twelve opts and the filled phones if columns are missing, null or unknown', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    const criteria = { phone: inSeveralCampaigns.phone, campaignId: '7203' };
    const [usual] = await find(service, criteria);
    for (const fault of ['missing-keys', 'null-values'] as const) {
      service.simulator.faults.next(fault);
      const [record] = await find(service, criteria);
      expect(record).toMatchObject({
        customerName: null,
        date: null,
        calls: null,
        connId: null,
        result: null,
        outcome: null,
      });
      expect(record?.['opts']).toEqual(
        Array.from({ length: 12 }, (_, index) => ({ position: index + 1, name: `opt${index + 1}`, value: null })),
      );
      expect(record?.['phones']).toEqual(usual?.['phones']);
    }
    service.simulator.faults.next('unknown-keys');
    const [record] = await find(service, criteria);
    expect(record).toEqual({ ...usual, fetchedAt: record?.fetchedAt });
  });

  it('has the result unchanged, and its outcome', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    for (const [result, outcome] of [
      ['ANSWER', 'ANSWER'],
      ['Answer Machine', 'ANSWER_MACHINE'],
      ['no_answer', 'NO_ANSWER'],
      ['WRONG NUMBER', 'WRONG_NUMBER'],
      ['DO-NOT-CALL', 'DO_NOT_CALL'],
      ['PROMESA DE PAGO', 'OTHER'],
    ] as const) {
      service.simulator.dial({ phone: withoutCustomerId.phone }, { result });
      expect(await find(service, { phone: withoutCustomerId.phone })).toMatchObject([{ result, outcome }]);
    }
  });

  it('has null for calls if the text is not a number', async () => {
    const service = await startService();
    for (const [index, calls] of ['', 'tres', '-1', '2.5', '99999999999'].entries()) {
      service.simulator.add({ campaign_id: '4821', customer_id: `2555100${index}`, calls });
      expect(await find(service, { customerId: `2555100${index}` })).toMatchObject([{ calls: null }]);
    }
  });

  it.each([
    ['-05:00', '2026-07-01T08:00:00-05:00', '2026-12-01T08:00:00-05:00'],
    ['+05:30', '2026-07-01T08:00:00+05:30', '2026-12-01T08:00:00+05:30'],
    ['America/Bogota', '2026-07-01T08:00:00-05:00', '2026-12-01T08:00:00-05:00'],
    // This zone has daylight saving time.
    ['Europe/Madrid', '2026-07-01T08:00:00+02:00', '2026-12-01T08:00:00+01:00'],
  ])("has the date in the account's zone: %s", async (zone, summer, winter) => {
    const service = await startService({ env: { WOLKVOX_TIME_ZONE: zone, CACHE_TTL_SECONDS: '0' } });
    const criteria = { phone: withoutCustomerId.phone };
    service.simulator.dial(criteria, { date: '2026-07-01 08:00:00' });
    expect(await find(service, criteria)).toMatchObject([{ date: summer }]);
    service.simulator.dial(criteria, { date: '2026-12-01 08:00:00' });
    expect(await find(service, criteria)).toMatchObject([{ date: winter }]);
  });

  it('has the time of the call in fetchedAt, equal for all records and unchanged in a cached answer', async () => {
    const service = await startService();
    const before = Date.now();
    const records = await find(service, { phone: inSeveralCampaigns.phone });
    const after = Date.now();
    const [fetchedAt = ''] = records.map((record) => record.fetchedAt);
    expect(new Set(records.map((record) => record.fetchedAt))).toEqual(new Set([fetchedAt]));
    expect(fetchedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(fetchedAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(fetchedAt)).toBeLessThanOrEqual(after);
    expect((await find(service, { phone: inSeveralCampaigns.phone }))[0]?.fetchedAt).toBe(fetchedAt);
    expect(service.simulator.requestLog.calls).toHaveLength(1);
  });

  it('leads from a record to its customer and its campaign, and back to records', async () => {
    const service = await startService();
    const { data, errors } = await service.ask(
      `{ findCampaignRecords(phone: "${undialled.phone}") {
          id
          customer { customerId campaignRecords { id } inCampaign: campaignRecords(campaignId: "4821") { id } elsewhere: campaignRecords(campaignId: "7203") { id } }
          campaign { campaignId findRecords(phone: "${undialled.phone}") { id } both: findRecords(phone: "${undialled.phone}", customerId: "${undialled.customerId}") { id } }
      } }`,
    );
    expect(errors).toEqual([]);
    const [record] = data?.['findCampaignRecords'] as { id: string }[];
    const id = record?.id;
    expect(record).toEqual({
      id,
      customer: { customerId: undialled.customerId, campaignRecords: [{ id }], inCampaign: [{ id }], elsewhere: [] },
      campaign: { campaignId: '4821', findRecords: [{ id }], both: [{ id }] },
    });
    // One call for the phone, one for the customer, and one for both. The campaigns are parts of their answers.
    expect(service.simulator.requestLog.calls).toHaveLength(3);
  });
});
