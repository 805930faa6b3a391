import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** The fields that a log line may have. Numbers and fixed words: nothing that a caller or Wolkvox wrote. */
export type LogFields = Readonly<Record<string, number | boolean | string | readonly string[] | undefined>>;

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
  const hidden = secrets.filter((secret) => secret.length >= SECRET_MIN_LENGTH);
  const scrub = (line: string): string => hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
  const logger: Logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event', hooks: { streamWrite: scrub } },
    destination ??
      (process.stdout.isTTY ? pretty({ sync: true, messageKey: 'event' }) : pino.destination({ sync: true })),
  );
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  };
}

/**
 * An unexpected error as fields of a log line: its name, its code and where it was thrown. Not its message, which may hold what a
 * person wrote.
 */
export function describeBug(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { error: error.name, code, at: frames.slice(0, 8).map((line) => line.trim()) };
}
