import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';
import type { Freshness, LookupSource } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { OperationContext } from './context.js';
import { MAX_TOKENS } from './document-limits.js';
import { createErrorFormatter } from './errors.js';
import { createLoader } from './loader.js';
import { startOperation } from './operation.js';
import { createRecordIds } from './record-ids.js';
import { createResponseLimit } from './response-limit.js';
import { createSchema } from './schema.js';

export interface GraphOptions {
  readonly source: LookupSource;
  /** The time that one operation may take, in milliseconds. */
  readonly deadlineMs: number;
  readonly freshness: Freshness;
  /** The first one encrypts record ids; all of them decrypt record ids. At least one. */
  readonly recordIdSecrets: readonly string[];
  /** Enables introspection, and suggestions in error messages. */
  readonly explorable: boolean;
  /** Called with every error that is neither a LookupFailure nor an error of the request. */
  readonly onBug: (error: unknown) => void;
  readonly clock: Clock;
}

export interface Graph {
  readonly apollo: ApolloServer<OperationContext>;
  /** Starts an operation. The caller must call `end` when the response is sent or the connection closes. */
  readonly begin: () => { readonly context: OperationContext; readonly end: () => void };
}

export function createGraph(options: GraphOptions): Graph {
  const { source, deadlineMs, freshness, explorable, onBug, clock } = options;
  const apollo = new ApolloServer<OperationContext>({
    schema: createSchema(createRecordIds(options.recordIdSecrets)),
    introspection: explorable,
    hideSchemaDetailsFromClientErrors: !explorable,
    includeStacktraceInErrorResponses: false,
    formatError: createErrorFormatter(onBug),
    parseOptions: { maxLexicalTokens: MAX_TOKENS },
    validationRules: [onlyDefinedOperationTypes],
    stopOnTerminationSignals: false,
    // An invalid variable answers with 400, as every other error of a request.
    status400ForVariableCoercionErrors: true,
    logger: errorsOnlyLogger(onBug),
    plugins: [
      cacheControlHeader(clock),
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
      const running = startOperation(deadlineMs, clock);
      const context = { loader: createLoader(source, running, freshness), responseLimit: createResponseLimit() };
      return { context, end: () => running.end() };
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

/**
 * Sets `cache-control` to the time for which all answers remain fresh, and to `no-store` if the response has an error
 * or no answer was loaded. All objects of the graph inherit the limit of the field that loaded them (`inheritMaxAge`),
 * so the oldest answer decides. Apollo's own plugin visits every field to get the same result.
 */
function cacheControlHeader(clock: Clock): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ request, response, contextValue }) {
          const freshUntil = contextValue.loader.freshUntil();
          const failed = response.body.kind === 'single' && response.body.singleResult.errors !== undefined;
          const seconds = freshUntil === undefined || failed ? 0 : Math.floor((freshUntil - clock.epochMs()) / 1_000);
          // Routers send POST. A cache on the way of a GET does not check the router secret.
          const scope = request.http?.method === 'GET' ? 'private' : 'public';
          response.http.headers.set('cache-control', seconds > 0 ? `max-age=${seconds}, ${scope}` : 'no-store');
          return Promise.resolve();
        },
      }),
  };
}

/** Apollo Server logs whole errors, which may hold personal data. Only its error messages are passed on. */
function errorsOnlyLogger(onBug: (error: unknown) => void) {
  const ignore = (): void => undefined;
  return { debug: ignore, info: ignore, warn: ignore, error: (message: unknown) => onBug(message) };
}
