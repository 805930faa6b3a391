import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import type { Connection } from './connection.js';

/** How long a key is held after its last renewal. The keys of a replica that was killed are free after this time. */
export const LEASE_MS = 10_000;
export const RENEW_MS = 2_000;
/** A lease that could not be renewed for this time counts as lost: soon Redis may give it to another holder. */
const LOST_AFTER_MS = 0.6 * LEASE_MS;
const RELEASE_RETRY_MS = 250;
const STOP_MS = 1_000;

/** A key that this process has set and that ends after `LEASE_MS`. */
export interface LeaseOptions {
  readonly key: string;
  /** The value of the key. No other holder has the same. */
  readonly token: string;
  /** When the command that set the key was sent, on the monotonic clock. */
  readonly setAt: number;
  /** The channel on which the release is published. */
  readonly channel: string;
  readonly onLost?: (reason: 'taken' | 'not-renewed') => void;
}

export interface Lease {
  /** Stops renewing the key and deletes it, in the background. A second call does nothing. */
  release(message?: string): void;
}

export interface Leases {
  /** Renews the key until its release. */
  keep(options: LeaseOptions): Lease;
  /** Releases all. Resolves when Redis has done it, or after a second. */
  stop(): Promise<void>;
}

/** A key that a loss of data has removed is set again. */
const renewScript = {
  name: 'renew',
  lua: `local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return not holder and redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) and 1 or 0`,
};
const releaseScript = {
  name: 'release',
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
-- The right to publish may be missing.
redis.pcall('PUBLISH', ARGV[2], ARGV[3])`,
};

export function createLeases(connection: Connection, clock: Clock): Leases {
  const held = new Set<Lease>();
  const releases = new Set<Promise<void>>();

  function keep({ key, token, setAt, channel, onLost }: LeaseOptions): Lease {
    let renewedAt = setAt;
    let renewal = Promise.resolve();
    const timer = setInterval(() => {
      renewal = renewal.then(renew);
    }, RENEW_MS);
    const lease: Lease = {
      release(message = '') {
        if (!held.delete(lease)) return;
        clearInterval(timer);
        const release = renewal.then(() => deleteKey(message)).finally(() => releases.delete(release));
        releases.add(release);
      },
    };
    held.add(lease);
    return lease;

    async function renew(): Promise<void> {
      if (!held.has(lease)) return;
      const sentAt = clock.monotonicMs();
      try {
        if ((await connection.run(renewScript, [key], token, LEASE_MS)) !== 1) lose('taken');
        else renewedAt = sentAt;
      } catch {
        if (clock.monotonicMs() - renewedAt > LOST_AFTER_MS) lose('not-renewed');
      }
    }

    function lose(reason: 'taken' | 'not-renewed'): void {
      clearInterval(timer);
      if (held.has(lease)) onLost?.(reason);
    }

    /** Without Redis it tries again until the key has ended by itself. */
    async function deleteKey(message: string): Promise<void> {
      do {
        try {
          await connection.run(releaseScript, [key], token, channel, message);
          return;
        } catch {
          await sleep(RELEASE_RETRY_MS, undefined, { ref: false });
        }
      } while (clock.monotonicMs() - renewedAt < LEASE_MS);
    }
  }

  return {
    keep,
    async stop() {
      for (const lease of held) lease.release();
      await Promise.race([Promise.all(releases), sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}
