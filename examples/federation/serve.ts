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

export interface Serving {
  /** Where it answers: `http://127.0.0.1:4002`. GraphQL is at `/graphql`. */
  readonly url: string;
  /** Ends every connection and frees the port. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** A schema, or a gateway in its place. */
  readonly server: ApolloServerOptionsWithSchema<BaseContext> | ApolloServerOptionsWithGateway<BaseContext>;
  /** 0: a free one. */
  readonly port: number;
  /** Answers browsers at `/` and `/graphql`; undefined: nothing does. */
  readonly playground?: Playground;
}

/** Serves GraphQL on loopback, for examples and tests: no door, no limits, no metrics. */
export async function serve({ server: options, port, playground }: ServeOptions): Promise<Serving> {
  const app = fastify({ forceCloseConnections: true });
  const server = new ApolloServer<BaseContext>({
    ...options,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    // The signals are the process's own matter, which may serve more than this.
    stopOnTerminationSignals: false,
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
    ],
  });
  await server.start();
  const answerGraphQL = fastifyApolloHandler(server);
  const answerBrowser = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (playground === undefined) return reply.code(404).send();
    const { status, headers, body } = await playground.answer({
      acceptEncoding: request.headers['accept-encoding'],
      ifNoneMatch: request.headers['if-none-match'],
    });
    return reply.code(status).headers(headers).send(body);
  };
  app.get('/', answerBrowser);
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler(request, reply) {
      const isBrowser = request.method === 'GET' && request.headers.accept?.includes('text/html') === true;
      return isBrowser ? answerBrowser(request, reply) : answerGraphQL.call(app, request, reply);
    },
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    stop: () => server.stop(),
  };
}
