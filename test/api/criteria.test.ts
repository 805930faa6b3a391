import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { startService } from '../support/service.js';
import { FIND, find, wireRecords, type Criteria } from '../support/find.js';

const { inSeveralCampaigns, twiceInOneCampaign, undialled, sharedPhone, smallCampaign, nobody } = EXAMPLES;

describe('criteria', () => {
  const person = { phone: inSeveralCampaigns.phone, customerId: inSeveralCampaigns.customerId, campaignId: '7203' };

  it.each<[Criteria, string[]]>([
    [{ phone: person.phone }, ['4821', '7203', '10277']],
    [{ customerId: person.customerId }, ['4821', '7203', '10277']],
    [{ phone: person.phone, customerId: person.customerId }, ['4821', '7203', '10277']],
    [{ phone: person.phone, campaignId: person.campaignId }, ['7203']],
    [{ customerId: person.customerId, campaignId: person.campaignId }, ['7203']],
    [person, ['7203']],
    // Each criterion has records, but no record fulfils all of them.
    [{ phone: person.phone, customerId: twiceInOneCampaign.customerId }, []],
    [{ phone: undialled.phone, campaignId: '7203' }, []],
    [{ customerId: undialled.customerId, campaignId: '7203' }, []],
    [{ ...person, campaignId: '9450' }, []],
  ])('hold for every record: %j', async (criteria, campaignIds) => {
    for (const combine of ['and', 'or'] as const) {
      const service = await startService({ settings: { combine } });
      const records = await find(service, criteria);
      expect(records.map(({ campaignId }) => campaignId)).toEqual(campaignIds);
      for (const { customerId } of records) expect(customerId).toBe(person.customerId);
      // The call has exactly the given criteria.
      const { phone = '', customerId = '', campaignId = '' } = criteria;
      expect(service.simulator.requestLog.calls.map(({ lookup }) => lookup)).toEqual([
        { phone, customerId, campaignId },
      ]);
    }
  });

  it('find all records of a campaign by the campaign alone', async () => {
    const service = await startService();
    const records = await find(service, { campaignId: smallCampaign.campaignId });
    expect(records.length).toBe((await wireRecords(service, { campaignId: smallCampaign.campaignId })).length);
    expect(new Set(records.map(({ campaignId }) => campaignId))).toEqual(new Set([smallCampaign.campaignId]));
  });

  it('find both people with the same phone, and each of them by phone and customer id', async () => {
    const service = await startService();
    const both = await find(service, { phone: sharedPhone.phone });
    expect(both.map(({ customerId }) => customerId)).toEqual([...sharedPhone.customerIds]);
    for (const customerId of sharedPhone.customerIds) {
      expect(await find(service, { phone: sharedPhone.phone, customerId })).toMatchObject([{ customerId }]);
    }
  });

  it('cause one call for a phone in different notations', async () => {
    const service = await startService();
    const forms = [
      '3064821975',
      '306 482 1975',
      '306-482-1975',
      '(306) 482.1975',
      '+3064821975',
      '[306] 482/1975',
      ' 306\u00a0482\u20131975 ',
    ];
    const { data, errors } = await service.ask(
      `{ ${forms.map((form, index) => `a${index}: findCampaignRecords(phone: ${JSON.stringify(form)}) { id }`).join(' ')} }`,
    );
    expect(errors).toEqual([]);
    expect(new Set(Object.values(data ?? {}).map((list) => JSON.stringify(list))).size).toBe(1);
    expect(data?.['a0']).toHaveLength(3);
    expect(service.simulator.requestLog.calls.map(({ lookup }) => lookup.phone)).toEqual(['3064821975']);
  });

  it('count as absent if they are blank', async () => {
    const service = await startService();
    const forms: Criteria[] = [
      { phone: person.phone },
      { phone: person.phone, customerId: '', campaignId: ' ' },
      { phone: ` ${person.phone}`, customerId: null, campaignId: null },
      { phone: person.phone, customerId: '\t', campaignId: '\n' },
    ];
    const answers = await Promise.all(forms.map((form) => find(service, form)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(service.simulator.requestLog.calls).toHaveLength(1);
  });

  it('are BAD_USER_INPUT if they are not valid, and cause no call', async () => {
    const service = await startService();
    const wrong: Criteria[] = [
      {},
      { phone: ' ', customerId: '', campaignId: null },
      { phone: '12345' },
      { phone: '306-CALL-ME' },
      { phone: '3064821975306482197' },
      { customerId: 'x'.repeat(101) },
      { customerId: 'a\u0000b' },
      { campaignId: 'all' },
      { phone: person.phone, campaignId: '7203; drop' },
    ];
    for (const criteria of wrong) {
      const { data, errors } = await service.ask(FIND, { ...criteria });
      expect(data).toEqual({ findCampaignRecords: null });
      expect(errors).toMatchObject([
        { path: ['findCampaignRecords'], extensions: { code: 'BAD_USER_INPUT', retryable: false } },
      ]);
      for (const value of [criteria.phone, criteria.customerId, criteria.campaignId]) {
        if ((value ?? '').trim() !== '') expect(JSON.stringify(errors)).not.toContain(value);
      }
    }
    const negative = await service.ask(`{ findCampaignRecords(phone: "${person.phone}", maxAge: -1) { id } }`);
    expect(negative.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('fail only their own field if they are not valid', async () => {
    const service = await startService();
    const { data, errors } = await service.ask(
      `{ wrong: findCampaignRecords(phone: "12") { id } right: findCampaignRecords(phone: "${person.phone}") { id } }`,
    );
    expect(errors.map(({ path }) => path)).toEqual([['wrong']]);
    expect(data?.['wrong']).toBeNull();
    expect(data?.['right']).toHaveLength(3);
  });

  it.each<[SimulatorSettings['phoneMatch'], string[]]>([
    // The number is stored bare as tel1 in 4821, with "9" as tel2 in 7203, and with "957" as tel1 in 10277.
    ['prefix', ['4821', '7203', '10277']],
    ['tel1', ['4821', '10277']],
    ['exact', ['4821']],
  ])('find by phone what Wolkvox finds, however it compares phones: %s', async (phoneMatch, campaignIds) => {
    const service = await startService({ settings: { phoneMatch } });
    const records = await find(service, { phone: person.phone });
    expect(records.map(({ campaignId }) => campaignId)).toEqual(campaignIds);
    // A stored number with its prefix is found by the whole number.
    const prefixed = await find(service, { phone: `957${person.phone}` });
    expect(prefixed.map(({ campaignId }) => campaignId)).toEqual(['10277']);
  });
});

describe('the list of records', () => {
  it('is empty without an error if no record matches', async () => {
    const service = await startService();
    expect(await find(service, { phone: nobody.phone })).toEqual([]);
    expect(await find(service, { customerId: nobody.customerId })).toEqual([]);
    expect(await find(service, { campaignId: '9999' })).toEqual([]);
    expect(service.simulator.requestLog.calls.map(({ outcome }) => outcome)).toEqual([
      'no match',
      'no match',
      'no match',
    ]);
  });

  it.each<SimulatorSettings['noMatch']>(['404', '404-no-data', '404-null', '200', '200-null', '200-no-data'])(
    'is empty for each form of the answer that nothing was found: %s',
    async (noMatch) => {
      const service = await startService({ settings: { noMatch } });
      expect(await find(service, { phone: nobody.phone })).toEqual([]);
      expect(service.simulator.requestLog.calls).toHaveLength(1);
    },
  );

  it('is empty if Wolkvox finds only records that do not fulfil all criteria', async () => {
    const service = await startService({ settings: { combine: 'or' } });
    expect(await find(service, { phone: inSeveralCampaigns.phone, customerId: nobody.customerId })).toEqual([]);
    expect(service.simulator.requestLog.calls.map(({ outcome }) => outcome)).toEqual(['match']);
  });

  it('is RESULT_TOO_LARGE for more than 1,000 records, with a hint how to narrow the search', async () => {
    const service = await startService();
    for (const campaignId of ['7203', '10277']) {
      const { data, errors } = await service.ask(`{ findCampaignRecords(campaignId: "${campaignId}") { id } }`);
      expect(data).toEqual({ findCampaignRecords: null });
      expect(errors).toMatchObject([{ extensions: { code: 'RESULT_TOO_LARGE', retryable: false } }]);
      expect(errors[0]?.message).toMatch(/1,000.*phone|1,000.*customerId/);
    }
    const narrowed = await service.ask(
      `{ _entities(representations: [{ __typename: "Campaign", campaignId: "7203" }]) { ... on Campaign { findRecords(customerId: "${twiceInOneCampaign.customerId}") { id } } } }`,
    );
    expect(narrowed.errors).toEqual([]);
    expect(narrowed.data).toMatchObject({ _entities: [{ findRecords: [{}, {}] }] });
  });

  it('may have 1,000 records', async () => {
    const service = await startService();
    for (let index = 0; index < 1_000; index += 1)
      service.simulator.add({ campaign_id: '1000', customer_id: `2556${index}` });
    expect(await find(service, { campaignId: '1000' })).toHaveLength(1_000);
    service.simulator.add({ campaign_id: '1000', customer_id: '2557000' });
    const { errors } = await service.ask('{ findCampaignRecords(campaignId: "1000", maxAge: 0) { id } }');
    expect(errors).toMatchObject([{ extensions: { code: 'RESULT_TOO_LARGE' } }]);
  });

  it('is null exactly if there is an error', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    const faults = [
      'token-refused',
      'quota-refused',
      'html-200',
      'truncated-json',
      'empty-body',
      '404-html',
      'maintenance-html',
    ] as const;
    const codes = [
      'UPSTREAM_REFUSED',
      'UPSTREAM_QUOTA_EXHAUSTED',
      'UPSTREAM_MALFORMED',
      'UPSTREAM_MALFORMED',
      'UPSTREAM_MALFORMED',
      'UPSTREAM_REFUSED',
      'UPSTREAM_UNAVAILABLE',
    ];
    for (const [index, fault] of faults.entries()) {
      // These two need a new service: a refused token and an exhausted quota are remembered.
      const { ask, simulator } = index < 2 ? await startService() : service;
      simulator.faults.next(fault);
      const { data, errors } = await ask(`{ findCampaignRecords(phone: "${inSeveralCampaigns.phone}") { id } }`);
      expect(data).toEqual({ findCampaignRecords: null });
      expect(errors).toMatchObject([{ path: ['findCampaignRecords'], extensions: { code: codes[index] } }]);
    }
  });

  it('comes from find_record alone, by GET', async () => {
    const service = await startService();
    await find(service, { phone: inSeveralCampaigns.phone });
    await find(service, { campaignId: smallCampaign.campaignId });
    const { requests } = service.simulator.requestLog;
    expect(requests).toHaveLength(2);
    for (const { page, method, api } of requests)
      expect([page, method, api]).toEqual(['campaign', 'GET', 'find_record']);
  });
});
