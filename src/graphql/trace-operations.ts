import type { ApolloServerPlugin } from '@apollo/server';
import { countErrors } from '../core/error-codes.js';
import { loggedOperationName } from '../core/operation-name.js';
import type { OperationContext } from './context.js';

/** Writes into the span of each operation what the operation was, and its errors. The document is never written. */
export function traceOperations(): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation({ operation, operationName, contextValue: { span } }) {
          // Undefined: the document has no operation of this name.
          if (operation !== undefined) span?.resolved(operation.operation, loggedOperationName(operationName));
          return Promise.resolve();
        },
        willSendResponse({ response: { body }, contextValue: { span } }) {
          span?.answered(countErrors(body.kind === 'single' ? (body.singleResult.errors ?? []) : []));
          return Promise.resolve();
        },
      }),
  };
}
