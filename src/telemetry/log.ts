import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

/**
 * The fields that a log line may have; any other is left out. Numbers, and words of our own or of a system: nothing that a caller or
 * Wolkvox wrote.
 */
export const LOG_FIELDS = [
  // How the service starts and ends.
  'url',
  'playground',
  'findsSomebody',
  'signal',
  // Why there is no answer, and what a call to Wolkvox came to.
  'code',
  'kind',
  'ms',
  'records',
  'httpStatus',
  'envelopeCode',
  'networkCode',
  'detail',
  'from',
  'why',
  'because',
  'delayMs',
  'reason',
  // The day's count.
  'percent',
  'spent',
  'limit',
  // A bug.
  'error',
  'causes',
  'at',
] as const;

export type LogFields = {
  readonly [Name in (typeof LOG_FIELDS)[number]]?: number | boolean | string | readonly string[] | undefined;
};

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Texts that no line may hold, whatever happens: the token and the other secrets. */
  readonly secrets: readonly string[];
  readonly destination?: DestinationStream;
}

/** Shorter texts would be cut out of honest words. */
const SECRET_MIN_LENGTH = 6;

/** JSON lines on stdout; readable ones where stdout is a terminal. */
export function createLog({ level, secrets, destination }: LogOptions): Log {
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'event',
      hooks: { streamWrite: scrubOf(secrets) },
    },
    destination ??
      (process.stdout.isTTY ? pretty({ sync: true, messageKey: 'event' }) : pino.destination({ sync: true })),
  );
  return {
    debug: (event, fields) => logger.debug(allowed(fields), event),
    info: (event, fields) => logger.info(allowed(fields), event),
    warn: (event, fields) => logger.warn(allowed(fields), event),
    error: (event, fields) => logger.error(allowed(fields), event),
  };
}

/**
 * An unexpected error as fields of a log line: its name, its code and where it was thrown, and the same names of what caused it. Not its
 * message, which may hold what a person wrote.
 */
export function describeBug(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const causes: string[] = [];
  for (let { cause } = error; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push([wordOf(cause.name) ?? 'Error', codeOf(cause)].filter((word) => word !== undefined).join(' '));
  }
  return {
    error: wordOf(error.name) ?? 'Error',
    code: codeOf(error),
    causes: causes.length === 0 ? undefined : causes,
    at: framesOf(error),
  };
}

function allowed(fields: LogFields = {}): LogFields {
  return Object.fromEntries(LOG_FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]));
}

/** Cuts the secrets out of a line as they are, as JSON writes them and as an address does. */
function scrubOf(secrets: readonly string[]): (line: string) => string {
  const hidden = secrets
    .filter((secret) => secret.length >= SECRET_MIN_LENGTH)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return (line) => hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
}

/** A place in a file or in Node; text that was evaluated would name itself whole. */
const FRAME = /^ +at [^(]*(?:\(?(?:file:\/\/|node:|\/)[^ ]*:\d+:\d+\)?|\(<anonymous>\))$/;

/** Where an error was thrown: the lines of its stack after its message, which may have lines of any kind. */
function framesOf({ stack = '', message }: Error): string[] {
  const start = message === '' ? -1 : stack.indexOf(message);
  return stack
    .slice(start < 0 ? 0 : start + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? wordOf(error.code) : undefined;
}

function wordOf(text: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(text) ? text : undefined;
}
