import { ApolloServer, HeaderMap } from '@apollo/server';
import type { ApolloServerOptionsWithGateway, ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastify } from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Playground } from '../../src/playground/playground.js';

export interface RunningServer {
  /** The address, `http://127.0.0.1:4002`. GraphQL is at `/graphql`. */
  readonly url: string;
  /** Closes all connections and frees the port. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** A schema or a gateway. */
  readonly server: ApolloServerOptionsWithSchema<BaseContext> | ApolloServerOptionsWithGateway<BaseContext>;
  /** 0: a free port. */
  readonly port: number;
  /** The page for browsers at `/` and `/graphql`. Undefined: there is none. */
  readonly playground?: Playground;
}

/** Pages of this machine, such as that of a development server: `http://localhost:5173` is Vite's. */
const LOCAL_PAGE = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/**
 * Serves GraphQL on loopback, for examples and tests. Pages of this machine may call it (CORS). It has no router auth,
 * no limits and no metrics.
 */
export async function serve({ server: options, port, playground }: ServeOptions): Promise<RunningServer> {
  const app = fastify({ forceCloseConnections: true });
  const server = new ApolloServer<BaseContext>({
    ...options,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    // The process may run several servers, so it handles the signals itself.
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginInlineTraceDisabled()],
  });
  await server.start();
  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (playground === undefined) return reply.code(404).send();
    const { status, headers, body } = await playground.answer({
      acceptEncoding: request.headers['accept-encoding'],
      ifNoneMatch: request.headers['if-none-match'],
    });
    return reply.code(status).headers(headers).send(body);
  };
  app.addHook('onRequest', allowLocalPages);
  app.get('/', sendPage);
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler(request, reply) {
      const isBrowser = request.method === 'GET' && request.headers.accept?.includes('text/html') === true;
      return isBrowser ? sendPage(request, reply) : execute(server, request, reply);
    },
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    async stop() {
      await app.close();
      await server.stop();
    },
  };
}

/** Allows the request of a local page, and answers the request by which a browser asks first. */
async function allowLocalPages(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { origin = '', 'access-control-request-headers': asked = 'content-type' } = request.headers;
  void reply.header('vary', 'origin');
  if (!LOCAL_PAGE.test(origin)) return undefined;
  void reply.header('access-control-allow-origin', origin);
  if (request.method !== 'OPTIONS') return undefined;
  const allowed = { 'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': asked };
  return reply.code(204).headers(allowed).send();
}

async function execute(
  server: ApolloServer,
  { method, url, headers: given, body: json }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) headers.set(name, String(value));
  const { search } = new URL(url, 'http://localhost');
  const response = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, headers, search, body: json },
    context: () => Promise.resolve({}),
  });
  if (response.body.kind !== 'complete') throw new Error('Expected a response in one part; got several.');
  for (const [name, value] of response.headers) void reply.header(name, value);
  return reply.code(response.status ?? 200).send(response.body.string);
}
