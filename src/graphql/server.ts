import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';
import type { RecordSource } from '../records/source.js';
import { createErrorFormatter } from './errors.js';
import { createLoader } from './loader.js';
import { startOperation, type OperationLimits, type RunningOperation } from './operation.js';
import { createRecordIds } from './record-id.js';
import { createSchema, type OperationContext } from './schema.js';
import { createResponseSize } from './size.js';

export interface GraphOptions {
  readonly source: RecordSource;
  readonly limits: OperationLimits;
  /** How long an answer counts as fresh, milliseconds. */
  readonly freshMs: number;
  readonly recordIdSecret: string;
  /** Whether the schema may be explored: introspection, and suggestions in error messages. */
  readonly explorable: boolean;
  /** Told of every error that is no LookupFailure and not the request's own fault. */
  readonly onBug: (error: unknown) => void;
  readonly now?: () => number;
}

/** The graph, ready to run operations. */
export interface Graph {
  readonly apollo: ApolloServer<OperationContext>;
  /** A new operation and its context. Whoever starts it tells it how it ended. */
  begin(): { readonly operation: RunningOperation; readonly context: OperationContext };
}

/** Tokens that a document may have; the longest honest one, a router's batch of entities, has a few hundred. */
export const MAX_TOKENS = 15_000;

export function createGraph(options: GraphOptions): Graph {
  const { source, limits, freshMs, explorable, onBug, now = Date.now } = options;
  const apollo = new ApolloServer<OperationContext>({
    schema: createSchema(createRecordIds(options.recordIdSecret)),
    introspection: explorable,
    hideSchemaDetailsFromClientErrors: !explorable,
    includeStacktraceInErrorResponses: false,
    formatError: createErrorFormatter(onBug),
    parseOptions: { maxLexicalTokens: MAX_TOKENS },
    validationRules: [knownOperations],
    stopOnTerminationSignals: false,
    // The status of a response must not depend on what a caller asks beside; a router reads the codes.
    status400ForVariableCoercionErrors: true,
    logger: quietLogger(onBug),
    plugins: [
      cacheControlHeader(now),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });

  return {
    apollo,
    begin() {
      const operation = startOperation(limits, now);
      return { operation, context: { loader: createLoader(source, operation, freshMs), size: createResponseSize() } };
    },
  };
}

/** Refuses mutations and subscriptions; graphql-js validates them and fails only when it executes, as if by a bug. */
function knownOperations(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return;
      context.reportError(new GraphQLError(`This graph has no ${node.operation}.`, { nodes: node }));
    },
  };
}

/**
 * Sets `cache-control` to what remains of the answers' freshness, `maxAge` included, and to `no-store` where an error or nothing at all was
 * answered. Every object of the graph inherits from the field that asked (`inheritMaxAge`), so the oldest answer alone decides; Apollo's
 * own plugin walks through every field to find the same.
 */
function cacheControlHeader(now: () => number): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ request, response, contextValue }) {
          const { freshUntil } = contextValue.loader;
          const failed = response.body.kind === 'single' && response.body.singleResult.errors !== undefined;
          const seconds = freshUntil === undefined || failed ? 0 : Math.floor((freshUntil - now()) / 1000);
          // A router asks by POST. What caches a GET on the way does not know the router's secret.
          const scope = request.http?.method === 'GET' ? 'private' : 'public';
          response.http.headers.set('cache-control', seconds > 0 ? `max-age=${seconds}, ${scope}` : 'no-store');
          return Promise.resolve();
        },
      }),
  };
}

/** Apollo Server's own log lines hold whole errors; only that there was one is passed on. */
function quietLogger(onBug: (error: unknown) => void) {
  const ignore = (): void => undefined;
  return { debug: ignore, info: ignore, warn: ignore, error: (message: unknown) => onBug(message) };
}
