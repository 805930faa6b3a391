import { describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../../src/core/events.js';
import { LOG_FIELDS } from '../../../src/core/log.js';
import { createEventLog } from '../../../src/telemetry/event-log.js';
import { createLog, describeBug } from '../../../src/telemetry/log.js';
import { MESSAGES } from '../../../src/telemetry/messages.js';
import { createManualClock } from '../../support/lookup-source.js';
import { EXAMPLES } from './example-events.js';

/** Writes events to a real log, and returns its lines. */
function createTestLog(secrets: readonly string[] = []): {
  readonly log: ReturnType<typeof createLog>;
  readonly lines: () => Record<string, unknown>[];
} {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return {
    log: createLog({ level: 'trace', secrets, destination }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Writes one event to a real log, and returns its lines. */
function linesOf(event: ServiceEvent): Record<string, unknown>[] {
  const { log, lines } = createTestLog();
  createEventLog(log, createManualClock())(event);
  return lines();
}

describe('The event log', () => {
  it.each(EXAMPLES)('writes one line for $event.event, with the level $level and all its fields', (example) => {
    const { event, level, hasAdvice, fields } = example;
    const lines = linesOf(event);
    expect(lines).toHaveLength(1);
    const { time, advice, ...others } = lines[0] ?? {};
    expect(others).toEqual({ ...(fields ?? event), event: event.event, level, msg: MESSAGES[event.event] });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    if (hasAdvice === true) expect(advice).toMatch(/^[A-Z].{20,}\.$/);
    else expect(advice).toBeUndefined();
  });

  it.each([
    ['ENOTFOUND', /WOLKVOX_SERVER.*DNS/],
    ['EAI_AGAIN', /WOLKVOX_SERVER.*DNS/],
    ['ECONNREFUSED', /listed addresses.*server is down/],
    ['ETIMEDOUT', /listed addresses.*server is down/],
    ['UND_ERR_CONNECT_TIMEOUT', /listed addresses.*server is down/],
    ['CERT_HAS_EXPIRED', /WOLKVOX_BASE_URL.*NODE_EXTRA_CA_CERTS/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /WOLKVOX_BASE_URL.*NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /WOLKVOX_BASE_URL.*NODE_EXTRA_CA_CERTS/],
    ['PROXY_407', /user and a password.*HTTPS_PROXY/],
    ['PROXY_502', /refuses.*HTTP 502.*CONNECT/],
    ['PROXY_ECONNREFUSED', /proxy cannot be reached.*HTTPS_PROXY.*NO_PROXY/],
    ['PROXY_UND_ERR_HEADERS_TIMEOUT', /proxy cannot be reached.*HTTPS_PROXY.*NO_PROXY/],
    ['PROXY_DEPTH_ZERO_SELF_SIGNED_CERT', /HTTPS_PROXY.*NODE_EXTRA_CA_CERTS/],
    ['PROXY_UNABLE_TO_VERIFY_LEAF_SIGNATURE', /HTTPS_PROXY.*NODE_EXTRA_CA_CERTS/],
    ['ECONNRESET', /listed addresses.*server is down/],
  ])('says what to check after the system error %s', (networkCode, advice) => {
    const [line] = linesOf({
      ...{ event: 'call.failed', code: 'UPSTREAM_UNAVAILABLE', reason: 'not-connected', ms: 1, networkCode },
    });
    expect(line?.['advice']).toMatch(advice);
    expect(line).toMatchObject({ networkCode });
  });

  it('gives no advice about a connection that was made and then broken', () => {
    const [line] = linesOf({
      ...{ event: 'call.failed', code: 'UPSTREAM_UNAVAILABLE', reason: 'connection', ms: 1, networkCode: 'ETIMEDOUT' },
    });
    expect(line).not.toHaveProperty('advice');
  });

  it('writes at most one line a minute for requests without a secret, with their count since the last line', () => {
    const clock = createManualClock();
    const { log, lines } = createTestLog();
    const observe = createEventLog(log, clock);
    for (const waitMs of [0, 1, 30_000, 29_998, 1, 59_999, 1]) {
      clock.advance(waitMs);
      observe({ event: 'request.unauthenticated', reason: 'router-secret' });
    }
    expect(lines().map(({ count }) => count)).toEqual([1, 4, 2]);
    // Each reason has a line of its own.
    observe({ event: 'request.unauthenticated', reason: 'host' });
    observe({ event: 'request.unauthenticated', reason: 'metrics-token' });
    expect(lines().slice(3)).toMatchObject([
      { reason: 'host', count: 1, advice: expect.stringMatching(/ALLOWED_HOSTS/) as string },
      { reason: 'metrics-token', count: 1, advice: expect.stringMatching(/METRICS_TOKEN/) as string },
    ]);
  });

  it('names every event area.event', () => {
    for (const { event } of EXAMPLES) expect(event.event).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)?$/);
  });

  it('has advice only for what an operator can correct', () => {
    const advised = EXAMPLES.filter(({ hasAdvice }) => hasAdvice);
    expect(advised.length).toBeGreaterThan(4);
    for (const { level } of advised) expect(['warn', 'error']).toContain(level);
  });
});

describe('The log', () => {
  it('leaves out fields that are not on its list', () => {
    const { log, lines } = createTestLog();
    const fields = {
      reason: 'server',
      phone: '3001112233',
      msg: 'a text of Wolkvox',
      level: 'a level',
      time: 'a time',
    };
    log.info('call.failed', fields);
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        event: 'call.failed',
        reason: 'server',
        msg: MESSAGES['call.failed'],
      },
    ]);
    expect(LOG_FIELDS).not.toContain('phone');
  });

  it('writes the version into every line', () => {
    const written: string[] = [];
    const destination = { write: (line: string) => void written.push(line) };
    const log = createLog({ level: 'info', secrets: [], version: '1.2.3', destination });
    log.info('service.listening');
    log.error('service.bug');
    expect(written.map((line) => (JSON.parse(line) as { version: unknown }).version)).toEqual(['1.2.3', '1.2.3']);
  });

  it('hides the secrets of the service, also as JSON or a URL writes them', () => {
    const secret = 'a"secret/of+the test';
    const { log, lines } = createTestLog([secret, 'short']);
    log.error('service.bug', {
      detail: secret,
      error: encodeURIComponent(secret),
      command: `x${secret}x`,
      reason: 'short',
    });
    expect(lines()[0]).toMatchObject({
      ...{ detail: '[secret]', error: '[secret]', command: 'x[secret]x', reason: 'short' },
    });
  });
});

describe('The description of a bug', () => {
  it('has the name, the code, the causes and the frames of an error, and not its message', () => {
    const cause = Object.assign(new RangeError('of 3001112233'), { code: 'ERR_OUT_OF_RANGE' });
    const error = new TypeError('cannot read 3001112233\n    at 52000111', { cause });
    const described = describeBug(error);
    expect(described).toMatchObject({ error: 'TypeError', causes: ['RangeError ERR_OUT_OF_RANGE'] });
    expect(described.stack).toContainEqual(expect.stringContaining('event-log.test.ts'));
    expect(JSON.stringify(described)).not.toMatch(/3001112233|52000111/);
  });

  it('has only the type of a value that is not an error', () => {
    expect(describeBug('3001112233')).toEqual({ error: 'string' });
  });

  it('ends with an error that is its own cause', () => {
    const error = new Error('x');
    error.cause = error;
    expect(describeBug(error).causes).toHaveLength(5);
  });
});
