import type { ServiceEvent } from '../../../src/core/events.js';
import type { Log, LogFields } from '../../../src/core/log.js';

type EventNamed<Name extends ServiceEvent['event']> = Extract<ServiceEvent, { readonly event: Name }>;

interface Example<Name extends ServiceEvent['event']> {
  readonly event: EventNamed<Name>;
  readonly level: keyof Log;
  /** Whether the line tells an operator what to do. */
  readonly hasAdvice?: true;
  /** The fields of its line, if they are others than those of the event. */
  readonly fields?: LogFields;
}

const requestId = 'request-1';
const names = { requestId, clientName: 'web', operationName: 'Find' };
const traceId = '0af7651916cd43dd8448eb211c80319c';

/** An example of an event that belongs to an operation. Its line has the names of the operation. */
function ofOperation<Event extends Extract<ServiceEvent, { readonly operation?: unknown }>>(
  level: keyof Log,
  event: Event,
): { readonly level: keyof Log; readonly event: Event; readonly fields: LogFields } {
  const operation = { startedAt: 0, ...names, trace: { traceId, spanId: 'b7ad6b7169203331' } };
  return { level, event: { ...event, operation }, fields: { ...event, ...names, traceId } };
}

/**
 * Examples of each event of the service, with the level of their log line. The type requires every event. Together the
 * examples of an event have all its fields.
 */
const EXAMPLES_BY_NAME: { readonly [Name in ServiceEvent['event']]: readonly Example<Name>[] } = {
  'operation.failed': [
    {
      level: 'warn',
      event: {
        event: 'operation.failed',
        errors: { BAD_USER_INPUT: 1, UPSTREAM_TIMEOUT: 2 },
        ms: 25_000,
        ...names,
        traceId,
      },
      fields: {
        code: 'UPSTREAM_TIMEOUT',
        codes: ['BAD_USER_INPUT 1', 'UPSTREAM_TIMEOUT 2'],
        ms: 25_000,
        ...names,
        traceId,
      },
    },
    {
      level: 'warn',
      event: { event: 'operation.failed', errors: { INTERNAL_SERVER_ERROR: 1 }, ms: 3 },
      fields: { code: 'INTERNAL_SERVER_ERROR', ms: 3 },
    },
    {
      level: 'info',
      event: { event: 'operation.failed', errors: { GRAPHQL_VALIDATION_FAILED: 2 }, ms: 3 },
      fields: { code: 'GRAPHQL_VALIDATION_FAILED', codes: ['GRAPHQL_VALIDATION_FAILED 2'], ms: 3 },
    },
    {
      level: 'info',
      event: { event: 'operation.failed', errors: { TOO_MANY_LOOKUPS: 1 }, ms: 3 },
      fields: { code: 'TOO_MANY_LOOKUPS', ms: 3 },
    },
  ],
  'request.refused': [
    { level: 'debug', event: { event: 'request.refused', code: 'BAD_REQUEST', httpStatus: 404, requestId } },
  ],
  'request.unauthenticated': [
    {
      level: 'warn',
      event: { event: 'request.unauthenticated', reason: 'router-secret', requestId },
      hasAdvice: true,
      fields: { requestId, reason: 'router-secret', count: 1 },
    },
  ],
  'answer.served': [
    ofOperation('debug', { event: 'answer.served', from: 'memory' }),
    { level: 'debug', event: { event: 'answer.served', from: 'shared' } },
    { level: 'debug', event: { event: 'answer.served', from: 'flight' } },
    { level: 'debug', event: { event: 'answer.served', from: 'wolkvox' } },
    ofOperation('debug', { event: 'answer.served', from: 'stale', reason: 'slow' }),
  ],
  'lookup.refused': [ofOperation('debug', { event: 'lookup.refused', code: 'UPSTREAM_BUSY', reason: 'queue-full' })],
  'call.answered': [ofOperation('debug', { event: 'call.answered', ms: 120, records: 3 })],
  'call.failed': [
    ofOperation('warn', {
      event: 'call.failed',
      code: 'UPSTREAM_UNAVAILABLE',
      reason: 'server',
      ms: 80,
      httpStatus: 503,
    }),
    {
      level: 'error',
      event: { event: 'call.failed', code: 'UPSTREAM_REFUSED', reason: 'token', ms: 80, envelopeCode: 403 },
      hasAdvice: true,
    },
    {
      level: 'warn',
      event: {
        event: 'call.failed',
        code: 'UPSTREAM_UNAVAILABLE',
        reason: 'not-connected',
        ms: 80,
        networkCode: 'ENOTFOUND',
      },
      hasAdvice: true,
    },
    {
      level: 'warn',
      event: { event: 'call.failed', code: 'UPSTREAM_MALFORMED', reason: 'malformed', ms: 80, detail: 'a text' },
    },
  ],
  'call.retried': [ofOperation('info', { event: 'call.retried', reason: 'server', delayMs: 200 })],
  'calls.paused': [{ level: 'warn', event: { event: 'calls.paused', reason: 'simultaneous', ms: 1_000 } }],
  'circuit.opened': [{ level: 'error', event: { event: 'circuit.opened', reason: 'server', ms: 5_000 } }],
  'circuit.probing': [{ level: 'info', event: { event: 'circuit.probing' } }],
  'circuit.closed': [{ level: 'info', event: { event: 'circuit.closed' } }],
  'quota.warning': [{ level: 'warn', event: { event: 'quota.warning', percent: 80, used: 800, limit: 1_000 } }],
  'quota.exhausted': [{ level: 'error', event: { event: 'quota.exhausted', ms: 10_000 }, hasAdvice: true }],
  'quota.synced': [{ level: 'info', event: { event: 'quota.synced', used: 812, limit: 5_000 } }],
  'quota.sync-failed': [{ level: 'warn', event: { event: 'quota.sync-failed', reason: 'no-figures' } }],
  'quota.write-failed': [{ level: 'error', event: { event: 'quota.write-failed', reason: 'ENOSPC' }, hasAdvice: true }],
  'redis.up': [{ level: 'info', event: { event: 'redis.up' } }],
  'redis.down': [{ level: 'error', event: { event: 'redis.down', reason: 'ECONNREFUSED' }, hasAdvice: true }],
  'redis.command-refused': [
    {
      level: 'error',
      event: { event: 'redis.command-refused', command: 'publish', reason: 'NOPERM' },
      hasAdvice: true,
    },
  ],
  'slot.lost': [{ level: 'warn', event: { event: 'slot.lost', reason: 'not-renewed' } }],
  'cache.erased': [{ level: 'info', event: { event: 'cache.erased', entries: 2 } }],
  'labels.loaded': [{ level: 'info', event: { event: 'labels.loaded', campaigns: 8 } }],
  'labels.rejected': [
    {
      level: 'warn',
      event: { event: 'labels.rejected', problems: ['default.opt1.type: expected one of TEXT, NUMBER.'] },
      hasAdvice: true,
    },
  ],
  'traces.lost': [
    { level: 'warn', event: { event: 'traces.lost', reason: 'refused', httpStatus: 404 }, hasAdvice: true },
    { level: 'warn', event: { event: 'traces.lost', reason: 'unreachable', networkCode: 'EPIPE' }, hasAdvice: true },
    { level: 'warn', event: { event: 'traces.lost', reason: 'queue-full' }, hasAdvice: true },
  ],
  'traces.sent': [{ level: 'info', event: { event: 'traces.sent' } }],
};

export const EXAMPLES = Object.values(EXAMPLES_BY_NAME).flat();
