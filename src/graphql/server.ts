import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';
import type { Caller } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import type { OperationCosts } from '../core/operation-cost.js';
import type { TimeSlices } from '../core/time-slices.js';
import type { Tracer } from '../core/tracing.js';
import type { OperationContext } from './context.js';
import { createDocumentCheck, MAX_TOKENS, type DocumentCheck } from './document-limits.js';
import { createDocumentStore } from './document-store.js';
import { boundErrors, createErrorFormatter } from './errors.js';
import { reportFailedOperations } from './failed-operations.js';
import { createLoader, type LoaderOptions } from './loader.js';
import { createLongTexts, type LongTexts } from './long-texts.js';
import { operationLimits } from './operation-limits.js';
import { startOperation } from './operation.js';
import type { RecordIds } from './record-ids.js';
import type { ResolverOptions } from './resolvers.js';
import { createResponseLimits } from './response-limit.js';
import { createSchema } from './schema.js';
import type { TextCache } from './text-cache.js';
import { createTextExecutor } from './text-executor.js';
import { textResponses, writeResult } from './text-responses.js';
import { traceOperations } from './trace-operations.js';

export interface GraphOptions extends LoaderOptions, ResolverOptions {
  /** The time that one operation may take, in milliseconds. */
  readonly deadlineMs: number;
  readonly ids: RecordIds;
  /** Keeps texts of cached answers. */
  readonly texts: TextCache;
  /** The size of one response. */
  readonly responseLimitBytes: number;
  /** Which caches may store a response to a POST. */
  readonly cacheControlScope: 'private' | 'public';
  readonly slices: TimeSlices;
  readonly costs: OperationCosts;
  /** Undefined: operations are not traced. */
  readonly tracer?: Tracer | undefined;
  /** Enables introspection, and suggestions in error messages. */
  readonly explorable: boolean;
  /** Called with every error that is neither a LookupFailure nor an error of the request. */
  readonly onBug: (error: unknown) => void;
  readonly clock: Clock;
  readonly observe: Observe;
}

export interface Graph {
  readonly apollo: ApolloServer<OperationContext>;
  /** Must be called with a document before Apollo Server reads it. */
  readonly checkDocument: DocumentCheck['check'];
  /**
   * Starts an operation. The caller must call `end` when the response is sent or the connection closes. `toBody` makes
   * the body out of the text that Apollo Server returns.
   *
   * @param showsCost whether the response says in `extensions.wolkvox` what it has cost
   */
  readonly begin: (
    caller?: Caller,
    showsCost?: boolean,
  ) => { readonly context: OperationContext; readonly end: () => void; readonly toBody: LongTexts['fill'] };
  /** Forgets the texts of documents, because they may hold personal data. */
  readonly clearDocuments: () => void;
}

