import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { REQUEST_ERROR_CODES } from '../core/error-codes.js';
import { LookupFailure } from '../core/failure.js';

/** Codes of Apollo Server. Their messages are shown, without the values of the request. */
const REQUEST_ERRORS: ReadonlySet<unknown> = new Set(REQUEST_ERROR_CODES);

/**
 * Formats errors for the caller. A LookupFailure keeps its message and code. An error of the request keeps its message
 * without the values of the request. Every other error is a bug: it is masked and passed to `onBug`.
 */
export function createErrorFormatter(onBug: (error: unknown) => void) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const position = {
      ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
      ...(formatted.path === undefined ? {} : { path: formatted.path }),
    };
    const original = unwrapResolverError(error);
    if (original instanceof LookupFailure) {
      const { message, code, retryable, retryAfterSeconds } = original;
      const extensions = { code, retryable, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
      return { message, ...position, extensions };
    }
    const code = isVariableOverflow(error) ? 'BAD_USER_INPUT' : formatted.extensions?.['code'];
    if (error instanceof GraphQLError && REQUEST_ERRORS.has(code)) {
      return { message: withoutValues(formatted.message), ...position, extensions: { code, retryable: false } };
    }
    onBug(original);
    const extensions = { code: 'INTERNAL_SERVER_ERROR', retryable: false };
    return { message: 'Internal server error', ...position, extensions };
  };
}

/** Passes an error to `onBug` if it is a bug, for an error that is not formatted. */
export function reportBug(error: GraphQLError, onBug: (error: unknown) => void): void {
  const original = unwrapResolverError(error);
  if (original instanceof LookupFailure || REQUEST_ERRORS.has(error.extensions['code'])) return;
  onBug(original);
}

/** Whether graphql-js stopped at its 50th wrong variable. Apollo Server gives this error no code of the request. */
function isVariableOverflow(error: unknown): boolean {
  return (
    error instanceof GraphQLError &&
    error.path === undefined &&
    error.message.startsWith('Too many errors processing variables')
  );
}

/** The errors that a response may have. A response with thousands of them would be large, and of no further use. */
export const MAX_ERRORS = 100;

/**
 * The errors of a response, of which the last one says how many are left out.
 *
 * @param errors at most the first `MAX_ERRORS`
 * @param count the number of all errors
 */
export function boundErrors(errors: readonly GraphQLFormattedError[], count: number): readonly GraphQLFormattedError[] {
  if (count <= MAX_ERRORS) return errors;
  const listed = errors.slice(0, MAX_ERRORS - 1);
  const leftOut = count - listed.length;
  const extensions = errors[listed.length]?.extensions ?? {};
  const message =
    `A response lists at most ${MAX_ERRORS} errors; ${leftOut.toLocaleString('en')} more are left out. ` +
    'The first of them has this code.';
  return [...listed, { message, extensions }];
}

/**
 * The length to which a message is cut before it is searched, in characters. A message repeats text of the request,
 * which may be 2 MB long; the text of graphql-js itself is much shorter.
 */
const MAX_MESSAGE_LENGTH = 2_000;

/**
 * The reasons for which graphql-js refuses a variable. Only these texts are shown, because the value before the reason
 * may contain any text.
 */
const REASONS = [
  'String cannot represent a non string value',
  'Int cannot represent non-integer value',
  'Int cannot represent non 32-bit signed integer value',
  'ID cannot represent value',
  'Boolean cannot represent a non boolean value',
  'Expected non-nullable type',
];

/**
 * Removes from a message of graphql-js the values that it repeats. A value may be a person's phone or id, and messages
 * are written to logs. All expressions are linear in the length of the message.
 */
export function withoutValues(fullMessage: string): string {
  const message = fullMessage.slice(0, MAX_MESSAGE_LENGTH);
  const variable = /^Variable "\$\w+" (?=got invalid value)/.exec(message)?.[0];
  if (variable !== undefined) {
    const reason = REASONS.find((text) => fullMessage.includes(`; ${text}`));
    return `${variable}got an invalid value${reason === undefined ? '' : `; ${reason}`}.`;
  }
  return message
    .replace(/(cannot represent (?:[a-z0-9-]{1,20} ){0,5}value|but got): [\s\S]*$/, '$1.')
    .replace(/^(Unknown operation) named "[\s\S]*$/, '$1.')
    .replace(/, found [\s\S]*$/, '.')
    .replace(/(Unexpected (?:\w+|character)):? ["'<][\s\S]*$/, '$1.');
}
