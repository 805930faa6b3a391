import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { followAbort } from '../core/abort.js';
import type { Answer, LookupSource } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import { readAnswer } from './answer.js';
import { transportFailure } from './failure.js';
import { createRequest, type WolkvoxAccount } from './request.js';

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
  /** Cuts off what still runs. */
  close(): Promise<void>;
}

export function createWolkvoxClient(options: WolkvoxClientOptions): WolkvoxClient {
  const { timeoutMs, clock, observe } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const pathPrefix = pathname.replace(/\/$/, '');
  const pool = createPool(origin, options);
  let running = 0;
  let isClosed = false;

  return {
    async find(lookup, { signal }) {
      if (isClosed) throw new LookupFailure('not-connected');
      const startedAt = clock.monotonicMs();
      running += 1;
      try {
        const answer = await call(lookup, signal);
        observe({ event: 'call.answered', ms: elapsedMs(startedAt), records: answer.records.length });
        return answer;
      } catch (error) {
        const failure = transportFailure(error);
        report(failure, elapsedMs(startedAt));
        throw failure;
      } finally {
        running -= 1;
      }
    },
    async close() {
      isClosed = true;
      const cutsOff = running > 0;
      await pool.destroy();
      if (cutsOff) await sleep(SETTLE_MS);
    },
  };

  async function call(lookup: Lookup, signal: AbortSignal): Promise<Answer> {
    const request = createRequest(lookup, options.account);
    const { controller, unfollow } = followAbort(signal);
    const timer = setTimeout(() => controller.abort(new DOMException('Too slow.', 'TimeoutError')), timeoutMs);
    const sentAt = clock.epochMs();
    let isComplete = false;
    try {
      const response = await pool.request({
        method: 'GET',
        path: pathPrefix + request.path,
        headers: request.headers,
        signal: controller.signal,
      });
      try {
        const records = await readAnswer(response, { lookup, ...options });
        return { records, sentAt, source: 'wolkvox' };
      } finally {
        isComplete = response.body.readableEnded;
      }
    } finally {
      clearTimeout(timer);
      unfollow();
      if (!isComplete) await sleep(SETTLE_MS);
    }
  }

  function report({ code, kind, facts }: LookupFailure, ms: number): void {
    observe({ event: 'call.failed', code, reason: kind, ms, ...facts });
  }

  function elapsedMs(startedAt: number): number {
    return Math.round(clock.monotonicMs() - startedAt);
  }
}

function createPool(origin: string, { concurrency, timeoutMs }: WolkvoxClientOptions): Pool {
  return new Pool(origin, {
    connections: concurrency,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The deadline of each call ends it. These two measure silence only and must not end it earlier.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    connect: { timeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) },
  });
}
