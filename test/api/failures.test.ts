import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/cast.js';
import { FAULT_NAMES, type FaultName } from '../../src/simulator/faults.js';
import { holdCalls } from '../support/simulator-client.js';
import { startService, type GraphResponse, type TestService, type TestServiceOptions } from '../support/service.js';

/** What becomes of a question that meets a fault: it is answered all the same, or fails with a code after so many requests. */
interface Row {
  readonly code?: string;
  readonly attempts?: 1 | 2;
  /** What the log calls it. */
  readonly kind?: string;
  /** The true cause in the log, beside the kind. */
  readonly cause?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: 'as told' | 'to the next day';
}

const server = (httpStatus: number): Row => ({
  code: 'UPSTREAM_UNAVAILABLE',
  attempts: 2,
  kind: 'server',
  cause: { httpStatus },
});
const broken: Row = { code: 'UPSTREAM_UNAVAILABLE', attempts: 2, kind: 'connection' };
const late: Row = {
  code: 'UPSTREAM_TIMEOUT',
  attempts: 2,
  kind: 'timeout',
  cause: { networkCode: expect.stringMatching(/Timeout/) },
};
const maintenance: Row = {
  code: 'UPSTREAM_UNAVAILABLE',
  attempts: 1,
  kind: 'maintenance',
  cause: { httpStatus: 403 },
};
const throttled: Row = {
  code: 'UPSTREAM_BUSY',
  attempts: 1,
  kind: 'throttled',
  cause: { httpStatus: 429 },
  retryAfterSeconds: 'as told',
};
const malformed: Row = {
  code: 'UPSTREAM_MALFORMED',
  attempts: 1,
  kind: 'malformed',
  cause: { detail: expect.stringMatching(/./) },
};
const quota = (httpStatus: number): Row => ({
  code: 'UPSTREAM_QUOTA_EXHAUSTED',
  attempts: 1,
  kind: 'quota',
  cause: { httpStatus },
  retryAfterSeconds: 'to the next day',
});
const tooLarge: Row = { code: 'RESULT_TOO_LARGE', attempts: 1, kind: 'too-large' };
const answered: Row = {};

const TABLE: Readonly<Record<FaultName, Row>> = {
  slow: answered,
  cut: broken,
  reset: { ...broken, cause: { networkCode: 'ECONNRESET' } },
  'cut-body': broken,
  silence: late,
  'silence-body': late,
  '500': server(500),
  '502': server(502),
  '503': server(503),
  '504': server(504),
  '429-seconds': throttled,
  '429-date': throttled,
  '404-html': { code: 'UPSTREAM_REFUSED', attempts: 1, kind: 'request', cause: { httpStatus: 404 } },
  'html-200': malformed,
  'truncated-json': malformed,
  bom: answered,
  'empty-body': malformed,
  'code-number': answered,
  'code-zero': answered,
  'error-null-text': answered,
  'code-403-in-200': quota(200),
  'code-500-in-200': { ...server(200), cause: { httpStatus: 200, envelopeCode: 500 } },
  'maintenance-json': maintenance,
  'maintenance-html': maintenance,
  'maintenance-empty': maintenance,
  'missing-keys': answered,
  'null-values': answered,
  'unknown-keys': answered,
  'gzip-bomb': tooLarge,
  'endless-body': late,
  flood: tooLarge,
  'token-refused': { code: 'UPSTREAM_REFUSED', attempts: 1, kind: 'token', cause: { httpStatus: 403 } },
  'simultaneous-refused': { code: 'UPSTREAM_BUSY', attempts: 2, kind: 'simultaneous', cause: { httpStatus: 403 } },
  'quota-refused': quota(403),
};

const RETRY_AFTER = 30;
const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;
const ofPerson = (customerId: string, campaignId: string): string =>
  `{ findCampaignRecords(customerId: "${customerId}", campaignId: "${campaignId}") { customerId fetchedAt } }`;
const KNOWN = ofPerson(inSeveralCampaigns.customerId, '4821');
const NEW = ofPerson(twiceInOneCampaign.customerId, twiceInOneCampaign.campaignId);

