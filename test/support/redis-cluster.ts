import type { SharedOptions } from '../../src/redis/shared.js';
import { startRedis } from './redis-server.js';
import type { RedisServer } from './redis-server.js';
import { startReplica, startWitness } from './replicas.js';
import type { Replica, Witness } from './replicas.js';

/** A Redis, a witness and replicas of one test, all ended with it. */
export interface Scene {
  readonly redis: RedisServer;
  readonly witness: Witness;
  readonly replica: (options?: Partial<SharedOptions>, skewMs?: number) => Promise<Replica>;
  readonly replicas: (count: number, options?: Partial<SharedOptions>) => Promise<Replica[]>;
}

export async function play(
  options: { readonly appendOnly?: boolean },
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const redis = await startRedis(options);
  const witness = await startWitness();
  const all: Replica[] = [];
  const replica = async (shared: Partial<SharedOptions> = {}, skewMs = 0): Promise<Replica> => {
    const more = await startReplica({ ...shared, url: redis.url }, witness, skewMs);
    all.push(more);
    return more;
  };
  try {
    await act({
      redis,
      witness,
      replica,
      replicas: (count, shared) => Promise.all(Array.from({ length: count }, () => replica(shared))),
    });
    const crashed = all.filter(({ exit }) => typeof exit === 'number' && exit !== 0);
    if (crashed.length > 0) throw new Error(`Expected no replica to crash; ${crashed.length} did.`);
  } finally {
    redis.thaw();
    await Promise.all(all.map((replica) => replica.end()));
    await witness.close();
    await redis.close();
  }
}
