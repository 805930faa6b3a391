import type { ServiceEvent } from '../../../src/core/events.js';
import type { Log } from '../../../src/core/log.js';

type EventNamed<Name extends ServiceEvent['event']> = Extract<ServiceEvent, { readonly event: Name }>;

interface Example<Name extends ServiceEvent['event']> {
  readonly event: EventNamed<Name>;
  readonly level: keyof Log;
  /** Whether the line tells an operator what to do. */
  readonly hasAdvice?: true;
}

/** Examples of each event of the service, with the level of their log line. The type requires every event. */
const EXAMPLES_BY_NAME: { readonly [Name in ServiceEvent['event']]: readonly Example<Name>[] } = {
  'answer.served': [
    { level: 'debug', event: { event: 'answer.served', from: 'memory' } },
    { level: 'debug', event: { event: 'answer.served', from: 'shared' } },
    { level: 'debug', event: { event: 'answer.served', from: 'flight' } },
    { level: 'debug', event: { event: 'answer.served', from: 'wolkvox' } },
    { level: 'debug', event: { event: 'answer.served', from: 'stale', reason: 'slow' } },
  ],
  'lookup.refused': [
    { level: 'debug', event: { event: 'lookup.refused', code: 'UPSTREAM_BUSY', reason: 'queue-full' } },
  ],
  'call.answered': [{ level: 'debug', event: { event: 'call.answered', ms: 120, records: 3 } }],
  'call.failed': [
    {
      level: 'warn',
      event: { event: 'call.failed', code: 'UPSTREAM_UNAVAILABLE', reason: 'server', ms: 80, httpStatus: 503 },
    },
    {
      level: 'error',
      event: { event: 'call.failed', code: 'UPSTREAM_REFUSED', reason: 'token', ms: 80, envelopeCode: 403 },
      hasAdvice: true,
    },
  ],
  'call.retried': [{ level: 'info', event: { event: 'call.retried', reason: 'server', delayMs: 200 } }],
  'calls.paused': [{ level: 'warn', event: { event: 'calls.paused', reason: 'simultaneous', ms: 1_000 } }],
  'circuit.opened': [{ level: 'error', event: { event: 'circuit.opened', reason: 'server', ms: 5_000 } }],
  'circuit.probing': [{ level: 'info', event: { event: 'circuit.probing' } }],
  'circuit.closed': [{ level: 'info', event: { event: 'circuit.closed' } }],
  'quota.warning': [{ level: 'warn', event: { event: 'quota.warning', percent: 80, used: 800, limit: 1_000 } }],
  'quota.exhausted': [{ level: 'error', event: { event: 'quota.exhausted', ms: 10_000 }, hasAdvice: true }],
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
};

export const EXAMPLES = Object.values(EXAMPLES_BY_NAME).flat();
