import type {
  ApolloServerPlugin,
  GraphQLRequestContextWillSendResponse,
  GraphQLRequestListener,
  GraphQLResponse,
} from '@apollo/server';
import type { FormattedExecutionResult, GraphQLError } from 'graphql';
import type { Clock } from '../core/clock.js';
import { countErrors } from '../core/error-codes.js';
import type { Observe } from '../core/events.js';
import type { OperationCosts } from '../core/operation-cost.js';
import { loggedOperationName } from '../core/operation-name.js';
import type { TimeSlices } from '../core/time-slices.js';
import type { OperationContext } from './context.js';
import { MAX_ERRORS, boundErrors, reportBug } from './errors.js';
import { checkOperation } from './operation-limits.js';
import type { TextExecutor } from './text-executor.js';
import { writtenResponse } from './text-responses.js';

export interface OperationHookOptions {
  readonly textExecutor: TextExecutor;
  /** Which caches may store a response to a POST. */
  readonly cacheControlScope: 'private' | 'public';
  readonly costs: OperationCosts;
  readonly slices: TimeSlices;
  readonly clock: Clock;
  readonly observe: Observe;
  /** As in `GraphOptions`. */
  readonly onBug: (error: unknown) => void;
}

type Answered = GraphQLRequestContextWillSendResponse<OperationContext>;

/**
 * What the service does with an operation while Apollo Server handles it. The hooks read everything from the context of
 * the operation, so one listener serves all operations. Each further listener would take time for every operation.
 */
export function operationHooks(options: OperationHookOptions): ApolloServerPlugin<OperationContext> {
  const { textExecutor, costs, slices, observe, onBug } = options;
  const errorCounts = new WeakMap<OperationContext, number>();
  const listener: GraphQLRequestListener<OperationContext> = {
    async didResolveOperation({ operation, operationName, document, request: { variables = {} }, contextValue }) {
      // Undefined: the document has no operation of this name, which is reported later.
      if (operation !== undefined) {
        contextValue.span?.resolved(operation.operation, loggedOperationName(operationName));
        checkOperation(operation, document, variables);
      }
      // To read a large body and its document may have taken a slice.
      await slices.next();
    },

    async responseForOperation({ document, operation, request: { variables = {} }, contextValue: context }) {
      const text = await textExecutor.execute({ document, operation, variables, context });
      return text === undefined ? null : writtenResponse(text);
    },

    async didEncounterErrors({ errors, contextValue }) {
      errorCounts.set(contextValue, errors.length);
      // Apollo Server formats the errors of this list next. To format thousands that are not sent takes 50 ms.
      for (const error of (errors as GraphQLError[]).splice(MAX_ERRORS)) reportBug(error, onBug);
    },

    async willSendResponse(answered) {
      setCacheControl(answered, options);
      const result = resultOf(answered.response);
      if (result?.errors !== undefined) {
        result.errors = boundErrors(result.errors, errorCounts.get(answered.contextValue) ?? result.errors.length);
      }
      if (result !== undefined) addCost(result, answered, costs);
      reportErrors(result?.errors, answered, observe);
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

/** Undefined: the response comes in several parts, which this service never sends. */
function resultOf({ body }: GraphQLResponse): FormattedExecutionResult | undefined {
  return body.kind === 'single' ? body.singleResult : undefined;
}

/**
 * Sets `cache-control` to the time for which all answers remain fresh, and to `no-store` if the response has an error
 * or no answer was loaded. All objects of the graph inherit the limit of the field that loaded them (`inheritMaxAge`),
 * so the oldest answer decides. Apollo's own plugin visits every field to get the same result.
 */
function setCacheControl(
  { request, response, contextValue: { loader } }: Answered,
  { clock, cacheControlScope }: OperationHookOptions,
): void {
  const freshUntil = loader.freshUntil();
  const failed = resultOf(response)?.errors !== undefined;
  const seconds = freshUntil === undefined || failed ? 0 : Math.floor((freshUntil - clock.epochMs()) / 1_000);
  // A cache on the way of a GET does not check the router secret. Routers send POST.
  const scope = request.http?.method === 'GET' ? 'private' : cacheControlScope;
  response.http.headers.set('cache-control', seconds > 0 ? `max-age=${seconds}, ${scope}` : 'no-store');
}

/** Adds to a result what its operation has cost, if the request asks for it. */
function addCost(
  result: FormattedExecutionResult,
  { contextValue: { running } }: Answered,
  costs: OperationCosts,
): void {
  const cost = costs.read(running.operation);
  if (cost === undefined) return;
  result.extensions = { ...result.extensions, wolkvox: { ...cost, callsLeftToday: cost.callsLeftToday ?? null } };
}

/**
 * Reports an operation whose response has errors, unless the client left before. The HTTP server reports responses with
 * a status of 400 or higher. The errors are those that the caller sees.
 */
function reportErrors(
  errors: FormattedExecutionResult['errors'],
  { response, operationName, contextValue: { running, span } }: Answered,
  observe: Observe,
): void {
  span?.answered(countErrors(errors ?? []));
  if (errors === undefined || (response.http.status ?? 200) >= 400 || running.hasEnded()) return;
  observe({
    event: 'operation.failed',
    errors: countErrors(errors),
    ms: running.elapsedMs(),
    clientName: running.operation.clientName,
    operationName: loggedOperationName(operationName),
    requestId: running.operation.requestId,
    traceId: running.operation.trace?.traceId,
  });
}
