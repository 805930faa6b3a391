import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, type TestContext } from 'vitest';
import { closeAtEnd } from '../../support/close-at-end.js';
import { startRedis } from '../../support/redis-server.js';
import { startRedisCluster, startRedisPair } from '../../support/redis-topologies.js';
import { runScript } from '../../support/script-process.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';

async function connectTo(test: TestContext, url: string, ca?: Buffer): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(ca && { tls: { ca } }),
  });
  redis.on('error', () => undefined);
  test.onTestFinished(() => redis.disconnect());
  await redis.connect();
  return redis;
}

/** The time in which a reply arrives that nothing holds back. */
const SOON_MS = 200;

function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(SOON_MS).then(() => false)]);
}

describe('A Redis server for tests', () => {
  it('keeps its data through a restart, or starts empty', async (test) => {
    const redis = await closeAtEnd(test, startRedis({ appendOnly: true }));
    await redis.command('SET', 'key', 'value');
    await redis.restart({ empty: false });
    expect(await redis.command('GET', 'key')).toBe('value');
    await redis.restart({ empty: true });
    expect(await redis.command('GET', 'key')).toBeNull();
  });

  it('refuses connections while it is killed, and answers nothing while it is frozen', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const client = await connectTo(test, redis.url);
    expect(await isSettled(client.ping())).toBe(true);
    redis.freeze();
    const ping = client.ping();
    expect(await isSettled(ping)).toBe(false);
    redis.thaw();
    expect(await ping).toBe('PONG');
    await redis.kill();
    await expect(redis.command('PING')).rejects.toThrow();
  });

  it('has a user with the given rights, and a password', async (test) => {
    const redis = await closeAtEnd(
      test,
      startRedis({ aclRules: '~allowed:* +set +hello', password: 'secret/of the test' }),
    );
    const client = await connectTo(test, redis.url);
    expect(await client.set('allowed:1', 'value')).toBe('OK');
    await expect(client.set('other', 'value')).rejects.toThrow('NOPERM');
    await expect(client.get('allowed:1')).rejects.toThrow('NOPERM');
    expect(await redis.command('GET', 'allowed:1')).toBe('value');
    await expect(connectTo(test, `redis://127.0.0.1:${redis.port}`).then((other) => other.ping())).rejects.toThrow(
      'NOAUTH',
    );
  });

  it('takes directives, such as a bound of its memory and the number of its databases', async (test) => {
    const redis = await closeAtEnd(test, startRedis({ config: { maxmemory: '2mb', databases: 2 } }));
    await expect(redis.command('SET', 'small', 'x')).resolves.toBe('OK');
    await expect(redis.command('SET', 'big', 'x'.repeat(3_000_000))).rejects.toThrow('OOM');
    await expect(redis.command('SELECT', 1)).resolves.toBe('OK');
    await expect(redis.command('SELECT', 2)).rejects.toThrow('out of range');
  });

  it('accepts TLS only, with a certificate that a client must be configured to trust', async (test) => {
    const redis = await closeAtEnd(test, startRedis({ tls: true }));
    const ca = await readFile(redis.caFile ?? '');
    const client = await connectTo(test, redis.url, ca);
    expect(await client.ping()).toBe('PONG');
    await expect(connectTo(test, redis.url)).rejects.toThrow();
  });

  it('ends, and leaves no files, when the process that started it is killed', async (test) => {
    const script = `
      const { startRedis } = await import('./test/support/redis-server.ts');
      const redis = await startRedis();
      const [, folder] = await redis.command('CONFIG', 'GET', 'dir');
      console.log(JSON.stringify({ url: redis.url, folder }));
    `;
    const starter = runScript(test, script);
    const { url, folder } = (await starter.nextLine()) as { url: string; folder: string };
    const client = await connectTo(test, url);
    expect(await client.ping()).toBe('PONG');
    await expect(access(folder)).resolves.toBeUndefined();
    const closed = once(client, 'close');
    starter.signal('SIGKILL');
    await closed;
    await expect
      .poll(() =>
        access(folder).then(
          () => true,
          () => false,
        ),
      )
      .toBe(false);
  });

  it('switches the roles of two servers while connections stay open', async (test) => {
    const pair = await closeAtEnd(test, startRedisPair());
    const [first, second] = [await connectTo(test, pair.first.url), await connectTo(test, pair.second.url)];
    const closes: string[] = [];
    first.on('close', () => closes.push('first'));
    second.on('close', () => closes.push('second'));
    await first.set('key', '1');
    await expect(second.set('key', '2')).rejects.toThrow('READONLY');
    await pair.failOver();
    await expect(first.set('key', '3')).rejects.toThrow('READONLY');
    expect(await second.get('key')).toBe('1');
    await second.set('key', '4');
    await pair.failOver();
    expect(await first.get('key')).toBe('4');
    await first.set('key', '5');
    expect(closes).toEqual([]);
  });

  it('is a cluster of three nodes that share the keys', async (test) => {
    const cluster = await closeAtEnd(test, startRedisCluster());
    const [node] = cluster.nodes;
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, async (_, index) => node?.command('SET', `key${index}`, index)),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(refused.every((message) => message.includes('MOVED'))).toBe(true);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(30);
    expect(cluster.url.split(',')).toEqual(cluster.nodes.map(({ url }) => url));
  });
});

