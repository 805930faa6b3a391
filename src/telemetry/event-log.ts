import type { ServiceEvent } from '../core/events.js';
import type { Log } from '../core/log.js';

/**
 * Writes the events of the service to the log: `debug` for normal work, `warn` and `error` if an operator must know.
 */
export function createEventLog(log: Log): (event: ServiceEvent) => void {
  return ({ event, ...fields }) => {
    const advice = adviceFor(event, fields);
    log[levelOf(event, fields)](event, advice === undefined ? fields : { advice, ...fields });
  };
}

type Level = keyof Log;
type Fields = Omit<ServiceEvent, 'event'> & { readonly reason?: string };

function levelOf(event: ServiceEvent['event'], { reason }: Fields): Level {
  switch (event) {
    case 'answer.served':
    case 'call.answered':
    case 'lookup.refused':
      return 'debug';
    case 'call.retried':
    case 'circuit.probing':
    case 'circuit.closed':
    case 'redis.up':
    case 'cache.erased':
      return 'info';
    case 'call.failed':
      return reason === 'token' ? 'error' : 'warn';
    case 'calls.paused':
    case 'quota.warning':
    case 'slot.lost':
      return 'warn';
    case 'circuit.opened':
    case 'quota.exhausted':
    case 'quota.write-failed':
    case 'redis.down':
    case 'redis.command-refused':
      return 'error';
  }
}

/** What happened, and what an operator must do. */
function adviceFor(event: ServiceEvent['event'], { reason }: Fields): string | undefined {
  switch (event) {
    case 'call.failed':
      return reason === 'token'
        ? 'Wolkvox refuses the token. Check WOLKVOX_TOKEN and WOLKVOX_SERVER, or create a new token in Wolkvox.'
        : undefined;
    case 'quota.exhausted':
      return (
        "Wolkvox says that the account's daily calls are used up. Cached answers are served; one call checks from time to time. " +
        'Find out what else uses the account, or set WOLKVOX_DAILY_LIMIT.'
      );
    case 'quota.write-failed':
      return 'A call could not be counted, so it was not sent. Check that the service can write to STATE_DIR.';
    case 'redis.down':
      return 'Redis is unreachable. No calls are sent until it is back; cached answers are served. Check REDIS_URL and the server.';
    case 'redis.command-refused':
      return 'Redis refuses a command. Check the rights of the user in REDIS_URL (see docs/configuration.md).';
    default:
      return undefined;
  }
}
