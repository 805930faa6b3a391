import type { ApolloServerPlugin } from '@apollo/server';
import { countErrors } from '../core/error-codes.js';
import type { Observe } from '../core/events.js';
import { loggedOperationName } from '../core/operation-name.js';
import type { OperationContext } from './context.js';

/**
 * Reports each operation whose response has errors, unless the client left before. The HTTP server reports responses
 * with a status of 400 or higher.
 */
export function reportFailedOperations(observe: Observe): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ response, operationName, contextValue: { running } }) {
          const errors = response.body.kind === 'single' ? response.body.singleResult.errors : undefined;
          if (errors !== undefined && (response.http.status ?? 200) < 400 && !running.hasEnded()) {
            observe({
              event: 'operation.failed',
              errors: countErrors(errors),
              ms: running.elapsedMs(),
              operationName: loggedOperationName(operationName),
              requestId: running.operation.requestId,
              traceId: running.operation.trace?.traceId,
            });
          }
          return Promise.resolve();
        },
      }),
  };
}
