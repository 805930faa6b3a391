import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { bearerToken, createSecretCheck } from './secret-check.js';

export interface StatusAccessOptions {
  /** The secrets of the router. */
  readonly routerSecrets: readonly string[];
  /** A bearer token for `/metrics` and `/status`; undefined: there is none. */
  readonly metricsToken: string | undefined;
  /** The system's clock. Epoch milliseconds. */
  readonly wallMs: () => number;
}

/** Decides who may see the status: who has a router secret, METRICS_TOKEN, or a session that one of them opened. */
export interface StatusAccess {
  /** Whether there is a secret. Without one, everybody may see the status. */
  readonly needsSecret: boolean;
  hasSecret(request: FastifyRequest): boolean;
  /** The value of a `set-cookie` header that opens a session; undefined: the token is wrong. */
  openSession(token: string, request: FastifyRequest): string | undefined;
}

const COOKIE = 'wolkvox-status';
/** The browser drops the cookie when it is closed, and the service refuses it after this time, in milliseconds. */
const SESSION_MS = 12 * 60 * 60 * 1_000;

/**
 * A session is its end and a signature with the secrets. So all replicas know it, none stores it, and it ends when a
 * secret changes.
 */
export function createStatusAccess({ routerSecrets, metricsToken, wallMs }: StatusAccessOptions): StatusAccess {
  const secrets = [...routerSecrets, ...(metricsToken === undefined ? [] : [metricsToken])];
  const isSecret = createSecretCheck(secrets);
  const isRouterSecret = createSecretCheck(routerSecrets);
  const isMetricsToken = createSecretCheck(metricsToken === undefined ? [] : [metricsToken]);
  const signatureOf = (end: string): Buffer =>
    createHmac('sha256', JSON.stringify(secrets)).update(`status session until ${end}`).digest();

  return {
    needsSecret: secrets.length > 0,
    hasSecret: ({ headers }) =>
      isRouterSecret(headers['router-authorization']) ||
      isMetricsToken(bearerToken(headers.authorization)) ||
      isSession(headers.cookie),
    openSession(token, { headers }) {
      if (!isSecret(token)) return undefined;
      const end = String(wallMs() + SESSION_MS);
      const value = `${end}.${signatureOf(end).toString('base64url')}`;
      // Without a path, the cookie is sent to the addresses below that of the page, also under a path of a proxy.
      return `${COOKIE}=${value}; HttpOnly; SameSite=Strict${isHttps(headers['x-forwarded-proto']) ? '; Secure' : ''}`;
    },
  };

  function isSession(cookies = ''): boolean {
    const [, end = '', signature = ''] = /(?:^|; )wolkvox-status=([0-9]{1,16})\.([\w-]{43})(?:;|$)/.exec(cookies) ?? [];
    const given = Buffer.from(signature, 'base64url');
    const isSigned = given.length === 32 && timingSafeEqual(given, signatureOf(end));
    return isSigned && Number(end) > wallMs();
  }
}

/** Whether the browser uses HTTPS. The service itself has no TLS, so a proxy must say it. */
function isHttps(forwardedProtocol: string | readonly string[] | undefined): boolean {
  return /^https\b/i.test(String(forwardedProtocol ?? ''));
}
