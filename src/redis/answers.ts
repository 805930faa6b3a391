import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestKey, type Reply, type SharedRequest } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import type { Commands, Connection } from './connection.js';
import { LEASE_MS } from './leases.js';
import { PREFIX, prefixOf, type RedisOptions } from './options.js';
import { createSealing } from './sealing.js';

/** The keys of a request in one generation. They show nothing of the request. */
export interface RequestKeys {
  readonly answer: string;
  readonly lease: string;
  /** Exists while the answer is written. */
  readonly room: string;
}

/** A reply that is read under the keys of a request has the form that this request gets. */
export interface SharedAnswers {
  /** As `SharedCache.read`. */
  read(request: SharedRequest, minSentAt?: number): Promise<Reply | undefined>;
  /** For a call that is sent from now on: no use after an erasure. @throws LookupFailure `redis-down` */
  keysOf(request: SharedRequest): RequestKeys;
  /**
   * Reads a reply that was sent at `minSentAt` or later, in epoch milliseconds.
   *
   * @param token takes the lease, if there is no such reply and the lease is free; default: leaves it
   * @returns the reply; `led`: another has the lease; `free`: neither
   */
  look(keys: RequestKeys, minSentAt: number, token?: string): Promise<Reply | 'led' | 'free'>;
  /** Stores a reply, unless a later one is stored. It never rejects. */
  write(request: SharedRequest, keys: RequestKeys, reply: Reply): Promise<void>;
  /** Makes all answers unreachable. Resolves when every replica knows it. @throws LookupFailure `redis-down` */
  erase(): Promise<void>;
  onErased(listener: () => void): void;
}

/** A replica reads the generation a second after its last heartbeat. Both replies together may take one more second. */
const ERASURE_MS = 2_000;
/** Memory of Redis that answers leave free for slots, leases, the quota and connections. */
const ROOM_BYTES = 1_000_000;
/** After this time Redis frees the room of a replica that ended meanwhile. */
const ROOM_MS = 5_000;
/** Another form of the records needs another number. */
const FORMAT = '1';

const generationScript = {
  name: 'generation',
  lua: `local generation = redis.call('GET', KEYS[1])
if not generation then redis.call('SET', KEYS[1], ARGV[1]) end
return generation or ARGV[1]`,
};

/**
 * Reserves memory, which `write` frees: a Redis that evicts nothing refuses the answer if the two do not fit in its
 * memory. It is a script of its own, because Redis checks its memory when a script starts.
 */
const roomScript = {
  name: 'room',
  lua: `redis.call('SETRANGE', KEYS[1], ARGV[1], '.')
redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
};

/**
 * ARGV: `minSentAt`, a token that takes the lease if it is free or '', milliseconds of the lease.
 * Returns an answer, or 1 if another has the lease, else 0.
 */
const lookScript = {
  name: 'look',
  lua: `local stored = redis.call('GET', KEYS[1])
if stored and tonumber(string.match(stored, '^%d+')) >= tonumber(ARGV[1]) then return stored end
local leader = redis.call('GET', KEYS[2])
if not leader and ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return leader and leader ~= ARGV[2] and 1 or 0`,
};

/** A value is the time when its call was sent, a space, and the sealed answer. */
const writeScript = {
  name: 'write',
  lua: `local stored = redis.call('GET', KEYS[1])
local isLater = not stored or tonumber(string.match(stored, '^%d+')) < tonumber(ARGV[1])
local reply = isLater and redis.pcall('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return reply`,
};

/** The answers that replicas share. Their keys depend on the account's generation, which an erasure replaces. */
export function createSharedAnswers(connection: Connection, options: RedisOptions): SharedAnswers {
  const { freshness, campaignFreshness, clock } = options;
  const sealing = createSealing(options.secret);
  const name = prefixOf('account', options.account);
  const generationKey = `${name}generation`;
  const channel = `${name}erased`;
  const listeners: (() => void)[] = [];
  let generation: string | undefined;
  connection.onHeartbeat(readGeneration);
  // If it fails, a heartbeat reads it.
  connection.listen(channel, () => void readGeneration(connection).catch(() => undefined));

  async function readGeneration(commands: Commands): Promise<void> {
    const read = String(await commands.run(generationScript, [generationKey], randomUUID()));
    const isErased = generation !== undefined && generation !== read;
    generation = read;
    if (isErased) for (const listener of listeners) listener();
  }

  function keysOf(request: SharedRequest): RequestKeys {
    if (generation === undefined) throw new LookupFailure('redis-down', { retryAfterSeconds: 2 });
    const requestName = sealing.nameOf(FORMAT, name, generation, requestKey(request));
    // With one hash tag, so that a cluster has these keys on one node.
    const prefix = `${PREFIX}{${requestName}}:`;
    return { answer: `${prefix}answer`, lease: `${prefix}lease`, room: `${prefix}room` };
  }

  async function open(keys: RequestKeys, value: Buffer): Promise<Reply | undefined> {
    const text = await sealing.open(keys.answer, value.subarray(value.indexOf(' ') + 1));
    if (text === undefined) return undefined;
    const reply = JSON.parse(text) as Omit<Reply, 'source'>;
    return { ...reply, sentAt: Math.min(reply.sentAt, clock.epochMs()), source: 'shared' };
  }

  async function look(keys: RequestKeys, minSentAt: number, token = ''): Promise<Reply | 'led' | 'free'> {
    const args = [Math.max(0, Math.ceil(minSentAt)), token, LEASE_MS];
    const value = await connection.run(lookScript, [keys.answer, keys.lease], ...args);
    // A value that cannot be read counts as no answer.
    if (value instanceof Buffer) return (await open(keys, value)) ?? 'free';
    return value === 1 ? 'led' : 'free';
  }

  return {
    keysOf,
    look,
    async read(request, minSentAt = 0) {
      try {
        const found = await look(keysOf(request), minSentAt);
        return typeof found === 'string' ? undefined : found;
      } catch {
        // The connection has reported it. Without Redis the cache is empty.
        return undefined;
      }
    },
    async write(request, keys, reply) {
      const { sentAt } = reply;
      const { freshMs, staleMs } = request === 'campaigns' ? campaignFreshness : freshness;
      const keepMs = sentAt + freshMs + staleMs - clock.epochMs();
      if (freshMs === 0 || keepMs <= 0) return;
      const sealed = await sealing.seal(keys.answer, JSON.stringify({ ...reply, source: undefined }));
      try {
        await connection.run(roomScript, [keys.room], ROOM_BYTES, ROOM_MS);
        await connection.run(writeScript, [keys.answer, keys.room], sentAt, sealed, keepMs);
      } catch {
        // The connection reports it. The answer is not stored.
      }
    },
    async erase() {
      await connection.send('SET', generationKey, randomUUID());
      await readGeneration(connection);
      // A replica that misses the message finds out by its heartbeat.
      await connection.send('PUBLISH', channel, '').catch(() => undefined);
      await sleep(ERASURE_MS);
    },
    onErased: (listener) => void listeners.push(listener),
  };
}
