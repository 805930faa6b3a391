import { createHash } from 'node:crypto';
import type { Freshness } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';

export interface RedisOptions {
  /** One node, or several nodes of one cluster: `redis://` or `rediss://`. */
  readonly urls: readonly string[];
  /** The account's server. It names the quota and the answers. */
  readonly account: string;
  /** It names the slots. */
  readonly token: string;
  /** Hides lookups and answers. Slots, pauses and the quota do not depend on it, so they outlast a change of it. */
  readonly secret: string;
  readonly concurrency: 1 | 2;
  /** Calls a day; undefined: the limit that Wolkvox names, else counted, not limited. */
  readonly dailyLimit: number | undefined;
  /** A luxon zone name. The account's day starts at its midnight. */
  readonly zone: string;
  readonly freshness: Freshness;
  /** Of the list of campaigns. */
  readonly campaignFreshness: Freshness;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** The start of all keys and channels. The rights of the Redis user name it. */
export const PREFIX = 'campaign-subgraph:';

/** The start of the keys of an account or a token. It shows neither, and puts them on one node of a cluster. */
export function prefixOf(use: 'account' | 'token', value: string): string {
  return `${PREFIX}{${createHash('sha256').update(`${use} ${value}`).digest('base64url').slice(0, 22)}}:`;
}
