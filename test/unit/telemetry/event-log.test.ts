import { describe, expect, it } from 'vitest';
import { LOG_FIELDS } from '../../../src/core/log.js';
import { createEventLog } from '../../../src/telemetry/event-log.js';
import { createLog, describeBug } from '../../../src/telemetry/log.js';
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

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;

describe('The event log', () => {
  it.each(EXAMPLES)('writes one line for $event.event, with the level $level and all its fields', (example) => {
    const { event, level, hasAdvice } = example;
    const { log, lines } = createTestLog();
    createEventLog(log)(event);
    expect(lines()).toHaveLength(1);
    const { level: number, time, advice, ...fields } = lines()[0] ?? {};
    expect(fields).toEqual(event);
    expect(number).toBe(LEVELS[level]);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
    if (hasAdvice === true) expect(advice).toMatch(/^[A-Z].{20,}\.$/);
    else expect(advice).toBeUndefined();
  });

  it('names every event area.event', () => {
    for (const { event } of EXAMPLES) expect(event.event).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)?$/);
  });

  it('has advice only for what an operator can correct', () => {
    expect(EXAMPLES.filter(({ hasAdvice }) => hasAdvice).every(({ level }) => level === 'error')).toBe(true);
  });
});

describe('The log', () => {
  it('leaves out fields that are not on its list', () => {
    const { log, lines } = createTestLog();
    const fields = { reason: 'server', phone: '3001112233', msg: 'a text of Wolkvox' };
    log.info('call.failed', fields);
    expect(lines()[0]).toMatchObject({ event: 'call.failed', reason: 'server' });
    expect(Object.keys(lines()[0] ?? {}).sort()).toEqual(['event', 'level', 'reason', 'time']);
    expect(LOG_FIELDS).not.toContain('phone');
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
