import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, SharedCache } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';
import { RESERVE_KEY, type Commands, type Connection } from './connection.js';
import { PREFIX, prefixOf, type RedisOptions } from './options.js';
import { createSealing } from './sealing.js';

/** The keys of a lookup in one generation. They show nothing of the lookup. */
export interface LookupKeys {
  readonly name: string;
  readonly answer: string;
  readonly lease: string;
}

export interface SharedAnswers extends SharedCache {
  /** For a call that is sent from now on: no use after an erasure. @throws LookupFailure `redis-down` */
  keysOf(lookup: Lookup): LookupKeys;
  /** Reads a value of Redis; undefined if it was changed. */
  open(keys: LookupKeys, value: Buffer): Promise<Answer | undefined>;
  /** Stores an answer, unless a later one is stored. It never rejects. */
  write(keys: LookupKeys, answer: Answer): Promise<void>;
  erase(): Promise<void>;
  onErased(listener: () => void): void;
}

/** A replica reads the generation once a second, and the reply may take another one. */
const ERASURE_MS = 2_000;
/** Answers that this replica has written, and how many of them it deletes if Redis is full. */
const REMEMBERED_KEYS = 10_000;
const DELETED_AT_ONCE = 20;
/** Another form of the records needs another number. */
const FORMAT = '1';

const generationScript = {
  name: 'generation',
  lua: `local generation = redis.call('GET', KEYS[1])
if not generation then redis.call('SET', KEYS[1], ARGV[1]) end
return generation or ARGV[1]`,
};

/** A value is the time when its call was sent, a space, and the sealed answer. */
const writeScript = {
  name: 'write',
  lua: `local stored = redis.call('GET', KEYS[1])
if stored and tonumber(string.match(stored, '^%d+')) >= tonumber(ARGV[1]) then return end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])`,
};

/** The answers that replicas share. Their keys depend on the account's generation, which an erasure replaces. */
export function createSharedAnswers(connection: Connection, options: RedisOptions): SharedAnswers {
  const { freshness, clock } = options;
  const sealing = createSealing(options.secret);
  const name = prefixOf('account', options.account);
  const generationKey = `${name}generation`;
  const channel = `${name}erased`;
  const listeners: (() => void)[] = [];
  const written = new Set<string>();
  let generation: string | undefined;
  // In a Redis that evicts nothing, answers must not take the room of the slots and the quota.
  connection.onFull(deleteOldest);
  connection.onHeartbeat(readGeneration);
  // If it fails, a heartbeat reads it.
  connection.listen(channel, () => void readGeneration(connection).catch(() => undefined));

  async function readGeneration(commands: Commands): Promise<void> {
    const read = String(await commands.run(generationScript, [generationKey], randomUUID()));
    const isErased = generation !== undefined && generation !== read;
    generation = read;
    if (isErased) for (const listener of listeners) listener();
  }

  async function deleteOldest(): Promise<boolean> {
    const oldest = [...written].slice(0, DELETED_AT_ONCE);
    for (const key of oldest) written.delete(key);
    // Without answers of its own, such as after a restart, a replica gives the reserve up.
    const keys = oldest.length > 0 ? oldest : [RESERVE_KEY];
    const deleted = await Promise.all(keys.map((key) => connection.send('DEL', key)));
    return oldest.length > 0 || deleted[0] === 1;
  }

  function keysOf(lookup: Lookup): LookupKeys {
    if (generation === undefined) throw new LookupFailure('redis-down', { retryAfterSeconds: 2 });
    const lookupName = sealing.nameOf(FORMAT, name, generation, lookupKey(lookup));
    // With one hash tag, so that a cluster has both keys on one node.
    const prefix = `${PREFIX}{${lookupName}}:`;
    return { name: lookupName, answer: `${prefix}answer`, lease: `${prefix}lease` };
  }

  async function open(keys: LookupKeys, value: Buffer): Promise<Answer | undefined> {
    const text = await sealing.open(keys.answer, value.subarray(value.indexOf(' ') + 1));
    if (text === undefined) return undefined;
    const { records, sentAt } = JSON.parse(text) as Pick<Answer, 'records' | 'sentAt'>;
    return { records, sentAt: Math.min(sentAt, clock.epochMs()), source: 'shared' };
  }

  return {
    keysOf,
    open,
    async read(lookup) {
      try {
        const keys = keysOf(lookup);
        const value = await connection.send('GET', keys.answer);
        return value instanceof Buffer ? await open(keys, value) : undefined;
      } catch {
        // The connection has reported it. Without Redis the cache is empty.
        return undefined;
      }
    },
    async write(keys, { records, sentAt }) {
      const keepMs = sentAt + freshness.freshMs + freshness.staleMs - clock.epochMs();
      if (freshness.freshMs === 0 || keepMs <= 0) return;
      const sealed = await sealing.seal(keys.answer, JSON.stringify({ records, sentAt }));
      written.delete(keys.answer);
      written.add(keys.answer);
      const [oldest = ''] = written;
      if (written.size > REMEMBERED_KEYS) written.delete(oldest);
      // The connection reports a failure.
      await connection.run(writeScript, [keys.answer], sentAt, sealed, keepMs).catch(() => undefined);
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
