import type { FastifyInstance } from 'fastify';
import { readPerson, type Person } from '../core/person.js';
import type { TimeSlices } from '../core/time-slices.js';
import { protectRoutes, type AccessOptions } from './access.js';
import { createApp, type AppOptions } from './app.js';
import { createDrain } from './drain.js';
import { errorBody, reportErrors, UNKNOWN_ADDRESS } from './error-responses.js';
import { addGraphRoutes, asksForPage, type GraphRoutesOptions } from './graph-routes.js';
import { readJsonBodies } from './request-body.js';
import { createStatusAccess, type StatusAccessOptions } from './status-access.js';
import { addStatusRoutes, type StatusRoutesOptions } from './status-routes.js';

export interface HttpOptions<Context extends object>
  extends GraphRoutesOptions<Context>, AccessOptions, AppOptions, StatusRoutesOptions, StatusAccessOptions {
  /** The state of the layers, for `/readyz`. It does not change the status: another replica would not do better. */
  readonly health: () => object;
  readonly metrics: {
    render(): Promise<string>;
    readonly contentType: string;
    countResponse(status: number, seconds: number): void;
  };
  /** New requests are served for this time after a drain begins, until load balancers have noticed, in milliseconds. */
  readonly drainGraceMs: number;
  /** The time that an operation may take, in milliseconds. A drain waits that long for running operations. */
  readonly operationDeadlineMs: number;
  /** Erases a person from the caches. Resolves to the number of erased answers. */
  readonly forget: (person: Person) => Promise<number>;
  /** As in `readPerson`. */
  readonly countryCode: string | undefined;
  /** Shared with the graph. */
  readonly slices: TimeSlices;
}

export interface HttpServer {
  /** Starts to listen. Resolves to the address, `http://127.0.0.1:4001`. */
  listen(address: { readonly port: number; readonly host: string }): Promise<string>;
  /** Becomes unready, finishes the running requests and closes. A second call does nothing. */
  drain(): Promise<void>;
}

type ServerState = 'starting' | 'ready' | 'draining';

/** Time for a running operation to end after its deadline, in milliseconds. */
const END_MS = 1_000;

export function createHttpServer<Context extends object>(options: HttpOptions<Context>): HttpServer {
  let state: ServerState = 'starting';
  const app = createApp(options);
  const closeGracefully = createDrain(app, options.operationDeadlineMs + END_MS);
  reportErrors(app, options.observe, options.routerSecrets.length > 0);
  const statusAccess = createStatusAccess(options);
  protectRoutes(app, options, statusAccess, (request) => options.playground !== undefined && asksForPage(request));
  readJsonBodies(app, options.slices);
  app.addHook('onSend', (_, reply, payload, done) => {
    // Also for requests that came before the drain: the client's next request must go to another replica.
    if (state === 'draining') void reply.header('connection', 'close');
    done(null, payload);
  });
  addHealthRoutes(app, options, () => state);
  addGraphRoutes(app, options);
  addMetricsRoute(app, options);
  addForgetRoute(app, options);
  const status = addStatusRoutes(app, options, statusAccess);
  addNotFoundRoute(app);

  return {
    async listen({ port, host }) {
      const url = await app.listen({ port, host });
      state = 'ready';
      return url;
    },
    async drain() {
      if (state === 'draining') return;
      // A server that could not listen has no clients.
      const graceMs = state === 'ready' ? options.drainGraceMs : 0;
      state = 'draining';
      status.close();
      await closeGracefully(graceMs);
    },
  };
}

function addHealthRoutes(
  app: FastifyInstance,
  { health }: Pick<HttpOptions<object>, 'health'>,
  state: () => ServerState,
): void {
  app.get('/livez', { exposeHeadRoute: true }, () => ({ status: 'alive' }));
  app.get('/readyz', { exposeHeadRoute: true }, (_, reply) =>
    reply
      .code(state() === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: state(), ...health() }),
  );
}

function addMetricsRoute(app: FastifyInstance, { metrics }: Pick<HttpOptions<object>, 'metrics'>): void {
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}

function addForgetRoute(
  app: FastifyInstance,
  { forget, countryCode }: Pick<HttpOptions<object>, 'forget' | 'countryCode'>,
): void {
  app.post('/forget', async ({ body }, reply) => {
    const phone = textIn(body, 'phone');
    const customerId = textIn(body, 'customerId');
    if (phone.trim() === '' && customerId.trim() === '') {
      const message = 'The body must be a JSON object with the text customerId, phone or both; got neither.';
      return reply.code(400).send(errorBody(message, 'BAD_USER_INPUT'));
    }
    return reply.send({ forgotten: await forget(readPerson({ phone, customerId }, countryCode)) });
  });
}

/** The text that a JSON body has under a name; empty if there is none. */
function textIn(body: unknown, name: string): string {
  const value =
    typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function addNotFoundRoute(app: FastifyInstance): void {
  app.setNotFoundHandler(({ url }, reply) => {
    if (/^\/graphql(\?|$)/.test(url)) {
      const message = 'The method must be GET or POST; got another one.';
      return reply.code(405).header('allow', 'GET, POST').send(errorBody(message, 'BAD_REQUEST'));
    }
    return reply.code(404).send(errorBody(UNKNOWN_ADDRESS, 'BAD_REQUEST'));
  });
}
