import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '../../../src/core/clock.js';
import { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import { createCalls, type Calls } from '../../../src/probe/calls.js';
import type { Finding, ServiceSettings } from '../../../src/probe/finding.js';
import { askQuestions, countCalls, type Outcome } from '../../../src/probe/questions.js';
import { explain } from '../../../src/probe/report.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { startSimulator } from '../../support/simulator-client.js';

const SETTINGS: ServiceSettings = {
  dailyLimit: undefined,
  quotaSyncMs: 3_600_000,
  searchesAllCampaigns: true,
  countryCode: undefined,
  staleAfterMs: 3_000,
  callTimeoutMs: 60_000,
};
const GIVEN: Partial<Lookup> = { customerId: 'ZZ-77120', campaignId: '4821' };
const NOBODY = { phone: '1900000001', customerId: '190000000000001' };
/** An invented person in two campaigns: bare in the first one, with the country code in the second one. */
const IN_FIRST = { campaign_id: '4821', customer_id: 'ZZ-77120', tel1: '3062200101', tel2: '6011220033', calls: '0' };
const IN_SECOND = { campaign_id: '7203', customer_id: 'ZZ-77120', tel1: '573062200202', calls: '0' };

function openCalls(url: string, atMost: number): Calls {
  const calls = createCalls({
    baseUrl: url,
    account: { token: SIMULATOR_TOKEN, server: '0000' },
    timeoutMs: 5_000,
    zone: 'UTC-5',
    clock: createClock(),
    atMost,
    signal: new AbortController().signal,
  });
  onTestFinished(() => calls.close());
  return calls;
}

interface Asked extends Outcome {
  readonly finding: (id: string) => Finding | undefined;
}

/** Asks all questions of a simulator with the person. */
async function ask(
  prepare: (simulator: Simulator) => void,
  settings: Partial<ServiceSettings> = {},
  given = GIVEN,
): Promise<Asked> {
  const { simulator, url } = await startSimulator();
  simulator.add(IN_FIRST);
  simulator.add(IN_SECOND);
  prepare(simulator);
  const calls = openCalls(url, countCalls(given));
  const context = { calls, given, nobody: NOBODY, settings: { ...SETTINGS, ...settings }, countryCode: '57' };
  const outcome = await askQuestions(context, () => undefined);
  expect(calls.made()).toBe(simulator.requestLog.counts.requests);
  return { ...outcome, finding: (id) => outcome.findings.get(id) };
}

/** A response with rows, or with the values of `envelope` in it. */
function found(rows: readonly object[], envelope: object = {}): { readonly body: string } {
  return { body: JSON.stringify({ code: '200', error: null, msg: 'found', data: rows, ...envelope }) };
}

describe('The probe', () => {
  it('finds everything as assumed with the default simulator, and only then', async () => {
    const { findings, failure } = await ask(() => undefined, { countryCode: '57' });
    expect(failure).toBeUndefined();
    const others = [...findings].filter(([id, { verdict }]) => verdict !== 'as assumed' && id !== 'time-zone');
    expect(others).toEqual([]);
    expect([...findings.values()].flatMap((finding) => finding.settings ?? [])).toEqual([]);
    expect(findings.get('time-zone')?.verdict).toBe('skipped');
  });

  it('never sends more calls than stated', async () => {
    const { simulator, url } = await startSimulator();
    const calls = openCalls(url, 1);
    await calls.find({ customerId: 'A' });
    await calls.find({ customerId: 'A' });
    await expect(calls.find({ customerId: 'B' })).rejects.toThrow('at most 1 calls');
    expect(simulator.requestLog.counts.requests).toBe(1);
  });

  it('finds that a number with its country code finds a bare one, although the service drops the record', async () => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ lookup }) => (lookup.phone === '573062200101' ? found([IN_FIRST]) : undefined)),
    );
    expect(finding('prefixed-finds-bare')).toMatchObject({
      verdict: 'different',
      known: expect.stringContaining('yes: also with 57 before it') as string,
      settings: [{ name: 'WOLKVOX_COUNTRY_CODE', value: null }],
    });
  });

  it('finds that only one of two criteria counts', async () => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ lookup }) =>
        lookup.phone !== '' && lookup.customerId === GIVEN.customerId ? found([IN_FIRST]) : undefined,
      ),
    );
    expect(finding('phone-and-id')).toMatchObject({
      verdict: 'different',
      known: expect.stringContaining('only the customer id counts') as string,
    });
  });

  it('counts rows of other people, which the service drops', async () => {
    const other = { ...IN_SECOND, customer_id: 'ZZ-771200' };
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ lookup }) =>
        lookup.customerId === GIVEN.customerId && lookup.phone === '' ? found([IN_FIRST, other]) : undefined,
      ),
    );
    expect(finding('rows')).toMatchObject({
      verdict: 'different',
      known: expect.stringMatching(/^1 of 2 rows do not/) as string,
    });
  });

  it.each([
    ['an HTML page', { status: 404, body: '<html></html>' }, 'HTTP 404 without an envelope'],
    ['an unknown code', found([], { code: 'none' }), 'HTTP 200 with an envelope whose code is a text'],
    ['rows', found([IN_FIRST]), '1 row for a customer id that nobody has'],
  ])('reports that nobody matches with %s', async (_, response, known) => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ lookup }) => (lookup.customerId === NOBODY.customerId ? response : undefined)),
    );
    expect(finding('no-match')?.verdict).toBe('different');
    expect(finding('no-match')?.known).toContain(known);
    // The other questions were asked all the same.
    expect(finding('all-campaigns')?.verdict).toBe('as assumed');
  });

  it('reports codes, values and columns of another form', async () => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ api }) =>
        api === 'find_record' ? found([{ ...IN_FIRST, calls: 0, conn_id: '77.1.x' }], { code: 200 }) : undefined,
      ),
    );
    expect(finding('form')?.verdict).toBe('different');
    expect(finding('form')?.known).toMatch(/answers with another code; rows of 6 columns; \d+ values of other types/);
    expect(finding('dates')).toMatchObject({
      verdict: 'different',
      known: expect.stringContaining('1 of them with a date or an id of a call') as string,
    });
  });

  it.each([
    ['a request for the figures is free', (lookups: number) => lookups, 'different', 'does not count'],
    [
      'other programs use the account',
      (lookups: number, requests: number) => 7 * requests + lookups,
      'unclear',
      'added 7',
    ],
  ])('sees that %s', async (_, usedOf, verdict, known) => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ api }) => {
        const { counts } = simulator.requestLog;
        const used = usedOf(counts.calls, counts.information);
        return api === 'token_info' ? found([{ token_limit: '1000', all_token_today: String(used) }]) : undefined;
      }),
    );
    expect(finding('cost')?.verdict).toBe(verdict);
    expect(finding('cost')?.known).toContain(known);
  });

  it('goes on without figures, and does not ask for them again', async () => {
    const { finding, failure } = await ask(
      (simulator) =>
        simulator.respondWith(({ api }) => (api === 'token_info' ? { status: 404, body: '<html></html>' } : undefined)),
      { dailyLimit: 5_000 },
    );
    expect(failure).toBeUndefined();
    expect(finding('token')?.verdict).toBe('as assumed');
    expect(finding('figures')).toMatchObject({
      verdict: 'different',
      settings: [{ name: 'WOLKVOX_QUOTA_SYNC_MINUTES', value: '0' }],
    });
    expect(finding('cost')?.verdict).toBe('skipped');
  });

  it('names the limit of the account if a higher one is configured', async () => {
    const { finding } = await ask(({ settings }) => Object.assign(settings, { dailyLimit: 3_000 }), {
      dailyLimit: 5_000,
    });
    expect(finding('figures')?.settings).toMatchObject([{ name: 'WOLKVOX_DAILY_LIMIT', value: '3000' }]);
  });

  it('says that calls are slower than STALE_AFTER_MS', async () => {
    const { finding } = await ask(() => undefined, { staleAfterMs: 0 });
    expect(finding('latency')).toMatchObject({ verdict: 'different', settings: [{ name: 'STALE_AFTER_MS' }] });
  });

  it('says so if the given person is not found', async () => {
    const { finding } = await ask(() => undefined, {}, { customerId: 'ZZ-0', campaignId: '4821' });
    for (const id of ['rows', 'all-campaigns', 'phone-and-id', 'other-phones', 'bare-finds-prefixed']) {
      expect(finding(id)).toMatchObject({
        verdict: 'skipped',
        known: expect.stringContaining('was not found') as string,
      });
    }
  });

  it('cannot tell how phones are compared if Wolkvox refuses the lookup', async () => {
    const { finding } = await ask((simulator) =>
      simulator.respondWith(({ lookup }) =>
        lookup.phone === '' ? undefined : { status: 400, body: '{"code":"400","error":"BAD REQUEST","msg":"NO"}' },
      ),
    );
    for (const id of ['phone-and-id', 'other-phones', 'bare-finds-prefixed', 'prefixed-finds-bare']) {
      expect(finding(id)).toMatchObject({
        verdict: 'unclear',
        known: expect.stringMatching(/^UPSTREAM_REFUSED: .*HTTP 400/) as string,
      });
    }
  });

  it.each([
    ['simultaneous-refused', 'simultaneous', 'Another program uses the token'],
    ['quota-refused', 'quota', 'Repeat the probe on the next day'],
    ['maintenance-html', 'maintenance', 'Repeat the probe later'],
    ['reset', 'connection', 'list the one of this machine'],
    ['503', 'server', 'docs/errors.md explains UPSTREAM_UNAVAILABLE'],
    ['404-html', 'request', 'Check WOLKVOX_SERVER'],
  ] as const)('ends at the fault %s, and explains it', async (fault, kind, advice) => {
    const { failure, finding } = await ask(({ faults }) => faults.always(fault));
    expect(failure?.kind).toBe(kind);
    expect(explain(failure ?? new LookupFailure('deadline'))).toContain(advice);
    expect(finding('cost')?.verdict).toBe('not asked');
  });
});

describe('countCalls', () => {
  it('is the sum of the questions that can be asked', () => {
    expect(countCalls({})).toBe(4);
    expect(countCalls({ campaignId: '4821' })).toBe(4);
    expect(countCalls({ phone: '3062200101' })).toBe(10);
    expect(countCalls({ customerId: 'A' })).toBe(11);
    expect(countCalls({ customerId: 'A', phone: '3062200101', campaignId: '4821' })).toBe(12);
  });
});
