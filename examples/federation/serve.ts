import { ApolloServer } from '@apollo/server';
import type { ApolloServerOptionsWithGateway, ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
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

/** Serves GraphQL on loopback, for examples and tests. It has no router auth, no limits and no metrics. */
export async function serve({ server: options, port, playground }: ServeOptions): Promise<RunningServer> {
  const app = fastify({ forceCloseConnections: true });
  const server = new ApolloServer<BaseContext>({
    ...options,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    // The process may run several servers, so it handles the signals itself.
    stopOnTerminationSignals: false,
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
    ],
  });
  await server.start();
  const handleGraphQL = fastifyApolloHandler(server);
  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (playground === undefined) return reply.code(404).send();
    const { status, headers, body } = await playground.answer({
      acceptEncoding: request.headers['accept-encoding'],
      ifNoneMatch: request.headers['if-none-match'],
    });
    return reply.code(status).headers(headers).send(body);
  };
  app.get('/', sendPage);
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler(request, reply) {
      const isBrowser = request.method === 'GET' && request.headers.accept?.includes('text/html') === true;
      return isBrowser ? sendPage(request, reply) : handleGraphQL.call(app, request, reply);
    },
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    stop: () => server.stop(),
  };
}
