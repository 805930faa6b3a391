import { pino, type DestinationStream, type Logger } from 'pino';
import { LOG_FIELDS, type Log, type LogFields, type LogLevel } from '../core/log.js';
import { MESSAGES } from './messages.js';

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Texts that no line may hold: the token and the other secrets. */
  readonly secrets: readonly string[];
  /** The version of the service, for every line. */
  readonly version?: string | undefined;
  readonly destination?: DestinationStream;
}

/** Writes readable lines. It is loaded only if stdout is a terminal, because it needs 2 MB. */
const readableLines = process.stdout.isTTY ? (await import('pino-pretty')).default : undefined;

/** A shorter secret would also be cut out of ordinary words. */
const MIN_SECRET_LENGTH = 6;

/** Creates a log that writes JSON lines to stdout, or readable lines if stdout is a terminal. */
export function createLog({ level, secrets, version, destination }: LogOptions): Log {
  const logger: Logger = pino(
    {
      level,
      base: version === undefined ? null : { version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
      hooks: { streamWrite: removeSecrets(secrets) },
    },
    destination ?? readableLines?.({ sync: true }) ?? pino.destination({ sync: true }),
  );
  const messages: Readonly<Record<string, string>> = MESSAGES;
  const write = (name: LogLevel, event: string, fields: LogFields): void =>
    logger[name]({ event, ...allowed(fields) }, messages[event] ?? event);
  return {
    debug: (event, fields = {}) => write('debug', event, fields),
    info: (event, fields = {}) => write('info', event, fields),
    warn: (event, fields = {}) => write('warn', event, fields),
    error: (event, fields = {}) => write('error', event, fields),
    isEnabled: (name) => logger.isLevelEnabled(name),
  };
}

/**
 * The fields of a log line for an unexpected error: its name, its code, where it was thrown, and the names of its
 * causes. The message is left out, because it may hold a text of a caller.
 */
export function describeBug(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const causes: string[] = [];
  for (let { cause } = error; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push([plainWord(cause.name) ?? 'Error', codeOf(cause)].filter((word) => word !== undefined).join(' '));
  }
  return {
    error: plainWord(error.name) ?? 'Error',
    code: codeOf(error),
    causes: causes.length === 0 ? undefined : causes,
    stack: framesOf(error),
  };
}

function allowed(fields: LogFields): LogFields {
  return Object.fromEntries(LOG_FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]));
}

/** Replaces the secrets in a line: as they are, as JSON writes them, and as a URL writes them. */
function removeSecrets(secrets: readonly string[]): (line: string) => string {
  const hidden = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return (line) => hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
}

/** A stack frame in a file or in Node. The frame of evaluated code would show the code. */
const FRAME =
  /^ +at (?:[^(]*\((?:(?:file:\/\/|node:|\/)[^ ]*:\d+:\d+|<anonymous>)\)|(?:async )?(?:file:\/\/|node:|\/)[^ ]*:\d+:\d+)$/;

/** The frames of the stack, without the message before them, which may have lines of any kind. */
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
  return 'code' in error && typeof error.code === 'string' ? plainWord(error.code) : undefined;
}

function plainWord(text: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9_]{0,60}$/.test(text) ? text : undefined;
}
