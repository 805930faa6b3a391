import type { SharedCache } from '../core/answer.js';
import type { CampaignList } from '../core/campaign.js';
import type { DailyQuota, QuotaSyncSchedule, Slots } from '../core/limits.js';
import { createSharedAnswers } from './answers.js';
import { createConnection, type ConnectionState } from './connection.js';
import { createLeases } from './leases.js';
import type { RedisOptions } from './options.js';
import { createQuotaSyncSchedule } from './quota-sync-schedule.js';
import { createSharedQuota } from './quota.js';
import { createSingleFlight, type SingleFlight } from './single-flight.js';
import type { SlotHolders } from './slot-holders.js';
import { createSharedSlots, type SharedSlots } from './slots.js';

export type { RedisOptions } from './options.js';
export type RedisState = ConnectionState & ReturnType<SharedSlots['state']>;

/** What the replicas of one token share. */
export interface SharedRedis extends SingleFlight {
  readonly slots: Slots;
  readonly slotHolders: SlotHolders;
  readonly quota: DailyQuota;
  readonly quotaSyncSchedule: QuotaSyncSchedule;
  readonly cache: SharedCache & SharedCache<'campaigns', CampaignList>;
  /** Makes every cached answer unreachable on all replicas; takes two seconds. @throws LookupFailure `redis-down` */
  erase(): Promise<void>;
  /** Called if the answers were erased, here or by another replica, also while this one was not connected. */
  onErased(listener: () => void): void;
  state(): RedisState;
  /** Resolves when Redis is connected, or after two seconds. */
  start(): Promise<void>;
  /** Releases what is held. Takes two seconds at most. */
  stop(): Promise<void>;
}

export function createRedis(options: RedisOptions): SharedRedis {
  const connection = createConnection(options);
  const leases = createLeases(connection, options.clock);
  const answers = createSharedAnswers(connection, options);
  const slots = createSharedSlots(connection, leases, options);
  return {
    ...createSingleFlight(connection, leases, answers, options),
    slots,
    slotHolders: slots.holders,
    quota: createSharedQuota(connection, options),
    quotaSyncSchedule: createQuotaSyncSchedule(connection, options),
    cache: answers as SharedRedis['cache'],
    erase: () => answers.erase(),
    onErased: (listener) => answers.onErased(listener),
    state: () => ({ ...connection.state(), ...slots.state() }),
    start: () => connection.start(),
    async stop() {
      await leases.stop();
      connection.stop();
    },
  };
}
