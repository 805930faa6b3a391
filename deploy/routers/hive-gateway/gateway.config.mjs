/**
 * Hive Gateway before the campaigns subgraph. docs/routers.md explains the settings.
 *
 *   ROUTER_SECRET=… hive-gateway supergraph supergraph.graphql --config-path gateway.config.mjs
 */
import { env } from 'node:process';

/** Headers of the client that the subgraph uses: the request id, the trace, and whether to show the cost. */
const PASSED_HEADERS = ['x-request-id', 'traceparent', 'tracestate', 'wolkvox-cost', 'graphql-client-name'];

export const gatewayConfig = {
  propagateHeaders: {
    fromClientToSubgraphs({ request, subgraphName }) {
      if (subgraphName !== 'campaigns') return {};
      const passed = PASSED_HEADERS.map((name) => [name, request.headers.get(name)]);
      return {
        'router-authorization': env.ROUTER_SECRET ?? '',
        ...Object.fromEntries(passed.filter(([, value]) => value !== null)),
      };
    },
  },
  // Longer than REQUEST_DEADLINE_MS (25 s) of the subgraph.
  upstreamTimeout: 30_000,
};
