import { ApolloServer } from '@apollo/server';
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
import { createErrorFormatter } from './errors.js';
import { createLoader, type LoaderOptions } from './loader.js';
import { createLongTexts, type LongTexts } from './long-texts.js';
import { operationHooks } from './operation-hooks.js';
import { startOperation } from './operation.js';
import { createParts } from './parts.js';
import type { RecordIds } from './record-ids.js';
import type { ResolverOptions } from './resolvers.js';
import { createResponseLimits } from './response-limit.js';
import { createSchema } from './schema.js';
import type { TextCache } from './text-cache.js';
import { createTextExecutor } from './text-executor.js';
import { writeResult } from './text-responses.js';

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
  /** Drops what is kept of earlier requests, documents and contents of ids, because it may hold personal data. */
  readonly clearRequests: () => void;
}

export function createGraph(options: GraphOptions): Graph {
  const { deadlineMs, explorable, onBug, clock, slices, tracer } = options;
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
      operationHooks({ ...options, textExecutor }),
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
        context: { running, loader, responseLimit, longTexts, parts: createParts(slices, running), span },
        toBody: (text) => longTexts.fill(text),
        end() {
          running.end();
          responseLimit.end();
          span?.end();
        },
      };
    },
    clearRequests() {
      options.ids.clear();
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

/** Apollo Server logs whole errors, which may hold personal data. Only its error messages are passed on. */
function errorsOnlyLogger(onBug: (error: unknown) => void) {
  const ignore = (): void => undefined;
  return { debug: ignore, info: ignore, warn: ignore, error: (message: unknown) => onBug(message) };
}