export function createGraph(options: GraphOptions): Graph {
  const { deadlineMs, explorable, onBug, clock, observe, slices, tracer } = options;
  const documentCheck = createDocumentCheck();
  const documentStore = createDocumentStore();
  const responseLimits = createResponseLimits(options.responseLimitBytes);
  const executable = createSchema(options);
  const textExecutor = createTextExecutor(executable, options.texts);
  const apollo = new ApolloServer<OperationContext>({
    schema: executable.schema,
    // Apollo Server's rule against introspection names settings of its own.
    introspection: true,
    hideSchemaDetailsFromClientErrors: !explorable,
    includeStacktraceInErrorResponses: false,
    formatError: createErrorFormatter(onBug),
    parseOptions: { maxLexicalTokens: MAX_TOKENS },
    validationRules: [onlyDefinedOperationTypes, ...(explorable ? [] : [noIntrospection])],
    documentStore,
    // Routers send whole documents to a subgraph, so a store of texts by their hashes would serve nobody.
    persistedQueries: false,
    async stringifyResult(result) {
      await slices.next();
      return writeResult(result);
    },
    stopOnTerminationSignals: false,
    // An invalid variable answers with 400, as every other error of a request.
    status400ForVariableCoercionErrors: true,
    logger: errorsOnlyLogger(onBug),
    plugins: [
      operationLimits(slices),
      textResponses(textExecutor),
      cacheControlHeader(clock, options.cacheControlScope),
      errorLimit(),
      showCost(options.costs),
      // After the limit, so that the errors are counted that the caller sees.
      reportFailedOperations(observe),
      ...(tracer === undefined ? [] : [traceOperations()]),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });

  return {
    apollo,
    checkDocument: (query) => documentCheck.check(query),
    begin(caller, showsCost = false) {
      const span = tracer?.startOperation(caller ?? {});
      const running = startOperation(deadlineMs, clock, caller, span?.context);
      if (showsCost) options.costs.track(running.operation);
      const responseLimit = responseLimits.start();
      const longTexts = createLongTexts();
      const loader = createLoader(running, options);
      return {
        context: { running, loader, responseLimit, longTexts, slices, span },
        toBody: (text) => longTexts.fill(text),
        end() {
          running.end();
          responseLimit.end();
          span?.end();
        },
      };
    },
    clearDocuments() {
      documentCheck.clear();
      documentStore.clear();
      textExecutor.clear();
    },
  };
}

/**
 * Refuses mutations and subscriptions. graphql-js accepts them here and fails when it executes them, as if by a bug.
 */
function onlyDefinedOperationTypes(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return;
      const message = `This graph has only queries; got a ${node.operation}.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

function noIntrospection(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '__schema' && node.name.value !== '__type') return;
      const message = `Introspection (${node.name.value}) is off. The operator can turn it on with PLAYGROUND=true.`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

/**
 * Sets `cache-control` to the time for which all answers remain fresh, and to `no-store` if the response has an error
 * or no answer was loaded. All objects of the graph inherit the limit of the field that loaded them (`inheritMaxAge`),
 * so the oldest answer decides. Apollo's own plugin visits every field to get the same result.
 */
function cacheControlHeader(
  clock: Clock,
  postScope: GraphOptions['cacheControlScope'],
): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ request, response, contextValue }) {
          const freshUntil = contextValue.loader.freshUntil();
          const failed = response.body.kind === 'single' && response.body.singleResult.errors !== undefined;
          const seconds = freshUntil === undefined || failed ? 0 : Math.floor((freshUntil - clock.epochMs()) / 1_000);
          // A cache on the way of a GET does not check the router secret. Routers send POST.
          const scope = request.http?.method === 'GET' ? 'private' : postScope;
          response.http.headers.set('cache-control', seconds > 0 ? `max-age=${seconds}, ${scope}` : 'no-store');
          return Promise.resolve();
        },
      }),
  };
}

/** Adds what an operation has cost to its response, if the request asks for it. */
function showCost(costs: OperationCosts): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ response: { body }, contextValue: { running } }) {
          const cost = costs.read(running.operation);
          if (cost === undefined || body.kind !== 'single') return Promise.resolve();
          const wolkvox = { ...cost, callsLeftToday: cost.callsLeftToday ?? null };
          body.singleResult.extensions = { ...body.singleResult.extensions, wolkvox };
          return Promise.resolve();
        },
      }),
  };
}

/** Bounds the number of errors in a response. */
function errorLimit(): ApolloServerPlugin {
  return {
    requestDidStart: () =>
      Promise.resolve({
        async willSendResponse({ response: { body } }) {
          if (body.kind === 'single' && body.singleResult.errors !== undefined) {
            body.singleResult.errors = boundErrors(body.singleResult.errors);
          }
        },
      }),
  };
}

/** Apollo Server logs whole errors, which may hold personal data. Only its error messages are passed on. */
function errorsOnlyLogger(onBug: (error: unknown) => void) {
  const ignore = (): void => undefined;
  return { debug: ignore, info: ignore, warn: ignore, error: (message: unknown) => onBug(message) };
}
