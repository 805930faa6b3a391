import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, buildConnector } from 'undici';
import { followAbort } from '../core/abort.js';
import type { CallOptions, LookupSource, Reply } from '../core/answer.js';
import type { CampaignListSource } from '../core/campaign.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import type { QuotaSource } from '../core/limits.js';
import { readAnswer } from './answer.js';
import type { WolkvoxResponse } from './body.js';
import { readCampaigns } from './campaigns.js';
import { ConnectError, transportFailure } from './failure.js';
import { createCampaignsRequest, createLookupRequest, createTokenInfoRequest } from './request.js';
import type { ApiRequest, WolkvoxAccount } from './request.js';
import { readTokenInfo } from './token-info.js';
import { createTunnelConnector } from './tunnel.js';

/** The server closes an idle connection after 5 s (seen: its Keep-Alive header). The client closes it earlier. */
const KEEP_ALIVE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * A call that was cut off ends this much later, so that the server sees the closed connection before the next call
 * arrives. Otherwise it would count three calls.
 */
const SETTLE_MS = 250;

export interface WolkvoxClientOptions {
  /** The API's origin: `https://wv0042.wolkvox.com`, a proxy or the simulator. */
  readonly baseUrl: string;
  /** The proxy of the calls, with its user and password. The base URL is https then. Undefined: there is none. */
  readonly proxyUrl?: string | undefined;
  readonly account: WolkvoxAccount;
  /** Connections, as many as simultaneous calls. */
  readonly concurrency: number;
  /** One call, from its start to the end of its body, in milliseconds. */
  readonly timeoutMs: number;
  /** The luxon zone of Wolkvox's dates. */
  readonly zone: string;
  /** Records that an answer may hold. */
  readonly maxRecords: number;
  /** Bytes that an answer may have, decompressed. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly observe: Observe;
}

/**
 * Sends calls, one GET each. A call ends when its body is read or its connection is destroyed: then its slot is free.
 * The signal of a call cuts it off at once.
 */
export interface WolkvoxClient extends LookupSource {
  /** Asks for all campaigns of the account, with one call. */
  readonly campaigns: CampaignListSource;
  /** Asks for the account's use of its daily quota. */
  readonly quota: QuotaSource;
  /** Cuts off the calls that still run. Resolves when they have ended. */
  close(): Promise<void>;
}

export function createWolkvoxClient(options: WolkvoxClientOptions): WolkvoxClient {
  const { account, timeoutMs, clock, observe } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const pathPrefix = pathname.replace(/\/$/, '');
  const pool = createPool(origin, options);
  /** They resolve when their calls have ended. */
  const running = new Set<Promise<void>>();
  let isClosed = false;

  return {
    find: (lookup, callOptions) =>
      call(
        createLookupRequest(lookup, account),
        callOptions,
        async (response) => ({ records: await readAnswer(response, { lookup, ...options }) }),
        ({ records }) => records.length,
      ),
    campaigns: {
      find: (_request, callOptions) =>
        call(
          createCampaignsRequest(account),
          callOptions,
          async (response) => ({ campaigns: await readCampaigns(response, options.zone) }),
          () => 0,
        ),
    },
    quota: {
      find: (_request, callOptions) => call(createTokenInfoRequest(account), callOptions, readTokenInfo, () => 0),
    },
    async close() {
      isClosed = true;
      await pool.destroy();
      await Promise.all(running);
    },
  };

  /** Makes one call. */
  function call<Result>(...args: Parameters<typeof sendAndReport<Result>>): Promise<Result & Reply> {
    const reply = sendAndReport(...args);
    const end = (): void => void running.delete(ended);
    const ended = reply.then(end, end);
    running.add(ended);
    return reply;
  }

  /** Sends one call, and reports how it ended. */
  async function sendAndReport<Result>(
    request: ApiRequest,
    { signal, operation }: CallOptions,
    read: (response: WolkvoxResponse) => Promise<Result>,
    recordsIn: (result: Result) => number,
  ): Promise<Result & Reply> {
    if (isClosed) throw new LookupFailure('not-connected');
    const startedAt = clock.monotonicMs();
    try {
      const sentAt = clock.epochMs();
      const result = await send(request, signal, read);
      observe({ event: 'call.answered', ms: elapsedMs(startedAt), records: recordsIn(result), operation });
      return { ...result, sentAt, source: 'wolkvox' };
    } catch (error) {
      const failure = transportFailure(error);
      const { code, kind, facts } = failure;
      observe({ event: 'call.failed', code, reason: kind, ms: elapsedMs(startedAt), ...facts, operation });
      throw failure;
    }
  }

  /** Sends one GET and reads its response. Returns when the call has ended for the server, too. */
  async function send<Result>(
    request: ApiRequest,
    signal: AbortSignal,
    read: (response: WolkvoxResponse) => Promise<Result>,
  ): Promise<Result> {
    const { controller, unfollow } = followAbort(signal);
    const timer = setTimeout(() => controller.abort(new DOMException('Too slow.', 'TimeoutError')), timeoutMs);
    let isComplete = false;
    try {
      const response = await pool.request({
        method: 'GET',
        path: pathPrefix + request.path,
        headers: request.headers,
        signal: controller.signal,
        // The body is never paused: undici 7 throws outside of any promise if the server closes a connection whose body
        // is paused (nodejs/undici issue 5360). The part that is not read yet waits in memory.
        highWaterMark: options.maxBytes,
      });
      try {
        return await read(response);
      } finally {
        isComplete = response.body.readableEnded;
      }
    } finally {
      clearTimeout(timer);
      unfollow();
      if (!isComplete) await sleep(SETTLE_MS);
    }
  }

  function elapsedMs(startedAt: number): number {
    return Math.round(clock.monotonicMs() - startedAt);
  }
}

function createPool(origin: string, { concurrency, timeoutMs, proxyUrl }: WolkvoxClientOptions): Pool {
  // A connection fails well before its call, so that a call without one is known. A tunnel has three steps.
  const share = proxyUrl === undefined ? 2 : 4;
  const connectMs = Math.min(Math.ceil(timeoutMs / share), CONNECT_TIMEOUT_MS);
  const connect =
    proxyUrl === undefined
      ? buildConnector({ timeout: connectMs })
      : createTunnelConnector({ proxyUrl, origin, timeoutMs: connectMs });
  return new Pool(origin, {
    connections: concurrency,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The deadline of each call ends it. These two measure silence only and must not end it earlier.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    connect: (options, callback) =>
      connect(options, (...[error, socket]) =>
        error === null ? callback(null, socket) : callback(new ConnectError(error), null),
      ),
  });
}
