import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../core/clock.js';
import type { Connection } from './connection.js';

/** Which replica holds each slot. The value of a slot's key names it. */
export interface SlotHolders {
  /** This replica: `host/process id/random id`. */
  readonly replica: string;
  /** A value for the key of a slot. No other value is equal, and it names this replica. */
  newToken(): string;
  /**
   * The names of the holders, by slot, as they were at most three seconds ago; undefined: the slot is free. It does not
   * wait for Redis: it reads the slots anew in the background. Undefined: the holders are not known.
   */
  read(): readonly (string | undefined)[] | undefined;
}

const KNOWN_MS = 3_000;
const OF_ANOTHER_VERSION = 'a replica of another version';

const holdersScript = {
  name: 'holders',
  lua: `local holders = {}
for slot = 1, #KEYS do holders[slot] = redis.call('GET', KEYS[slot]) end
return holders`,
};

export function createSlotHolders(connection: Connection, slotKeys: readonly string[], clock: Clock): SlotHolders {
  const replica = `${hostname()}/${process.pid}/${randomBytes(2).toString('hex')}`;
  let holders: readonly (string | undefined)[] = [];
  let readAt = -Infinity;
  let isReading = false;

  async function readAnew(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      const tokens = (await connection.run(holdersScript, slotKeys)) as readonly (Buffer | null)[];
      holders = tokens.map((token) => (token === null ? undefined : nameIn(String(token))));
      readAt = clock.monotonicMs();
    } catch {
      // The connection has reported it. Soon the holders are not known.
    } finally {
      isReading = false;
    }
  }

  return {
    replica,
    newToken: () => `${randomUUID()} ${replica}`,
    read() {
      void readAnew();
      return clock.monotonicMs() - readAt < KNOWN_MS ? holders : undefined;
    },
  };
}

function nameIn(token: string): string {
  return token.split(' ')[1] ?? OF_ANOTHER_VERSION;
}
