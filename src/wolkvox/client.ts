import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Lookup } from '../records/lookup.js';
import type { Answer } from '../records/source.js';
import { transportFailure } from './failure.js';
import { readAnswer, writeRequest } from './wire.js';

/** The server closes an idle connection after 5 s (its Keep-Alive header); leave first, so that no call meets a closing one. */
const KEEP_ALIVE_MS = 4_000;
/**
 * After a call was cut off, its slot is kept a little longer: the server must see the closed connection before the next call
 * arrives, or it would count three.
 */
const SETTLE_MS = 250;

export interface ClientOptions {
  /** Where the API is: `https://wv0042.wolkvox.com`, or a proxy or the simulator. */
  readonly baseUrl: string;
  readonly account: { readonly token: string; readonly server: string };
  /** Connections, as many as simultaneous calls. */
  readonly concurrency: number;
  /** One call, from its start to the end of its body. */
  readonly timeoutMs: number;
  /** A luxon zone name. */
  readonly zone: string;
  /** Records that an answer may hold. */
  readonly maxRecords: number;
  /** Bytes that an answer may have, decompressed. */
  readonly maxBytes: number;
  readonly now: () => number;
}

export interface Client {
  /**
   * One GET. Settles only when its body is read or its connection destroyed, so whoever frees a slot after it lets no third one in.
   *
   * @param lost ends the call at once
   * @throws WolkvoxFailure, always
   */
  call(lookup: Lookup, lost?: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export function createClient(options: ClientOptions): Client {
  const { account, timeoutMs, zone, maxRecords, maxBytes, now } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const prefix = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections: options.concurrency,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The total deadline below ends every call; these two measure silence only, and must not speak first.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
  });
  let running = 0;

  return {
    async call(lookup, lost) {
      const { path, headers } = writeRequest(lookup, account);
      // A timer, not AbortSignal.timeout: a signal that only AbortSignal.any knows of may be collected before its time has come.
      const ending = new AbortController();
      const timer = setTimeout(
        () => ending.abort(new DOMException('The call took too long.', 'TimeoutError')),
        timeoutMs,
      );
      const end = (): void => ending.abort(lost?.reason);
      if (lost?.aborted === true) end();
      lost?.addEventListener('abort', end, { once: true });
      let isWhole = false;
      running += 1;
      try {
        const response = await pool.request({ method: 'GET', path: prefix + path, headers, signal: ending.signal });
        try {
          const records = await readAnswer(response, { lookup, zone, maxRecords, maxBytes });
          return { records, fetchedAt: now() };
        } finally {
          isWhole = response.body.readableEnded;
        }
      } catch (error) {
        throw transportFailure(error);
      } finally {
        clearTimeout(timer);
        lost?.removeEventListener('abort', end);
        if (!isWhole) await sleep(SETTLE_MS);
        running -= 1;
      }
    },
    async close() {
      const cutsOff = running > 0;
      await pool.destroy();
      // Whoever closes gives the places back next.
      if (cutsOff) await sleep(SETTLE_MS);
    },
  };
}
