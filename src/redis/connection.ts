import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Takes an event's name and the fields that may be logged: durations, counts and error codes, nothing of a person or a secret. */
export interface Log {
  info(event: string, fields?: object): void;
  warn(event: string, fields?: object): void;
  error(event: string, fields?: object): void;
}

/** A Lua script and the name Redis gives it. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** The Redis process at the other end, and this connection to it. */
export interface Server {
  /** Redis's own name for this run of its process; another one after a restart or a failover: state may be lost. */
  readonly runId: string;
  /** The command connection, as `CLIENT LIST ID` knows it. */
  readonly clientId: string;
  /** When the Redis process started, on the clock of `performance.now()`. At most a second too late. */
  readonly startedAt: number;
}

/**
 * A pair of connections to one Redis, one for commands and one for subscriptions, that is up as a whole or down as a whole. Down,
 * it fails commands at once and tries to connect for ever; it never throws by itself.
 */
export interface Link {
  readonly server: Server | undefined;
  /** Runs a script. Rejects when the answer is late (1 s), the link is down or the script fails. */
  run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown>;
  /** As `run`, with strings of the answer as buffers. */
  runBinary(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown>;
  send(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown>;
  sendBinary(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown>;
  /** Redis's clock in epoch milliseconds, estimated without the machine's own wall clock. */
  now(): number;
  /** By how many milliseconds `now` may be wrong at most, either way. */
  readonly clockErrorMs: number;
  /** Corrects the estimate by what Redis has just said in answer to a command sent at `sentAt` (`performance.now()`). */
  observeTime(redisMs: number, sentAt: number): void;
  /** Hears the messages of a channel; to be called before `start`. */
  listen(channel: string, handler: (message: string) => void): void;
  /** Called each time both connections stand and every channel is subscribed; to be called before `start`. */
  onUp(listener: (server: Server) => void): void;
  onDown(listener: () => void): void;
  /** Drops both connections and connects anew, when what they say cannot be trusted. */
  drop(reason: string): void;
  /** Resolves when the link is up, or after two seconds; a Redis that is away does not keep anybody from starting. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds after which a command without an answer means that Redis is frozen or gone. */
const COMMAND_TIMEOUT_MS = 1_000;
/** Longest pause between two tries. Short, since a replica that comes back late holds up the others after a loss of state. */
const RETRY_MAX_MS = 800;
const START_PATIENCE_MS = 2_000;
/** How far two machines' clocks may run apart, as a share of the time that passes. */
const CLOCK_DRIFT = 0.000_5;

interface Pair {
  readonly commands: Redis;
  readonly subscriber: Redis;
  server: Server | undefined;
  dropped: boolean;
}

export function defineScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export function createLink(options: { url: string; scripts: readonly Script[]; log: Log }): Link {
  const { url, scripts, log } = options;
  const channels = new Map<string, (message: string) => void>();
  const upListeners: ((server: Server) => void)[] = [];
  const downListeners: (() => void)[] = [];
  const closing = new AbortController();
  let pair: Pair | undefined;
  let tries = 0;
  let clockOffset = Date.now() - performance.now();
  let clockError = Infinity;
  let clockReadAt = 0;
  let told: 'up' | 'down' | undefined;
  let loop: Promise<void> | undefined;
  let wakeStart: () => void = () => undefined;

  function connection(): Redis {
    const redis = new Redis(url, {
      lazyConnect: true,
      // RESP2 is what every engine that calls itself compatible speaks.
      protocol: 2,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      keepAlive: 5_000,
      // Reconnecting is done below, with a new object each time: an answer of an old connection then cannot pass for a new one's.
      retryStrategy: () => null,
    });
    // Without a listener an error of the socket would end the process; what matters of it arrives as `close`.
    redis.on('error', () => undefined);
    return redis;
  }

  async function connect(): Promise<Pair> {
    const made: Pair = { commands: connection(), subscriber: connection(), server: undefined, dropped: false };
    const gone = (): void => drop(made, 'connection closed');
    try {
      await Promise.all([made.commands.connect(), made.subscriber.connect()]);
      made.commands.on('close', gone);
      made.subscriber.on('close', gone);
      made.subscriber.on('message', (channel: string, message: string) => {
        if (made.server !== undefined) channels.get(channel)?.(message);
      });
      const sentAt = performance.now();
      const [clientId, info, time] = await Promise.all([
        made.commands.call('CLIENT', 'ID'),
        made.commands.call('INFO', 'server'),
        made.commands.call('TIME'),
        channels.size === 0 ? undefined : made.subscriber.subscribe(...channels.keys()),
        ...scripts.map((script) => made.commands.call('SCRIPT', 'LOAD', script.lua)),
      ]);
      // Another Redis may have another clock.
      clockError = Infinity;
      observeTime(readTime(time), sentAt);
      made.server = readServer(String(clientId), String(info), sentAt);
      return made;
    } catch (error) {
      made.dropped = true;
      disconnect(made);
      throw error;
    }
  }

  async function keepConnected(): Promise<void> {
    while (!isClosing()) {
      try {
        const made = await connect();
        // The connection may have gone while the last answers were read.
        if (made.dropped || isClosing()) disconnect(made);
        else await stayUp(made);
      } catch (error) {
        tell('down', error);
        wakeStart();
      }
      tries += 1;
      const pause = Math.min(RETRY_MAX_MS, 50 * 2 ** Math.min(tries, 6));
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  /** Resolves when the pair has gone down. */
  function stayUp(made: Pair): Promise<void> {
    return new Promise((resolve) => {
      const server = made.server;
      if (server === undefined) {
        resolve();
        return;
      }
      pair = made;
      made.commands.once('close', resolve);
      made.subscriber.once('close', resolve);
      tries = 0;
      tell('up');
      for (const listener of upListeners) listener(server);
      wakeStart();
    });
  }

  function drop(which: Pair, reason: string): void {
    if (which.dropped) return;
    which.dropped = true;
    disconnect(which);
    if (pair !== which) return;
    pair = undefined;
    if (isClosing()) return;
    tell('down', new Error(reason));
    for (const listener of downListeners) listener();
  }

  function disconnect(which: Pair): void {
    which.commands.disconnect();
    which.subscriber.disconnect();
  }

  function isClosing(): boolean {
    return closing.signal.aborted;
  }

  function tell(health: 'up' | 'down', error?: unknown): void {
    if (told === health || isClosing()) return;
    told = health;
    if (health === 'up') log.info('redis.up');
    else log.warn('redis.down', { code: codeOf(error) });
  }

  async function ask(use: (commands: Redis) => Promise<unknown>): Promise<unknown> {
    const current = pair;
    if (current === undefined) throw new Error('Redis is not connected.');
    try {
      return await use(current.commands);
    } catch (error) {
      // An answer that Redis gave, if only "no", leaves the connection as good as it was. Silence does not.
      if (!isReply(error)) drop(current, 'no answer');
      throw error;
    }
  }

  async function evaluate(
    method: 'call' | 'callBuffer',
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    return ask(async (commands) => {
      try {
        return await commands[method]('EVALSHA', script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        // Loaded with each connection; somebody may have flushed the scripts since.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return commands[method]('EVAL', script.lua, keys.length, ...keys, ...args);
      }
    });
  }

  function clockErrorNow(): number {
    return clockError + (performance.now() - clockReadAt) * CLOCK_DRIFT;
  }

  function observeTime(redisMs: number, sentAt: number): void {
    const receivedAt = performance.now();
    // Redis read its clock somewhere between the two. A sharper reading serves until clocks may have drifted apart by as much.
    const error = (receivedAt - sentAt) / 2 + 1;
    if (error > clockErrorNow()) return;
    clockOffset = redisMs - (sentAt + receivedAt) / 2;
    clockError = error;
    clockReadAt = receivedAt;
  }

  return {
    get server() {
      return pair?.server;
    },
    run: (script, keys, args) => evaluate('call', script, keys, args),
    runBinary: (script, keys, args) => evaluate('callBuffer', script, keys, args),
    send: (command, ...args) => ask((commands) => commands.call(command, ...args)),
    sendBinary: (command, ...args) => ask((commands) => commands.callBuffer(command, ...args)),
    now: () => performance.now() + clockOffset,
    get clockErrorMs() {
      return clockErrorNow();
    },
    observeTime,
    listen(channel, handler) {
      channels.set(channel, handler);
    },
    onUp(listener) {
      upListeners.push(listener);
    },
    onDown(listener) {
      downListeners.push(listener);
    },
    drop(reason) {
      if (pair !== undefined) drop(pair, reason);
    },
    async start() {
      const first = new Promise<void>((resolve) => {
        wakeStart = resolve;
      });
      loop = keepConnected();
      const patience = new AbortController();
      await Promise.race([
        first,
        sleep(START_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined),
      ]);
      patience.abort();
    },
    async close() {
      closing.abort();
      if (pair !== undefined) drop(pair, 'closed');
      await loop;
    },
  };
}

function readServer(clientId: string, info: string, sentAt: number): Server {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const runId = field('run_id');
  if (runId === undefined) throw new Error('Expected INFO to tell run_id; it did not.');
  return { runId, clientId, startedAt: sentAt - Number(field('uptime_in_seconds') ?? 0) * 1_000 };
}

function readTime(time: unknown): number {
  if (!Array.isArray(time)) throw new Error('Expected TIME to answer seconds and microseconds; it did not.');
  return Number(time[0]) * 1_000 + Number(time[1]) / 1_000;
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** The kind of an error, without its text: that may hold the address, with its password. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
