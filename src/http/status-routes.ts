import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Observe } from '../core/events.js';
import { createEventStream } from './event-stream.js';
import type { StatusAccess } from './status-access.js';

export interface StatusRoutesOptions {
  readonly statusPage: StatusPageSource;
  readonly observe: Observe;
  /** Called with an error of the page. */
  readonly onBug: (error: unknown) => void;
}

interface StatusPageSource {
  render(): StatusDocument;
  renderLogin(problem?: string): StatusDocument;
  renderEvent(): string;
}

interface StatusDocument {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

export interface StatusRoutes {
  /** Ends the events of all open pages, so that their connections close. */
  close(): void;
}

const PATHS: readonly string[] = ['/status', '/status/events', '/status/login'];
const FORM = 'application/x-www-form-urlencoded';
/** A form with a token of 500 characters is shorter. */
const FORM_LIMIT_BYTES = 4_000;
const WRONG_TOKEN = 'The token must be the value of METRICS_TOKEN or a router secret; got another one.';

/** Whether a request is sent to the status page, its events or its form. */
export function concernsStatus({ routeOptions }: FastifyRequest): boolean {
  return PATHS.includes(routeOptions.url ?? '');
}

/** Whether a request is one of a browser that needs no secret: for the page, which asks for a token, or its form. */
export function asksForLogin({ method, headers, routeOptions }: FastifyRequest): boolean {
  if (method === 'POST') return routeOptions.url === '/status/login';
  return routeOptions.url === '/status' && (headers.accept ?? '').includes('text/html');
}

/** Adds `/status`, a page that shows the service at work, with its events and the form for the token. */
export function addStatusRoutes(
  app: FastifyInstance,
  { statusPage, observe, onBug }: StatusRoutesOptions,
  access: StatusAccess,
): StatusRoutes {
  const stream = createEventStream({ render: () => statusPage.renderEvent(), onBug });
  app.get('/status', (request, reply) =>
    !access.needsSecret || access.hasSecret(request)
      ? sendDocument(reply, 200, statusPage.render())
      : sendDocument(reply, 401, statusPage.renderLogin()),
  );
  app.get('/status/events', (request, reply) => stream.send(request, reply));
  // The parser of forms is for this route only.
  void app.register(async (scope) => {
    scope.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: FORM_LIMIT_BYTES }, (_, text, done) => {
      done(null, new URLSearchParams(String(text)));
    });
    scope.post('/status/login', (request, reply) => {
      const token = request.body instanceof URLSearchParams ? request.body.get('token') : undefined;
      const cookie = access.openSession(token ?? '', request);
      if (cookie !== undefined) return reply.header('set-cookie', cookie).redirect('../status', 303);
      observe({ event: 'request.unauthenticated', reason: 'metrics-token', requestId: request.id });
      return sendDocument(reply, 401, statusPage.renderLogin(WRONG_TOKEN));
    });
  });
  return { close: () => stream.close() };
}

function sendDocument(
  reply: FastifyReply,
  status: 200 | 401,
  { html, contentSecurityPolicy }: StatusDocument,
): FastifyReply {
  return reply
    .code(status)
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-opener-policy': 'same-origin',
    })
    .type('text/html; charset=utf-8')
    .send(html);
}
