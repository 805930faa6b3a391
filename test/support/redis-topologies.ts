import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type RedisOptions, type RedisServer } from './redis-server.js';

const HOST = '127.0.0.1';
const HASH_SLOTS = 16_384;

/** A primary and its replica. */
export interface RedisPair {
  /** The primary at first. */
  readonly first: RedisServer;
  readonly second: RedisServer;
  /** Switches the roles without loss of data. Connections stay open; the old primary refuses writes with READONLY. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

export async function startRedisPair(): Promise<RedisPair> {
  const [first, second] = await Promise.all([startRedis(), startRedis()]);
  let [primary, replica] = [first, second];
  await replica.command('REPLICAOF', HOST, primary.port);
  await areInSync();

  async function areInSync(): Promise<void> {
    await waitForInfo(replica, 'replication', 'role:slave', 'master_link_status:up');
    await waitForInfo(primary, 'replication', 'role:master', 'state=online');
  }

  return {
    first,
    second,
    async failOver() {
      await primary.command('FAILOVER');
      [primary, replica] = [replica, primary];
      await areInSync();
    },
    async close() {
      await Promise.all([first.close(), second.close()]);
    },
  };
}

/** A Redis Cluster of three primaries without replicas. */
export interface RedisCluster {
  /** The addresses of all nodes, separated by commas. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  close(): Promise<void>;
}

export async function startRedisCluster(options: RedisOptions = {}): Promise<RedisCluster> {
  const start = (): Promise<RedisServer> => startRedis({ ...options, config: { 'cluster-enabled': 'yes' } });
  const nodes = await Promise.all([start(), start(), start()]);
  const [first] = nodes;
  for (const [index, node] of nodes.entries()) {
    const hashSlots = Array.from({ length: HASH_SLOTS }, (_, slot) => slot).filter((slot) => slot % 3 === index);
    await node.command('CLUSTER', 'ADDSLOTS', ...hashSlots);
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (node !== first) await node.command('CLUSTER', 'MEET', HOST, first.port);
  }
  for (const node of nodes) {
    while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
  }
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

async function waitForInfo(server: RedisServer, section: string, ...expected: readonly string[]): Promise<void> {
  for (;;) {
    const info = String(await server.command('INFO', section));
    if (expected.every((text) => info.includes(text))) return;
    await sleep(20);
  }
}
