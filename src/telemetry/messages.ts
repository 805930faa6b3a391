import type { ServiceEvent } from '../core/events.js';

/** The events of the process itself, which `main.ts` and `service.ts` log. */
type ProcessEvent =
  | `service.${'listening' | 'simulated' | 'unauthenticated' | 'draining' | 'killed' | 'stop-failed' | 'bug'}`
  | 'quota.volatile';

/** The `msg` of each log line, by its event. `docs/logs.md` has the same texts; a test compares the two. */
export const MESSAGES: Readonly<Record<ServiceEvent['event'] | ProcessEvent, string>> = {
  'service.listening': 'The service listens.',
  'service.simulated': 'The service uses the built-in simulator.',
  'service.unauthenticated': 'The service serves requests without a secret.',
  'service.draining': 'The service finishes the running operations and ends.',
  'service.killed': 'A second signal ended the service at once.',
  'service.stop-failed': 'A part of the service did not stop.',
  'service.bug': 'An unexpected error occurred. It is a bug of this service.',
  'operation.failed': 'The response to an operation has errors.',
  'request.refused': 'A request got an error.',
  'request.unauthenticated': 'Requests without a known secret, or with an unknown host, were refused.',
  'answer.served': 'A lookup was answered.',
  'lookup.refused': 'A lookup failed without a call.',
  'call.answered': 'Wolkvox answered a call.',
  'call.failed': 'A call to Wolkvox failed.',
  'call.retried': 'A second attempt of a call will be made.',
  'calls.paused': 'No calls are sent for a while, because Wolkvox refused one.',
  'circuit.opened': 'No calls are sent until a probe succeeds. Cached answers are served.',
  'circuit.probing': 'One call checks whether Wolkvox works again.',
  'circuit.closed': 'Wolkvox works again. Calls are sent.',
  'quota.volatile': 'The count of daily calls does not survive a restart.',
  'quota.warning': "The day's calls run out.",
  'quota.exhausted': "Wolkvox says that the day's calls are used up.",
  'quota.synced': 'Wolkvox reported how many calls the account has used.',
  'quota.sync-failed': 'Wolkvox did not report how many calls the account has used.',
  'quota.write-failed': 'A call could not be counted, so it was not sent.',
  'redis.up': 'Redis is connected.',
  'redis.down': 'Redis is unreachable. No calls are sent. Cached answers are served.',
  'redis.command-refused': 'Redis refuses a command.',
  'slot.lost': 'A call was aborted, because Redis no longer confirms its slot.',
  'cache.erased': 'Cached answers were erased.',
  'labels.loaded': 'The labels of the opts were loaded.',
  'labels.rejected': 'A new version of CAMPAIGNS_FILE was refused. The labels stay as they were.',
  'traces.lost': 'Traces could not be sent. They are dropped until they can be sent again.',
  'traces.sent': 'Traces are sent.',
};
