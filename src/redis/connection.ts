import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { LookupFailure } from '../core/failure.js';
import { PREFIX, type RedisOptions as Options } from './options.js';
import { createWakeableTimer } from './timer.js';

/** A Lua script. The log shows its name. It is sent with each call, so no right to load it is needed. */
export interface Script {
  readonly name: string;
  readonly lua: string;
}
type Argument = string | number | Buffer;

/** Both reject with LookupFailure `redis-down`. Texts of a reply are buffers. */
export interface Commands {
  /** Runs a script, and once more if the reply is late. */
  run(script: Script, keys: readonly string[], ...args: readonly Argument[]): Promise<unknown>;
  /** Sends a command once. */
  send(command: string, ...args: readonly Argument[]): Promise<unknown>;
}

/** A client for commands, which are sent only while the connection is up, and one for messages, which may be lost. */
export interface Connection extends Commands {
  /** To be called before `start`, like `onHeartbeat`. */
  listen(channel: string, handler: (message: string) => void): void;
  /** Adds work to the heartbeat: before the connection counts as up, and once a second afterwards. */
  onHeartbeat(work: (commands: Commands) => Promise<unknown>): void;
  /** @throws LookupFailure `redis-down` if the connection is not up */
  checkUp(): void;
  state(): ConnectionState;
  /** Resolves when the connection is up, or after two seconds. */
  start(): Promise<void>;
  stop(): void;
}

export interface ConnectionState {
  readonly connection: 'up' | 'down';
  /** Rights that the user lacks, although the service works without them: `publish`, `subscribe`. */
  readonly missing: readonly string[];
  /** Failures since the start, by command or script. */
  readonly errors: Readonly<Record<string, number>>;
}

const HEARTBEAT_MS = 1_000;
const RETRY_MS = 250;
const START_MS = 2_000;
const RARE_WORK_MS = 60_000;
/** Errors of a Redis that takes no writes now. Some versions put the word into the middle of a script's error. */
const UNAVAILABLE = /\b(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN)\b/;
const REFUSED = /\b(NOPERM|NOAUTH|WRONGPASS|OOM|MISCONF|NOREPLICAS|ERR)\b/;

const OPTIONS = {
  // RESP2, no client info and no ready check: they need HELLO, CLIENT and INFO, which a user may lack.
  protocol: 2,
  disableClientInfo: true,
  enableReadyCheck: false,
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  connectTimeout: 1_000,
  commandTimeout: 1_000,
  // A connection that has waited so long for a reply is closed.
  socketTimeout: 2_500,
  retryStrategy: (times) => Math.min(1_000, 100 * times),
  reconnectOnError: (error) => UNAVAILABLE.test(error.message),
} satisfies RedisOptions;