describe('A TCP proxy for tests', () => {
  it('delays each direction, and keeps the order', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const client = await connectTo(test, proxy.url);
    expect(await isSettled(client.ping())).toBe(true);
    for (const delayed of ['toServer', 'toClient']) {
      proxy.setRule((_connection, direction) => (direction === delayed ? { delayMs: SOON_MS + 100 } : 'pass'));
      const startedAt = performance.now();
      const replies = [client.incr(delayed), client.incr(delayed)];
      expect(await isSettled(Promise.all(replies))).toBe(false);
      if (delayed === 'toClient') expect(await redis.command('GET', delayed)).toBe('2');
      expect(await Promise.all(replies)).toEqual([1, 2]);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(SOON_MS + 99);
    }
  });

  it('holds one direction of one connection, and delivers later', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const [commands, subscriber] = [await connectTo(test, proxy.url), await connectTo(test, proxy.url)];
    const messages: string[] = [];
    subscriber.on('message', (_channel, message: string) => messages.push(message));
    await subscriber.subscribe('channel');
    proxy.setRule((connection, direction) =>
      direction === 'toClient' && connection.hasSent('SUBSCRIBE') ? 'hold' : 'pass',
    );
    expect(await commands.publish('channel', 'held')).toBe(1);
    expect(await commands.ping()).toBe('PONG');
    expect(messages).toEqual([]);
    proxy.setRule(() => 'pass');
    await expect.poll(() => messages).toEqual(['held']);
  });

  it('resets connections, refuses new ones, and sends them to another server', async (test) => {
    const [one, other] = await Promise.all([closeAtEnd(test, startRedis()), closeAtEnd(test, startRedis())]);
    const proxy = await closeAtEnd(test, startTcpProxy(one.url));
    await one.command('SET', 'name', 'one');
    await other.command('SET', 'name', 'other');
    const [reset, stored] = [await connectTo(test, proxy.url), await connectTo(test, proxy.url)];
    proxy.reset(({ number }) => number === 1);
    await expect.poll(() => reset.status).toBe('end');
    expect(proxy.connections().map(({ number }) => number)).toEqual([2]);
    await proxy.refuse();
    await expect(connectTo(test, proxy.url)).rejects.toThrow();
    proxy.setTarget(other.url);
    await proxy.accept();
    expect(await (await connectTo(test, proxy.url)).get('name')).toBe('other');
    expect(await stored.get('name')).toBe('one');
  });
});
