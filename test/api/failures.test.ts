import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { FAULT_NAMES, type FaultName } from '../../src/simulator/faults.js';
import { createMovableClock } from '../support/clock.js';
import { codesOf } from '../support/graphql-client.js';
import { holdCalls } from '../support/simulator-client.js';
import { logLines, startService, type TestService, type TestServiceOptions } from '../support/service.js';

/** What happens to a lookup that meets a fault. Without a code it is answered. */
interface Expected {
  readonly code?: string;
  readonly attempts?: 1 | 2;
  /** The kind of failure, `reason` in the log. */
  readonly reason?: string;
  /** Other fields of the log line. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: 'Retry-After' | 'next check' | 'next day';
}

const server = (httpStatus: number): Expected => ({
  code: 'UPSTREAM_UNAVAILABLE',
  attempts: 2,
  reason: 'server',
  facts: { httpStatus },
});
const connectionBroken: Expected = { code: 'UPSTREAM_UNAVAILABLE', attempts: 2, reason: 'connection' };
const timedOut: Expected = {
  code: 'UPSTREAM_TIMEOUT',
  attempts: 2,
  reason: 'timeout',
  facts: { networkCode: expect.stringMatching(/Timeout/) },
};
const maintenance: Expected = {
  code: 'UPSTREAM_UNAVAILABLE',
  attempts: 1,
  reason: 'maintenance',
  facts: { httpStatus: 403 },
};
const throttled: Expected = {
  code: 'UPSTREAM_BUSY',
  attempts: 1,
  reason: 'throttled',
  facts: { httpStatus: 429 },
  retryAfterSeconds: 'Retry-After',
};
const malformed: Expected = {
  code: 'UPSTREAM_MALFORMED',
  attempts: 1,
  reason: 'malformed',
  facts: { detail: expect.stringMatching(/./) },
};
const quota = (httpStatus: number): Expected => ({
  code: 'UPSTREAM_QUOTA_EXHAUSTED',
  attempts: 1,
  reason: 'quota',
  facts: { httpStatus },
  retryAfterSeconds: 'next check',
});
const tooLarge: Expected = { code: 'RESULT_TOO_LARGE', attempts: 1, reason: 'too-large' };
const answered: Expected = {};

const TABLE: Readonly<Record<FaultName, Expected>> = {
  slow: answered,
  cut: connectionBroken,
  reset: { ...connectionBroken, facts: { networkCode: 'ECONNRESET' } },
  'cut-body': connectionBroken,
  silence: timedOut,
  'silence-body': timedOut,
  '500': server(500),
  '502': server(502),
  '503': server(503),
  '504': server(504),
  '429-seconds': throttled,
  '429-date': throttled,
  '404-html': { code: 'UPSTREAM_REFUSED', attempts: 1, reason: 'request', facts: { httpStatus: 404 } },
  'html-200': malformed,
  'truncated-json': malformed,
  bom: answered,
  'empty-body': malformed,
  'code-number': answered,
  'code-zero': answered,
  'error-null-text': answered,
  'code-403-in-200': quota(200),
  'code-500-in-200': { ...server(200), facts: { httpStatus: 200, envelopeCode: 500 } },
  'maintenance-json': maintenance,
  'maintenance-html': maintenance,
  'maintenance-empty': maintenance,
  'missing-keys': answered,
  'missing-campaign': answered,
  'null-values': answered,
  'unknown-keys': answered,
  'gzip-bomb': tooLarge,
  'endless-body': timedOut,
  flood: tooLarge,
  'token-refused': { code: 'UPSTREAM_REFUSED', attempts: 1, reason: 'token', facts: { httpStatus: 403 } },
  'simultaneous-refused': { code: 'UPSTREAM_BUSY', attempts: 2, reason: 'simultaneous', facts: { httpStatus: 403 } },
  'quota-refused': quota(403),
};

const REMEMBERED = new Set(['request', 'malformed', 'too-large']);
const RETRY_AFTER = 30;
const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;
const ofPerson = (customerId: string, campaignId: string): string =>
  `{ findCampaignRecords(customerId: "${customerId}", campaignId: "${campaignId}") { customerId fetchedAt } }`;
const KNOWN = ofPerson(inSeveralCampaigns.customerId, '4821');
const NEW = ofPerson(twiceInOneCampaign.customerId, twiceInOneCampaign.campaignId);

describe('faults of Wolkvox', () => {
  it('are all in the table', () => {
    expect(Object.keys(TABLE).sort()).toEqual([...FAULT_NAMES].sort());
  });

  it.each(FAULT_NAMES)('%s', async (fault) => {
    const expected = TABLE[fault];
    const clock = createMovableClock();
    const service = await startFailing({ clock, ...(expected === timedOut ? SHORT_TIMEOUT : {}) });
    const { ask, simulator } = service;
    const before = await ask(KNOWN);
    expect(before.errors).toEqual([]);
    const loggedBefore = logLines(service, 'call.failed').length;
    clock.advance(301_000);
    simulator.requestLog.reset();

    simulator.faults.always(fault);
    const failed = await ask(NEW);

    if (expected.code === undefined) {
      expect(failed.errors).toEqual([]);
      expect(failed.data?.['findCampaignRecords']).toHaveLength(2);
      expect(simulator.requestLog.requests).toHaveLength(1);
      return;
    }
    expect(failed.status).toBe(200);
    expect(failed.data).toEqual({ findCampaignRecords: null });
    expect(failed.errors.map(({ extensions }) => extensions)).toEqual([extensionsOf(expected)]);
    expect(simulator.requestLog.requests).toHaveLength(expected.attempts ?? 0);
    const failures = logLines(service, 'call.failed').slice(loggedBefore);
    expect(failures).toHaveLength(expected.attempts ?? 0);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: expected.code, reason: expected.reason, ...expected.facts });
    }

    // Stale-if-error: the stale answer is served while the fault lasts, unless the answer itself is the failure.
    const stale = await ask(KNOWN);
    if (expected.code === 'RESULT_TOO_LARGE') expect(codesOf(stale)).toEqual(['RESULT_TOO_LARGE']);
    else expect({ data: stale.data, errors: stale.errors }).toEqual({ data: before.data, errors: [] });

    simulator.faults.clear();
    const sentBefore = simulator.requestLog.requests.length;
    // One call checks after 10 s whether the day is still used up.
    if (expected.reason === 'quota') {
      expect(codesOf(await ask(NEW))).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
      clock.advance(11_000);
    }
    // No call is sent before the time of Retry-After.
    if (expected.reason === 'throttled') {
      expect(codesOf(await ask(NEW))).toEqual(['UPSTREAM_BUSY']);
      clock.advance(31_000);
    }
    // Failures that will not pass soon are remembered for a minute.
    if (REMEMBERED.has(expected.reason ?? '')) {
      expect(codesOf(await ask(NEW))).toEqual([expected.code]);
      expect(simulator.requestLog.requests).toHaveLength(sentBefore);
    }
    clock.advance(61_000);
    await expect.poll(async () => codesOf(await ask(NEW)), { timeout: 30_000 }).toEqual([]);
    if (expected.code !== 'RESULT_TOO_LARGE') {
      // A call that still waits for the end of a pause answers later.
      await expect.poll(async () => (await ask(KNOWN)).data, { timeout: 20_000 }).not.toEqual(before.data);
    }
    expect(simulator.requestLog.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('are hidden by the second attempt if they pass quickly', async () => {
    for (const fault of ['503', 'cut', 'simultaneous-refused'] as const) {
      const { ask, simulator } = await startFailing();
      simulator.faults.next(fault);
      expect(codesOf(await ask(NEW))).toEqual([]);
      expect(simulator.requestLog.requests).toHaveLength(2);
    }
  });

  it('are followed by no call before the time of Retry-After', async () => {
    const { ask, simulator } = await startFailing({ settings: { retryAfterSeconds: 1 } });
    simulator.faults.next('429-seconds');
    expect(codesOf(await ask(NEW))).toEqual([]);
    const [first, second] = simulator.requestLog.requests;
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('cause no second attempt if no caller waits any more', async () => {
    const { ask, simulator } = await startFailing({ env: { ...SHORT_TIMEOUT.env, REQUEST_DEADLINE_MS: '100' } });
    simulator.faults.always('silence');
    expect(codesOf(await ask(NEW))).toEqual(['UPSTREAM_TIMEOUT']);
    await expect.poll(() => simulator.requestLog.inFlight, { timeout: 30_000 }).toBe(0);
    expect(simulator.requestLog.requests).toHaveLength(1);
  });

  it('cause second attempts for a tenth of the calls at most, and three at the start', async () => {
    const { ask, simulator } = await startFailing({ probeDelays: { firstMs: 1, maxMs: 1, tokenMs: 1 } });
    // Every other call succeeds, so that the circuit stays closed.
    const healthy = '20000001';
    simulator.faults.always('503', { when: { customerId: healthy.replace(/1$/, '2') } });
    for (let round = 0; round < 30; round += 1) {
      await ask(`{ findCampaignRecords(customerId: "${healthy}", maxAge: 0) { id } }`);
      await ask(`{ findCampaignRecords(customerId: "20000002", maxAge: 0) { id } }`);
    }
    const calls = simulator.requestLog.requests.length;
    const secondAttempts = calls - 60;
    expect(secondAttempts).toBeGreaterThan(3);
    expect(secondAttempts).toBeLessThanOrEqual(3 + calls / 10);
  });
});

describe('circuit', () => {
  const SLOW_PROBES = { firstMs: 60_000, maxMs: 60_000, tokenMs: 60_000 };

  it('opens after five failures in a row, refuses without a call, and leaves the service ready', async () => {
    const { ask, get, simulator, lines } = await startFailing({ probeDelays: SLOW_PROBES });
    simulator.faults.always('maintenance-empty');
    for (let index = 0; index < 5; index += 1) await ask(lookupOfNobody(index));
    expect(simulator.requestLog.requests).toHaveLength(5);

    const refused = await ask(lookupOfNobody(6));

    expect(refused.errors[0]?.extensions).toEqual({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
      retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds > 50 && seconds <= 60) as number,
    });
    expect(simulator.requestLog.requests).toHaveLength(5);
    const ready = await get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'ready', wolkvox: { circuit: 'open' } });
    expect(await (await get('/metrics')).text()).toMatch(/^wolkvox_circuit_open 1$/m);
    expect(lines.join('')).toContain('circuit.opened');
  });

  it('stays closed after bad input, malformed answers and empty answers', async () => {
    const { ask, get, simulator } = await startFailing({ probeDelays: SLOW_PROBES });
    for (let index = 0; index < 8; index += 1) {
      expect(codesOf(await ask(lookupOfNobody(index)))).toEqual([]);
      expect(codesOf(await ask('{ findCampaignRecords(phone: "abc") { id } }'))).toEqual(['BAD_USER_INPUT']);
    }
    simulator.faults.always('html-200');
    for (let index = 8; index < 16; index += 1) {
      expect(codesOf(await ask(lookupOfNobody(index)))).toEqual(['UPSTREAM_MALFORMED']);
    }
    expect(await (await get('/readyz')).json()).toMatchObject({ wolkvox: { circuit: 'closed' } });
  });

  it('stays closed if a success comes between the failures', async () => {
    const { ask, simulator } = await startFailing({ probeDelays: SLOW_PROBES });
    for (let round = 0; round < 4; round += 1) {
      simulator.faults.next('maintenance-json', { times: 4 });
      for (let index = 0; index < 4; index += 1) await ask(lookupOfNobody(10 * round + index));
      expect(codesOf(await ask(lookupOfNobody(10 * round + 4)))).toEqual([]);
    }
    expect(simulator.requestLog.requests).toHaveLength(20);
  });

  it('opens at once if Wolkvox refuses the token, and the log says what to do', async () => {
    const { ask, simulator, lines } = await startFailing({ probeDelays: SLOW_PROBES });
    simulator.faults.always('token-refused');
    expect(codesOf(await ask(lookupOfNobody(1)))).toEqual(['UPSTREAM_REFUSED']);
    const { errors } = await ask(lookupOfNobody(2));
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('does not accept the token') as string,
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
    expect(simulator.requestLog.requests).toHaveLength(1);
    expect(lines.join('')).toContain('Check WOLKVOX_TOKEN and WOLKVOX_SERVER');
  });

  it('sends one probe, refuses other lookups meanwhile, and closes when the probe is answered', async () => {
    const clock = createMovableClock();
    const { ask, get, simulator } = await startFailing({ probeDelays: SLOW_PROBES, clock });
    simulator.faults.always('maintenance-json');
    for (let index = 0; index < 5; index += 1) await ask(lookupOfNobody(index));
    simulator.faults.clear();
    const gate = holdCalls(simulator);
    simulator.requestLog.reset();
    expect(codesOf(await ask(lookupOfNobody(6)))).toEqual(['UPSTREAM_UNAVAILABLE']);
    expect(simulator.requestLog.requests).toHaveLength(0);

    clock.advance(61_000);
    const probe = ask(lookupOfNobody(100));
    await expect.poll(() => simulator.requestLog.requests.length, { timeout: 30_000 }).toBe(1);
    const others = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(lookupOfNobody(200 + index))));
    expect(new Set(others.flatMap(codesOf))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(simulator.requestLog.requests).toHaveLength(1);
    gate.open();
    expect(codesOf(await probe)).toEqual([]);
    expect(codesOf(await ask(lookupOfNobody(300)))).toEqual([]);
    expect(await (await get('/readyz')).json()).toMatchObject({ wolkvox: { circuit: 'closed' } });
  });

  it('lets stale answers be served while it is open', async () => {
    const clock = createMovableClock();
    const { ask, simulator } = await startFailing({ probeDelays: SLOW_PROBES, clock });
    const before = await ask(KNOWN);
    clock.advance(301_000);
    simulator.faults.always('maintenance-html');
    for (let index = 0; index < 5; index += 1) await ask(lookupOfNobody(index));
    simulator.requestLog.reset();
    expect(await ask(KNOWN)).toMatchObject({ data: before.data, errors: [] });
    expect(simulator.requestLog.requests).toHaveLength(0);
    // CACHE_TTL_SECONDS and CACHE_STALE_SECONDS bound their age.
    clock.advance(3_600_000);
    expect(codesOf(await ask(KNOWN))).toEqual(['UPSTREAM_UNAVAILABLE']);
  });
});

describe('used up daily limit', () => {
  it('is an error with the seconds to the next day, and cached answers are still served', async () => {
    const clock = createMovableClock();
    const { ask, simulator } = await startFailing({ clock, env: { WOLKVOX_DAILY_LIMIT: '2' } });
    const before = await ask(KNOWN);
    await ask(lookupOfNobody(1));
    clock.advance(301_000);
    expect((await ask(lookupOfNobody(2))).errors[0]?.extensions).toEqual(
      extensionsOf({ code: 'UPSTREAM_QUOTA_EXHAUSTED', retryAfterSeconds: 'next day' }),
    );
    expect(await ask(KNOWN)).toMatchObject({ data: before.data, errors: [] });
    expect(simulator.requestLog.requests).toHaveLength(2);
  });
});

/** A short timeout, for faults without an end. */
const SHORT_TIMEOUT = { env: { WOLKVOX_TIMEOUT_MS: '300' } };

/** A service over a simulator whose faults are quick and small. */
function startFailing({ env = {}, settings = {}, ...options }: TestServiceOptions = {}): Promise<TestService> {
  return startService({
    probeDelays: { firstMs: 20, maxMs: 20, tokenMs: 20 },
    ...options,
    env: { REQUEST_DEADLINE_MS: '10000', RESPONSE_MAX_MB: '1', ...env },
    settings: { slowMs: 20, dripMs: 20, bombMb: 3, retryAfterSeconds: RETRY_AFTER, ...settings },
  });
}

/** A lookup that matches nobody. */
function lookupOfNobody(index: number): string {
  return `{ findCampaignRecords(customerId: "${20_000_100 + index}") { id } }`;
}

const RETRYABLE = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_BUSY', 'UPSTREAM_UNAVAILABLE']);

function extensionsOf({ code = '', retryAfterSeconds }: Expected): Record<string, unknown> {
  const within = (least: number, most: number): unknown =>
    expect.toSatisfy(
      (seconds: unknown) => Number.isInteger(seconds) && Number(seconds) >= least && Number(seconds) <= most,
    );
  return {
    code,
    retryable: RETRYABLE.has(code),
    ...(retryAfterSeconds === 'Retry-After' ? { retryAfterSeconds: within(RETRY_AFTER - 2, RETRY_AFTER + 1) } : {}),
    ...(retryAfterSeconds === 'next check' ? { retryAfterSeconds: within(1, 10) } : {}),
    ...(retryAfterSeconds === 'next day' ? { retryAfterSeconds: within(1, 86_400) } : {}),
  };
}
