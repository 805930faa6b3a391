import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { LookupFailure } from '../records/failure.js';

/** Codes of Apollo Server's own errors that blame the request; their messages are for the caller, without its values. */
const CALLERS_FAULT: ReadonlySet<unknown> = new Set([
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/**
 * An error as a caller sees it: a LookupFailure with its code, the request's own fault without the values that it held, and
 * everything else masked and handed to `onBug`.
 */
export function createErrorFormatter(onBug: (error: unknown) => void) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const place = {
      ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
      ...(formatted.path === undefined ? {} : { path: formatted.path }),
    };
    const original = unwrapResolverError(error);
    if (original instanceof LookupFailure) {
      const { message, code, retryable, retryAfterSeconds } = original;
      return {
        message,
        ...place,
        extensions: { code, retryable, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
      };
    }
    const code = formatted.extensions?.['code'];
    if (error instanceof GraphQLError && CALLERS_FAULT.has(code)) {
      return { message: withoutValues(formatted.message), ...place, extensions: { code, retryable: false } };
    }
    onBug(original);
    return {
      message: 'Internal server error',
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false },
    };
  };
}

/** Why graphql-js refuses a variable: its own words alone, since the value before them may imitate any others. */
const REASON =
  /; ((?:String|Int|ID) cannot represent (?:a non string |non-integer |non 32-bit signed integer )?value|Expected non-nullable type)/;

/** Cuts the values that graphql-js repeats in its messages: they may be somebody's phone or id, and messages end up in logs. */
export function withoutValues(message: string): string {
  const variable = /^Variable "\$\w+" (?=got invalid value)/.exec(message)?.[0];
  if (variable !== undefined) {
    const reason = REASON.exec(message)?.[1];
    return `${variable}got an invalid value${reason === undefined ? '' : `; ${reason}`}.`;
  }
  return message
    .replace(/(cannot represent [a-z0-9 -]*value|but got): [\s\S]*$/, '$1.')
    .replace(/^(Unknown operation) named "[\s\S]*$/, '$1.')
    .replace(/, found [\s\S]*$/, '.')
    .replace(/(Unexpected (?:\w+|character)):? ["'<][\s\S]*$/, '$1.');
}
