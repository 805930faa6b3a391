import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Observe } from '../core/events.js';
import { errorBody } from './error-responses.js';
import { createHostCheck } from './host-check.js';
import { bearerToken, createSecretCheck } from './secret-check.js';
import type { StatusAccess } from './status-access.js';
import { asksForLogin, concernsStatus } from './status-routes.js';

export interface AccessOptions {
  /** The secrets of the router. Empty: requests need none, but must name an allowed host. */
  readonly routerSecrets: readonly string[];
  /** Hosts that are served without a router secret, beside loopback; lower case, without a port. */
  readonly allowedHosts: readonly string[];
  /** A bearer token for `/metrics` and `/status`; undefined: there is none. */
  readonly metricsToken: string | undefined;
  /** Whether `/metrics` is open to everybody. */
  readonly metricsPublic: boolean;
  readonly observe: Observe;
}

/** Routes that are open to everybody, so that an orchestrator can check the process. */
const HEALTH_ROUTES: readonly string[] = ['/livez', '/readyz'];

interface Refusal {
  readonly reason: 'router-secret' | 'metrics-token' | 'host';
  readonly status: 401 | 403;
  readonly message: string;
  readonly code: 'UNAUTHENTICATED' | 'BAD_REQUEST';
}

const NO_SECRET: Refusal = {
  reason: 'router-secret',
  status: 401,
  message: 'The header Router-Authorization must hold a known router secret; got none or an unknown one.',
  code: 'UNAUTHENTICATED',
};
const NO_METRICS_TOKEN: Refusal = {
  reason: 'metrics-token',
  status: 401,
  message:
    'The header Authorization must hold Bearer and the token METRICS_TOKEN, or Router-Authorization a known router ' +
    'secret; got neither.',
  code: 'UNAUTHENTICATED',
};
const UNKNOWN_HOST: Refusal = {
  reason: 'host',
  status: 403,
  message:
    'Without a router secret, the header Host must name localhost, a loopback address or a host of ALLOWED_HOSTS; ' +
    'got another one.',
  code: 'BAD_REQUEST',
};

/**
 * Protects all routes but the health routes, unknown addresses included. The body is not read before.
 *
 * @param isPage whether a request asks for the page of the playground, which has no data
 */
export function protectRoutes(
  app: FastifyInstance,
  options: AccessOptions,
  statusAccess: StatusAccess,
  isPage: (request: FastifyRequest) => boolean,
): void {
  const refusalOf = createAccessCheck(options, statusAccess, isPage);
  app.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalOf(request);
    if (refusal === undefined) {
      done();
      return;
    }
    options.observe({ event: 'request.unauthenticated', reason: refusal.reason, requestId: request.id });
    void reply.code(refusal.status).send(errorBody(refusal.message, refusal.code));
  });
}

function createAccessCheck(
  { routerSecrets, allowedHosts, metricsToken, metricsPublic }: AccessOptions,
  statusAccess: StatusAccess,
  isPage: (request: FastifyRequest) => boolean,
): (request: FastifyRequest) => Refusal | undefined {
  const hasRouterSecret = createSecretCheck(routerSecrets);
  const hasMetricsToken = createSecretCheck(metricsToken === undefined ? [] : [metricsToken]);
  const hasAllowedHost = createHostCheck(allowedHosts);

  return (request) => {
    const { headers, routeOptions } = request;
    if (HEALTH_ROUTES.includes(routeOptions.url ?? '')) return undefined;
    if (statusAccess.needsSecret && concernsStatus(request)) return statusRefusal(request);
    if (routeOptions.url === '/metrics') {
      if (metricsPublic || hasMetricsToken(bearerToken(headers.authorization))) return undefined;
      if (metricsToken !== undefined && !hasRouterSecret(headers['router-authorization'])) return NO_METRICS_TOKEN;
    }
    return routerRefusal(request);
  };

  function routerRefusal(request: FastifyRequest): Refusal | undefined {
    if (hasRouterSecret(request.headers['router-authorization'])) return undefined;
    if (routerSecrets.length > 0) return isPage(request) ? undefined : NO_SECRET;
    return hasAllowedHost(request.headers.host) ? undefined : UNKNOWN_HOST;
  }

  function statusRefusal(request: FastifyRequest): Refusal | undefined {
    if (statusAccess.hasSecret(request) || asksForLogin(request)) return undefined;
    return metricsToken === undefined ? NO_SECRET : NO_METRICS_TOKEN;
  }
}
