import type { QuotaSyncSchedule } from '../core/limits.js';
import type { Connection } from './connection.js';
import { prefixOf, type RedisOptions } from './options.js';

/** Returns 0 if the key was free, otherwise the milliseconds until it is. */
const claimScript = {
  name: 'claim',
  lua: `if redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then return 0 end
return math.max(1, redis.call('PTTL', KEYS[1]))`,
};

/** Until when no replica asks for the account's figures: a key of the account that ends by itself. */
export function createQuotaSyncSchedule(
  connection: Connection,
  { account }: Pick<RedisOptions, 'account'>,
): QuotaSyncSchedule {
  const key = `${prefixOf('account', account)}quota-sync`;
  return {
    claim: async (ms) => Number(await connection.run(claimScript, [key], Math.ceil(ms))),
    async postpone(ms) {
      await connection.send('SET', key, 1, 'PX', Math.ceil(ms));
    },
  };
}
