import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import { errorBody } from './error-responses.js';

export interface GraphRoutesOptions<Context extends object> {
  readonly apollo: ApolloServer<Context>;
  /** Starts an operation. `end` is called when its response is sent or its connection closes. */
  readonly begin: () => StartedOperation<Context>;
  /** Returns the error of a document that exceeds a limit. */
  readonly checkDocument: (query: string) => GraphQLError | undefined;
  /** Undefined: there is no playground. */
  readonly playground: PlaygroundPage | undefined;
  readonly metrics: { countResponse(status: number, seconds: number): void };
}

export interface StartedOperation<Context> {
  readonly context: Context;
  readonly end: () => void;
}

export interface PlaygroundPage {
  answer(request: { readonly acceptEncoding: string | undefined; readonly ifNoneMatch: string | undefined }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer | undefined;
  }>;
}

/** Adds `/graphql`, and `/` with the playground. */
export function addGraphRoutes<Context extends object>(
  app: FastifyInstance,
  { apollo, begin, checkDocument, playground, metrics }: GraphRoutesOptions<Context>,
): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: async (request, reply) =>
      playground !== undefined && asksForPage(request) ? sendPlayground(playground, request, reply) : undefined,
    preHandler: async (request, reply: FastifyReply) => {
      for (const query of queriesOf(request)) {
        const error = checkDocument(query);
        if (error !== undefined) return reply.code(400).send({ errors: [error] });
      }
      return undefined;
    },
    onResponse: async (_, reply) => metrics.countResponse(reply.statusCode, reply.elapsedTime / 1_000),
    handler: fastifyApolloHandler(apollo, { context: async (_, reply) => beginOperation(begin, reply) }),
  });
  app.get('/', (request, reply) => {
    if (playground !== undefined) return sendPlayground(playground, request, reply);
    return reply.code(404).send(errorBody('Nothing is at this address. The graph is at /graphql.', 'BAD_REQUEST'));
  });
}

function beginOperation<Context>(begin: () => StartedOperation<Context>, reply: FastifyReply): Context {
  const { context, end } = begin();
  // The connection may have closed while the body was read. No 'close' event comes then.
  if (reply.raw.destroyed) end();
  reply.raw.once('close', end);
  return context;
}

/**
 * The documents of a request. They are read as Apollo Server reads them, because parsers of malformed addresses differ.
 */
function queriesOf({ method, url, body }: FastifyRequest): string[] {
  if (method === 'GET') return new URL(url, 'http://localhost').searchParams.getAll('query');
  if (typeof body !== 'object' || body === null || !('query' in body)) return [];
  return typeof body.query === 'string' ? [body.query] : [];
}

/** Whether a browser asks for the page: a GET that accepts HTML and has no parameters. */
function asksForPage({ method, query, headers }: FastifyRequest): boolean {
  if (method !== 'GET') return false;
  const hasParameters = typeof query === 'object' && query !== null && Object.keys(query).length > 0;
  return !hasParameters && (headers.accept ?? '').includes('text/html');
}

async function sendPlayground(
  playground: PlaygroundPage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { status, headers, body } = await playground.answer({
    acceptEncoding: request.headers['accept-encoding']?.toString(),
    ifNoneMatch: request.headers['if-none-match'],
  });
  return reply.code(status).headers(headers).send(body);
}
