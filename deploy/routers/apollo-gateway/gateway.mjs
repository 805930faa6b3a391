/**
 * Apollo Gateway before the campaigns subgraph. docs/routers.md explains the settings. It needs the packages
 * @apollo/gateway, @apollo/server and graphql.
 *
 *   ROUTER_SECRET=… node gateway.mjs supergraph.graphql
 */
/* global AbortSignal */
import { readFileSync } from 'node:fs';
import { argv, env, stdout } from 'node:process';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

/** Headers of the client that the subgraph uses: the request id, the trace, and whether to show the cost. */
const PASSED_HEADERS = ['x-request-id', 'traceparent', 'tracestate', 'wolkvox-cost', 'apollographql-client-name'];
/** Longer than REQUEST_DEADLINE_MS (25 s) of the subgraph. */
const TIMEOUT_MS = 30_000;
const { ROUTER_SECRET: secret = '', PORT: port = '4000' } = env;

/** Sends the secret to the campaigns subgraph, and keeps the cost that it reports. */
class CampaignsDataSource extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    request.http.headers.set('router-authorization', secret);
    for (const name of PASSED_HEADERS) {
      const value = context.headers?.[name];
      if (value !== undefined) request.http.headers.set(name, value);
    }
  }

  didReceiveResponse({ response, context }) {
    const cost = response.extensions?.wolkvox;
    if (cost !== undefined) context.cost = addCosts(context.cost, cost);
    return response;
  }
}

/** Numbers are added up. Of the calls that are left the smallest number counts. Other values are those of the last. */
function addCosts(total = {}, cost) {
  const add = (name, value) => {
    const before = total[name];
    if (typeof value !== 'number' || typeof before !== 'number') return value;
    return name === 'callsLeftToday' ? Math.min(before, value) : before + value;
  };
  return { ...total, ...Object.fromEntries(Object.entries(cost).map(([name, value]) => [name, add(name, value)])) };
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(argv[2], 'utf8'),
  buildService: ({ name, url }) =>
    name === 'campaigns'
      ? new CampaignsDataSource({
          url,
          fetcher: (to, init) => fetch(to, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }),
        })
      : new RemoteGraphQLDataSource({ url }),
});

/** Shows the cost of all requests to the campaigns subgraph. */
const showCost = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response: { body }, contextValue: { cost } }) => {
      if (cost !== undefined) body.singleResult.extensions = { ...body.singleResult.extensions, wolkvox: cost };
    },
  }),
};

const server = new ApolloServer({ gateway, plugins: [showCost], includeStacktraceInErrorResponses: false });
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(port) },
  context: async ({ req: { headers } }) => ({ headers }),
});
stdout.write(`The gateway listens at ${url}\n`);
