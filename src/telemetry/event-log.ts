import type { Clock } from '../core/clock.js';
import { concernsOperator, worstOf } from '../core/error-codes.js';
import type { ServiceEvent } from '../core/events.js';
import type { FailureKind } from '../core/failure.js';
import type { Log, LogFields, LogLevel } from '../core/log.js';

/** Refused requests, which anybody can send, are logged at most once for each reason in this time, in milliseconds. */
const UNAUTHENTICATED_LINE_MS = 60_000;

/**
 * Writes the events of the service to the log: `debug` for normal work, `info` for changes of state and for errors of a
 * caller, `warn` and `error` if an operator must know.
 */
export function createEventLog(log: Log, clock: Pick<Clock, 'monotonicMs'>): (event: ServiceEvent) => void {
  const refusals = new Map<string, { count: number; lineAt: number }>();

  return (event) => {
    if (event.event !== 'request.unauthenticated') {
      const level = levelOf(event);
      if (log.isEnabled(level)) log[level](event.event, fieldsOf(event));
      return;
    }
    const { count, lineAt } = refusals.get(event.reason) ?? { count: 0, lineAt: -Infinity };
    const isDue = clock.monotonicMs() - lineAt >= UNAUTHENTICATED_LINE_MS;
    if (isDue) log[levelOf(event)](event.event, { ...fieldsOf(event), count: count + 1 });
    refusals.set(event.reason, isDue ? { count: 0, lineAt: clock.monotonicMs() } : { count: count + 1, lineAt });
  };
}

function levelOf(event: ServiceEvent): LogLevel {
  switch (event.event) {
    case 'answer.served':
    case 'call.answered':
    case 'lookup.refused':
    case 'request.refused':
      return 'debug';
    case 'call.retried':
    case 'circuit.probing':
    case 'circuit.closed':
    case 'quota.synced':
    case 'redis.up':
    case 'cache.erased':
    case 'labels.loaded':
    case 'traces.sent':
      return 'info';
    case 'operation.failed':
      return concernsOperator(worstOf(event.errors)) ? 'warn' : 'info';
    case 'call.failed':
      return event.reason === 'token' ? 'error' : 'warn';
    case 'calls.paused':
    case 'quota.warning':
    case 'quota.sync-failed':
    case 'request.unauthenticated':
    case 'slot.lost':
    case 'labels.rejected':
    case 'traces.lost':
      return 'warn';
    case 'circuit.opened':
    case 'quota.exhausted':
    case 'quota.write-failed':
    case 'redis.down':
    case 'redis.command-refused':
      return 'error';
  }
}

function fieldsOf(event: ServiceEvent): LogFields {
  if ('operation' in event) {
    const { operation, ...fields } = event;
    return {
      ...fields,
      ...operation,
      ...traceIdBeside(operation?.requestId, operation?.trace?.traceId),
      advice: adviceFor(event),
    };
  }
  if (event.event !== 'operation.failed') return { ...event, advice: adviceFor(event) };
  const { errors, traceId, ...fields } = event;
  const total = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  return { ...fields, ...traceIdBeside(event.requestId, traceId), code: worstOf(errors), ...(total > 1 && { codes }) };
}

/** The trace of a line, unless the id of its request is the same. */
function traceIdBeside(requestId: string | undefined, traceId: string | undefined): LogFields {
  return traceId === requestId ? {} : { traceId };
}

/** What follows, and what an operator must do. */
function adviceFor(event: ServiceEvent): string | undefined {
  switch (event.event) {
    case 'call.failed':
      if (event.reason === 'token') {
        return 'Wolkvox refuses the token. Check WOLKVOX_TOKEN and WOLKVOX_SERVER, or create a new token in Wolkvox.';
      }
      return networkAdvice(event.networkCode ?? '', event.reason);
    case 'request.unauthenticated':
      return REFUSAL_ADVICE[event.reason];
    case 'quota.exhausted':
      return (
        "Wolkvox says that the account's daily calls are used up. Cached answers are served; one call checks from time to time. " +
        'Find out what else uses the account, or set WOLKVOX_DAILY_LIMIT.'
      );
    case 'quota.write-failed':
      return 'A call could not be counted, so it was not sent. Check that the service can write to STATE_DIR.';
    case 'redis.down':
      return 'Redis is unreachable. No calls are sent until it is back; cached answers are served. Check REDIS_URL and the server.';
    case 'redis.command-refused':
      return 'Redis refuses a command. Check the rights of the user in REDIS_URL (see docs/configuration.md).';
    case 'labels.rejected':
      return 'Correct CAMPAIGNS_FILE. With this version a start fails. docs/configuration.md describes the format.';
    case 'traces.lost':
      return 'Check OTEL_EXPORTER_OTLP_ENDPOINT, and whether its receiver accepts OTLP over HTTP as JSON.';
    default:
      return undefined;
  }
}

const REFUSAL_ADVICE = {
  'router-secret':
    'Check the header Router-Authorization of the router. If another client sent the request, restrict its access.',
  'metrics-token':
    'Check the bearer token of the program that reads /metrics, or who signs in at /status. It must be METRICS_TOKEN.',
  host:
    'The Host header names another host than loopback. Set ROUTER_SECRET, or list the names by which clients reach ' +
    'the service in ALLOWED_HOSTS.',
} as const;

/** The advice for a call that failed in the network, by the error code of the system, of TLS or of the proxy. */
function networkAdvice(networkCode: string, reason: FailureKind): string | undefined {
  if (/CERT|^(?:PROXY_)?(?:UNABLE_TO_|ERR_TLS_)/.test(networkCode)) {
    return (
      'The certificate of the server, or of the proxy, is not trusted, so no calls are sent. Check WOLKVOX_BASE_URL and ' +
      'HTTPS_PROXY; a certificate authority of your own, also that of a proxy, needs NODE_EXTRA_CA_CERTS.'
    );
  }
  const ofProxy = /^PROXY_(?<status>\d{3})?/.exec(networkCode);
  if (ofProxy !== null) return proxyAdvice(ofProxy.groups?.['status']);
  if (/^(?:ENOTFOUND|EAI_AGAIN)$/.test(networkCode)) {
    return "The name of Wolkvox's server cannot be resolved. Check WOLKVOX_SERVER, WOLKVOX_BASE_URL and the DNS.";
  }
  if (reason !== 'not-connected') return undefined;
  return (
    'No connection to Wolkvox can be made. Check whether the account allows only listed addresses, whether a ' +
    'firewall blocks the way, and whether the server is down.'
  );
}

/** @param status the HTTP status with which the proxy refused; undefined: it did not answer */
function proxyAdvice(status: string | undefined): string {
  if (status === '407') {
    return 'The proxy asks for a user and a password, or does not accept them. Check HTTPS_PROXY: http://user:password@host:port.';
  }
  if (status === undefined) {
    return "The proxy cannot be reached. Check HTTPS_PROXY. If Wolkvox is reached without it, list Wolkvox's host in NO_PROXY.";
  }
  return (
    `The proxy refuses to connect to Wolkvox (HTTP ${status}). Check whether it allows CONNECT to port 443 of this host ` +
    'and can resolve its name, and whether the server is down.'
  );
}