export function createConnection({ urls, clock, observe }: Pick<Options, 'urls' | 'clock' | 'observe'>): Connection {
  const client = createClient(urls);
  // Each node of a cluster receives the messages of all.
  const subscriber = new Redis(urls[Math.floor(Math.random() * urls.length)] ?? '', OPTIONS);
  const handlers = new Map<string, (message: string) => void>();
  const works: ((commands: Commands) => Promise<unknown>)[] = [];
  const heartbeat = createWakeableTimer();
  const errors: Record<string, number> = {};
  const refused = new Set<string>();
  let status: 'starting' | 'up' | 'down' | 'stopped' = 'starting';
  let isSubscribed = false;
  let timeMeasuredAt = -Infinity;
  let lastError = 'closed';
  const commands = createCommands(client, noteFailure);

  client.on('error', (error: unknown) => (lastError = reasonOf(error)));
  client.on('close', () => setStatus('down', lastError));
  client.on('ready', () => {
    lastError = 'closed';
    heartbeat.wake();
  });
  // `close` follows.
  subscriber.on('error', () => undefined);
  subscriber.on('close', () => (isSubscribed = false));
  subscriber.on('message', (channel: string, message: string) => handlers.get(channel)?.(message));
  subscriber.on('ready', () => {
    const subscribing = subscriber.subscribe(...handlers.keys()).then(() => (isSubscribed = true));
    void noteMissing('subscribe', subscribing);
  });

  /** Reports each command that Redis refuses once. Any other failure means that Redis is down. */
  function noteFailure(name: string, error: unknown, lua = ''): string {
    const reason = reasonOf(error);
    errors[name] = (errors[name] ?? 0) + 1;
    const command = reason === 'NOPERM' ? (commandAt(error, lua) ?? name) : name;
    if (!REFUSED.test(reason)) setStatus('down', reason);
    else if (!refused.has(command)) observe({ event: 'redis.command-refused', command, reason });
    if (REFUSED.test(reason)) refused.add(command);
    return reason;
  }

  /** Notes whether the user has a right that the service can do without. */
  async function noteMissing(name: string, reply: Promise<unknown>): Promise<void> {
    await reply.then(
      () => refused.delete(name),
      (error: unknown) => REFUSED.test(reasonOf(error)) && noteFailure(name, error),
    );
  }

  function setStatus(next: 'up' | 'down', reason: string): void {
    if (status === next || status === 'stopped') return;
    status = next;
    observe(next === 'up' ? { event: 'redis.up' } : { event: 'redis.down', reason });
    heartbeat.wake();
  }

  async function keepBeating(): Promise<void> {
    while (status !== 'stopped') {
      // Without a reply to the ping the subscriber connects again.
      if (isSubscribed) subscriber.ping().catch(() => undefined);
      try {
        if (client.status === 'ready') await beat().then(() => setStatus('up', ''));
      } catch (error) {
        setStatus('down', reasonOf(error));
      }
      await heartbeat.wait(status === 'up' ? HEARTBEAT_MS : RETRY_MS);
    }
  }

  async function beat(): Promise<void> {
    if (status !== 'up') {
      // A write that needs no memory: a read-only Redis refuses it, a full one does not.
      await commands.send('DEL', `${PREFIX}probe`);
      await noteMissing('publish', client.publish(`${PREFIX}probe`, ''));
    }
    const sentAt = clock.monotonicMs();
    if (sentAt - timeMeasuredAt > RARE_WORK_MS) {
      const [seconds, microseconds] = (await commands.send('TIME')) as readonly unknown[];
      timeMeasuredAt = clock.monotonicMs();
      clock.setEpochMs(Number(seconds) * 1_000 + Number(microseconds) / 1_000 + (timeMeasuredAt - sentAt) / 2);
    }
    await Promise.all(works.map((work) => work(commands)));
  }

  function whenUp(): Commands {
    if (status !== 'up') throw redisDown('not-connected');
    return commands;
  }

  return {
    run: async (...args) => whenUp().run(...args),
    send: async (...args) => whenUp().send(...args),
    checkUp: () => void whenUp(),
    listen: (channel, handler) => void handlers.set(channel, handler),
    onHeartbeat: (work) => void works.push(work),
    state: () => ({
      connection: status === 'up' ? 'up' : 'down',
      missing: ['publish', 'subscribe'].filter((name) => refused.has(name)),
      errors,
    }),
    async start() {
      // The event `error` says why it fails, and the clients go on trying.
      for (const redis of [client, subscriber]) redis.connect().catch(() => undefined);
      void keepBeating();
      for (let waitedMs = 0; status === 'starting' && waitedMs < START_MS; waitedMs += 10) await sleep(10);
    },
    stop() {
      status = 'stopped';
      heartbeat.wake();
      for (const redis of [client, subscriber]) redis.disconnect();
    },
  };
}

function createClient(urls: readonly string[]): Redis | Cluster {
  const url = new URL(urls[0] ?? '');
  if (urls.length === 1) return new Redis(url.href, OPTIONS);
  const user = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return new Cluster([...urls], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: OPTIONS.retryStrategy,
    // A certificate names a host, so host names are not replaced by addresses.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: { ...OPTIONS, ...user, ...(url.protocol === 'rediss:' && { tls: {} }) },
  });
}

function createCommands(
  client: Redis | Cluster,
  noteFailure: (name: string, error: unknown, lua?: string) => string,
): Commands {
  async function ask(times: number, script: Script, command: string, args: readonly Argument[]): Promise<unknown> {
    try {
      return await client.callBuffer(command, ...args);
    } catch (error) {
      // Perhaps this process, and not Redis, was busy for a second.
      if (times > 1 && reasonOf(error) === 'timeout') return ask(times - 1, script, command, args);
      throw redisDown(noteFailure(script.name, error, script.lua));
    }
  }
  return {
    run: (script, keys, ...args) => ask(2, script, 'EVAL', [script.lua, keys.length, ...keys, ...args]),
    send: (command, ...args) => ask(1, { name: command.toLowerCase(), lua: '' }, command, args),
  };
}

function redisDown(reason: string): LookupFailure {
  return new LookupFailure('redis-down', { retryAfterSeconds: 2, facts: { networkCode: reason } });
}

/** The command that an error about rights names, or the first one in the line of a script that it names. */
function commandAt(error: unknown, lua: string): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const line = lua.split('\n')[Number(/@user_script: ?(\d+)/.exec(message)?.[1]) - 1] ?? '';
  return (/'([a-z|]+)' command/.exec(message) ?? /redis\.call\('([A-Z]+)'/.exec(line))?.[1]?.toLowerCase();
}

/** The kind of an error without its text, which may hold the address. */
function reasonOf(error: unknown): string {
  if (error instanceof LookupFailure) return error.facts.networkCode ?? error.kind;
  if (!(error instanceof Error)) return 'unknown';
  if (error.message === 'Command timed out') return 'timeout';
  if (/executing the script can't/.test(error.message)) return 'NOPERM';
  if (error.name === 'ReplyError')
    return (UNAVAILABLE.exec(error.message) ?? REFUSED.exec(error.message))?.[0] ?? 'ERR';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'closed';
}
