import type { ServiceEvent } from '../records/events.js';
import type { Log, LogFields } from './log.js';

/** Writes what an operator must know into the log: every failure with its true kind, and what to do where somebody must act. */
export function createReport(log: Log): (event: ServiceEvent) => void {
  return (event) => {
    switch (event.event) {
      case 'answer':
        log.debug('answer', { from: event.from, because: event.from === 'stale' ? event.because : undefined });
        return;
      case 'call':
        if (event.outcome === 'answered') log.debug('call answered', { ms: event.ms, records: event.records });
        else log.warn('call failed', factsOf(event));
        if (event.kind === 'token') {
          log.error(
            'Wolkvox refuses the token: check WOLKVOX_TOKEN and WOLKVOX_SERVER, or make a new token in Wolkvox',
            {
              code: event.outcome,
            },
          );
        }
        return;
      case 'refused':
        log.debug('question refused', { code: event.code, why: event.why });
        return;
      case 'retry':
        log.info('second attempt', { kind: event.kind, delayMs: event.delayMs });
        return;
      case 'circuit':
        log[event.state === 'open' ? 'error' : 'info'](`circuit ${event.state}`, { because: event.because });
        return;
      case 'budget':
        log.warn("the account's calls of the day run out", {
          percent: event.percent,
          spent: event.spent,
          limit: event.limit,
        });
        return;
      case 'quota-refused':
        log.error(
          "Wolkvox says that the account's calls of the day are used up; it is asked once an hour until the next day",
        );
        return;
      case 'count-not-written':
        log.error('a call could not be counted in STATE_DIR, so it was not made', { reason: event.reason });
        return;
    }
  };
}

function factsOf({ outcome, kind, ms, ...rest }: Extract<ServiceEvent, { event: 'call' }>): LogFields {
  const { httpStatus, envelopeCode, networkCode, detail } = rest;
  return { code: outcome, kind, ms, httpStatus, envelopeCode, networkCode, detail };
}
