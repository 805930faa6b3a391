/**
 * The fields that a log line may have; every other field is left out. Values are numbers and words of this project or
 * of the system, never a text of Wolkvox. `requestId`, `clientName` and `operationName` are names that a caller chose,
 * and `problems` has keys of CAMPAIGNS_FILE. `docs/logs.md` describes the fields; a test compares the two.
 */
export const LOG_FIELDS = [
  // What follows, and what an operator must do.
  'advice',
  // Start and end of the service.
  'url',
  'server',
  'limit',
  'cacheSeconds',
  'redis',
  'proxy',
  'playground',
  'missing',
  'examples',
  'signal',
  // Requests and operations.
  'requestId',
  'clientName',
  'operationName',
  'traceId',
  'codes',
  'count',
  // Lookups and calls.
  'code',
  'reason',
  'from',
  'ms',
  'delayMs',
  'records',
  'httpStatus',
  'envelopeCode',
  'networkCode',
  'detail',
  // Daily quota.
  'percent',
  'used',
  // Redis and the cache.
  'command',
  'entries',
  // Labels of the opts.
  'campaigns',
  'problems',
  // Bugs.
  'error',
  'causes',
  'stack',
] as const;

export type LogFields = {
  readonly [Name in (typeof LOG_FIELDS)[number]]?: number | boolean | string | readonly string[] | undefined;
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one line per event. The name of an event is `area.event`. `src/telemetry/messages.ts` has its message. */
export interface Log extends Readonly<Record<LogLevel, (event: string, fields?: LogFields) => void>> {
  /** Whether lines of this level are written. If not, their fields need not be collected. */
  isEnabled(level: LogLevel): boolean;
}