describe('A fault of Wolkvox', () => {
  it('has a row here, each one', () => {
    expect(Object.keys(TABLE).sort()).toEqual([...FAULT_NAMES].sort());
  });

  it.each(FAULT_NAMES)('%s', async (fault) => {
    const row = TABLE[fault];
    const clock = movable();
    const service = await startFailing({ now: clock.now, ...(row === late ? IMPATIENT : {}) });
    const { ask, simulator } = service;
    const before = await ask(KNOWN);
    expect(before.errors).toEqual([]);
    clock.advance(301_000);
    simulator.witness.reset();

    simulator.faults.always(fault);
    const failed = await ask(NEW);

    if (row.code === undefined) {
      expect(failed.errors).toEqual([]);
      expect(failed.data?.['findCampaignRecords']).toHaveLength(2);
      expect(simulator.witness.requests).toHaveLength(1);
      return;
    }
    expect(failed.status).toBe(200);
    expect(failed.data).toEqual({ findCampaignRecords: null });
    expect(failed.errors.map(({ extensions }) => extensions)).toEqual([extensionsOf(row)]);
    expect(simulator.witness.requests).toHaveLength(row.attempts ?? 0);
    const failures = logged(service, 'call failed');
    expect(failures).toHaveLength(row.attempts ?? 0);
    for (const failure of failures) expect(failure).toMatchObject({ code: row.code, kind: row.kind, ...row.cause });

    // While it lasts, an answer that has passed its time stands in, unless the answer itself is the failure.
    const stale = await ask(KNOWN);
    if (row.code === 'RESULT_TOO_LARGE') expect(codes(stale)).toEqual(['RESULT_TOO_LARGE']);
    else expect({ data: stale.data, errors: stale.errors }).toEqual({ data: before.data, errors: [] });

    simulator.faults.clear();
    // Wolkvox's word that the day is used up is put to the test once an hour; an open circuit by a probe.
    if (row.kind === 'quota') {
      expect(codes(await ask(NEW))).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
      clock.advance(3_601_000);
    }
    // Nobody is sent before the end of the pause that Wolkvox asked for.
    if (row.kind === 'throttled' && row.retryAfterSeconds !== undefined) {
      expect(codes(await ask(NEW))).toEqual(['UPSTREAM_BUSY']);
      clock.advance(3_601_000);
    }
    await expect.poll(async () => codes(await ask(NEW)), { timeout: 5_000 }).toEqual([]);
    const after = await ask(KNOWN);
    expect(after.errors).toEqual([]);
    if (row.code !== 'RESULT_TOO_LARGE') expect(after.data).not.toEqual(before.data);
    expect(simulator.witness.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('is passed by a second attempt where it is over by then', async () => {
    for (const fault of ['503', 'cut', 'simultaneous-refused'] as const) {
      const { ask, simulator } = await startFailing();
      simulator.faults.next(fault);
      expect(codes(await ask(NEW))).toEqual([]);
      expect(simulator.witness.requests).toHaveLength(2);
    }
  });

  it('is asked again no sooner than Wolkvox says in Retry-After', async () => {
    const { ask, simulator } = await startFailing({ settings: { retryAfterSeconds: 1 } });
    simulator.faults.next('429-seconds');
    expect(codes(await ask(NEW))).toEqual([]);
    const [first, second] = simulator.witness.requests;
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('is not asked again where nobody waits any more', async () => {
    const { ask, simulator } = await startFailing({ env: { ...IMPATIENT.env, REQUEST_DEADLINE_MS: '100' } });
    simulator.faults.always('silence');
    expect(codes(await ask(NEW))).toEqual(['UPSTREAM_TIMEOUT']);
    await expect.poll(() => simulator.witness.inFlight, { timeout: 5_000 }).toBe(0);
    expect(simulator.witness.requests).toHaveLength(1);
  });

  it('costs second attempts of a tenth of the calls at most, beside three at the start', async () => {
    const { ask, simulator } = await startFailing({ probes: { firstMs: 1, lastMs: 1, tokenMs: 1 } });
    // A success now and then, so that the circuit stays closed.
    const healthy = '20000001';
    simulator.faults.always('503', { when: { customerId: healthy.replace(/1$/, '2') } });
    for (let round = 0; round < 30; round += 1) {
      await ask(`{ findCampaignRecords(customerId: "${healthy}", maxAge: 0) { id } }`);
      await ask(`{ findCampaignRecords(customerId: "20000002", maxAge: 0) { id } }`);
    }
    const calls = simulator.witness.requests.length;
    const second = calls - 60;
    console.log(`60 questions, every second one failing: ${second} second attempts`);
    expect(second).toBeGreaterThan(3);
    expect(second).toBeLessThanOrEqual(3 + calls / 10);
  });
});

describe('The circuit', () => {
  const SLOW_PROBES = { firstMs: 60_000, lastMs: 60_000, tokenMs: 60_000 };

  it('opens on failures in a row, then refuses without a call, shows it, and keeps the service ready', async () => {
    const { ask, get, simulator, lines } = await startFailing({ probes: SLOW_PROBES });
    simulator.faults.always('maintenance-empty');
    for (let index = 0; index < 5; index += 1) await ask(question(index));
    expect(simulator.witness.requests).toHaveLength(5);

    const startedAt = performance.now();
    const refused = await ask(question(6));
    console.log(`refused by the open circuit in ${Math.round(performance.now() - startedAt)} ms (50 ms at most)`);

    expect(refused.errors[0]?.extensions).toEqual({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
      retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds > 50 && seconds <= 60) as number,
    });
    expect(simulator.witness.requests).toHaveLength(5);
    const ready = await get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'ready', wolkvox: { circuit: 'open' } });
    expect(await (await get('/metrics')).text()).toMatch(/^wolkvox_circuit_open 1$/m);
    expect(lines.join('')).toContain('circuit open');
  });

  it('stays closed whatever bad input and malformed answers there are, and however often nobody is found', async () => {
    const { ask, get, simulator } = await startFailing({ probes: SLOW_PROBES });
    for (let index = 0; index < 8; index += 1) {
      expect(codes(await ask(question(index)))).toEqual([]);
      expect(codes(await ask('{ findCampaignRecords(phone: "abc") { id } }'))).toEqual(['BAD_USER_INPUT']);
    }
    simulator.faults.always('html-200');
    for (let index = 8; index < 16; index += 1) {
      expect(codes(await ask(question(index)))).toEqual(['UPSTREAM_MALFORMED']);
    }
    expect(await (await get('/readyz')).json()).toMatchObject({ wolkvox: { circuit: 'closed' } });
  });

  it('does not open where a success stands between the failures', async () => {
    const { ask, simulator } = await startFailing({ probes: SLOW_PROBES });
    for (let round = 0; round < 4; round += 1) {
      simulator.faults.next('maintenance-json', { times: 4 });
      for (let index = 0; index < 4; index += 1) await ask(question(10 * round + index));
      expect(codes(await ask(question(10 * round + 4)))).toEqual([]);
    }
    expect(simulator.witness.requests).toHaveLength(20);
  });

  it('opens at once where Wolkvox refuses the token, and says in the log what to do', async () => {
    const { ask, simulator, lines } = await startFailing({ probes: SLOW_PROBES });
    simulator.faults.always('token-refused');
    expect(codes(await ask(question(1)))).toEqual(['UPSTREAM_REFUSED']);
    const { errors } = await ask(question(2));
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('refuses the token') as string,
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
    expect(simulator.witness.requests).toHaveLength(1);
    expect(lines.join('')).toContain('check WOLKVOX_TOKEN and WOLKVOX_SERVER');
  });

  it('lets one probe through, refuses everybody else meanwhile, and closes when it is answered', async () => {
    const { ask, get, simulator } = await startFailing({ probes: { firstMs: 20, lastMs: 20, tokenMs: 20 } });
    simulator.faults.always('maintenance-json');
    for (let index = 0; index < 5; index += 1) await ask(question(index));
    simulator.faults.clear();
    const gate = holdCalls(simulator);
    simulator.witness.reset();

    // Until the time of the probe has come, there is none.
    const probes: Promise<GraphResponse>[] = [];
    await expect
      .poll(
        () => {
          probes.push(ask(question(100 + probes.length)));
          return simulator.witness.requests.length;
        },
        { timeout: 5_000, interval: 10 },
      )
      .toBe(1);
    const others = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(question(200 + index))));
    expect(new Set(others.flatMap(codes))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(simulator.witness.requests).toHaveLength(1);
    gate.open();
    const first = await Promise.all(probes);
    expect(first.filter((answer) => answer.errors.length === 0)).toHaveLength(1);
    expect(codes(await ask(question(300)))).toEqual([]);
    expect(await (await get('/readyz')).json()).toMatchObject({ wolkvox: { circuit: 'closed' } });
  });

  it('serves answers that have passed their time while it is open', async () => {
    const clock = movable();
    const { ask, simulator } = await startFailing({ probes: SLOW_PROBES, now: clock.now });
    const before = await ask(KNOWN);
    clock.advance(301_000);
    simulator.faults.always('maintenance-html');
    for (let index = 0; index < 5; index += 1) await ask(question(index));
    simulator.witness.reset();
    expect(await ask(KNOWN)).toMatchObject({ data: before.data, errors: [] });
    expect(simulator.witness.requests).toHaveLength(0);
    // No older than its time and the time it may stand in.
    clock.advance(3_600_000);
    expect(codes(await ask(KNOWN))).toEqual(['UPSTREAM_UNAVAILABLE']);
  });
});

describe('The day that is used up', () => {
  it('is told with the seconds to the next, and what is known is still answered', async () => {
    const clock = movable();
    const { ask, simulator } = await startFailing({ now: clock.now, env: { WOLKVOX_DAILY_LIMIT: '2' } });
    const before = await ask(KNOWN);
    await ask(question(1));
    clock.advance(301_000);
    expect((await ask(question(2))).errors[0]?.extensions).toEqual(
      extensionsOf({ code: 'UPSTREAM_QUOTA_EXHAUSTED', retryAfterSeconds: 'to the next day' }),
    );
    expect(await ask(KNOWN)).toMatchObject({ data: before.data, errors: [] });
    expect(simulator.witness.requests).toHaveLength(2);
  });
});

/** Gives a call 150 ms, for faults that have no end. */
const IMPATIENT = { env: { WOLKVOX_TIMEOUT_MS: '150' } };

/** A service whose simulator fails quickly and largely. */
function startFailing({ env = {}, settings = {}, ...options }: TestServiceOptions = {}): Promise<TestService> {
  return startService({
    probes: { firstMs: 20, lastMs: 20, tokenMs: 20 },
    ...options,
    env: { REQUEST_DEADLINE_MS: '10000', RESPONSE_MAX_MB: '1', ...env },
    settings: { slowMs: 20, dripMs: 20, bombMb: 3, retryAfterSeconds: RETRY_AFTER, ...settings },
  });
}

/** A clock that runs as the true one does, and can be put forward. */
function movable(): { now: () => number; advance(ms: number): void } {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    advance(ms) {
      offset += ms;
    },
  };
}

/** A question about nobody. */
function question(index: number): string {
  return `{ findCampaignRecords(customerId: "${20_000_100 + index}") { id } }`;
}

function codes({ errors }: GraphResponse): unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}

const RETRYABLE = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_BUSY', 'UPSTREAM_UNAVAILABLE']);

function extensionsOf({ code = '', retryAfterSeconds }: Row): Record<string, unknown> {
  const within = (least: number, most: number): unknown =>
    expect.toSatisfy(
      (seconds: unknown) => Number.isInteger(seconds) && Number(seconds) >= least && Number(seconds) <= most,
    );
  return {
    code,
    retryable: RETRYABLE.has(code),
    ...(retryAfterSeconds === 'as told' ? { retryAfterSeconds: within(RETRY_AFTER - 2, RETRY_AFTER + 1) } : {}),
    ...(retryAfterSeconds === 'to the next day' ? { retryAfterSeconds: within(1, 86_400) } : {}),
  };
}

function logged({ lines }: TestService, event: string): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event);
}
