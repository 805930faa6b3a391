import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { LookupFailure } from '../records/failure.js';
import type { Place, Places } from '../records/limits.js';
import type { Link, Log, Server } from './connection.js';
import { placesScript } from './places-script.js';
import type { Timings } from './timings.js';

export interface SharedPlacesOptions {
  readonly link: Link;
  /** Names the token's places in Redis, without telling the token. */
  readonly name: string;
  readonly concurrency: number;
  readonly whenDown: 'closed' | 'local';
  readonly timings: Timings;
  readonly log: Log;
}

export interface SharedPlaces extends Places {
  /** This process among the replicas; the channel `channelOf(replica)` is heard by it alone. */
  readonly replica: string;
  /** The replicas that were last known, this one included. */
  readonly members: readonly string[];
  /** Gives back what is held and refuses who waits. */
  close(): Promise<void>;
}

interface Waiter {
  readonly id: string;
  begin(place: Place): void;
  refuse(reason: unknown): void;
}

interface Hold {
  readonly since: number;
  readonly lost: AbortController;
}

interface Reply {
  readonly status: string;
  readonly dueMs: number;
  readonly suspects: readonly (readonly [replica: string, clientId: string])[];
  /** Places of waiters of this replica that the step has granted. */
  readonly granted: readonly string[];
}

/** How often a replica that holds a place, or waits while Redis is away, looks at its own clock. */
const TICK_MS = 250;

/**
 * The places of one token, shared by all replicas through Redis: first come first served, never more than `concurrency` at once.
 *
 * A replica tells Redis all it holds and waits for whenever it connects (`register`); each registration has a number, and what was
 * asked under an older one no longer counts on either side. Between registrations, Redis's word is the truth.
 */
export function createSharedPlaces(options: SharedPlacesOptions): SharedPlaces {
  const { link, name, concurrency, whenDown, timings, log } = options;
  const replica = randomBytes(9).toString('hex');
  const keys = [`${name}:state`, `${name}:waiting`];
  const waiters = new Map<string, Waiter>();
  const holds = new Map<string, Hold>();
  let lastPlace = 0;
  let session = 0;
  let epoch = '';
  let members: readonly string[] = [];
  /** Replicas that may still hold a place from before state was lost, each with the instant (`performance.now()`) from which not. */
  let missing: ReadonlyMap<string, number> = new Map();
  /** When the last step was sent that Redis has acknowledged as a proof of life. */
  let provenAt = -Infinity;
  let lastBeatAt = -Infinity;
  let lastLookAt = -Infinity;
  let downSince: number | undefined = performance.now();
  /** Redis was away for so long that others may hold places it does not know. */
  let wasAway = false;
  let closed = false;
  let ticking: NodeJS.Timeout | undefined;
  let lookTimer: NodeJS.Timeout | undefined;
  let idleTimer: NodeJS.Timeout | undefined;

  link.listen(`${name}:all`, (message) => {
    const [kind, first, list] = message.split(' ');
    if (kind === 'register') void register();
    else if (kind === 'members' && first === epoch) readMembers(list ?? '');
  });
  link.listen(`${name}:${replica}`, (message) => {
    const [kind, id] = message.split(' ');
    const waiter = waiters.get(id ?? '');
    if (kind === 'grant' && waiter !== undefined) void claim('confirm', waiter);
  });
  link.onUp(() => {
    const awayMs = downSince === undefined ? 0 : performance.now() - downSince;
    wasAway ||= whenDown === 'local' && awayMs > timings.localAfterMs / 3;
    void register();
  });
  link.onDown(() => {
    downSince ??= performance.now();
    keepTicking();
  });

  function readMembers(list: string): void {
    const now = performance.now();
    const entries = splitList(list).map((entry) => entry.split('='));
    members = entries.filter(([, leftMs]) => leftMs === undefined).map(([member = '']) => member);
    missing = new Map(
      entries.flatMap(([member = '', leftMs]) =>
        leftMs === undefined ? [] : [[member, now + Number(leftMs)] as const],
      ),
    );
  }

  async function step(act: string, fields: object = {}): Promise<Reply> {
    const sentAt = performance.now();
    const answer = await link.run(placesScript, keys, [
      JSON.stringify({
        act,
        replica,
        session,
        run: link.server?.runId,
        channel: `${name}:`,
        concurrency,
        lease: timings.leaseMs,
        reservation: timings.reservationMs,
        deadAfter: timings.deadAfterMs,
        memberKeep: timings.memberKeepMs,
        keep: timings.keepMs,
        ...fields,
      }),
    ]);
    if (!Array.isArray(answer)) throw new TypeError('Expected a list from the places script; it was none.');
    const [status, dueMs, newEpoch, memberList, suspects, granted] = answer.map(String);
    if (status !== 'register' && status !== 'stale') {
      epoch = newEpoch ?? '';
      readMembers(memberList ?? '');
      if (act === 'register' || act === 'take' || act === 'confirm' || act === 'beat') {
        // "gone" is said without writing the proof of life down.
        if (status !== 'gone') provenAt = Math.max(provenAt, sentAt);
      }
    }
    return {
      status: status ?? '',
      dueMs: Number(dueMs),
      suspects: splitList(suspects ?? '').map((entry) => {
        const [owner = '', clientId = ''] = entry.split(' ');
        return [owner, clientId];
      }),
      granted: splitList(granted ?? ''),
    };
  }

  async function register(): Promise<void> {
    const server = link.server;
    if (server === undefined || closed) return;
    session += 1;
    const mine = session;
    try {
      const reply = await step('register', registration(server));
      if (mine !== session) return;
      if (reply.status === 'stale') {
        await register();
        return;
      }
      wasAway = false;
      downSince = undefined;
      keepBeating();
      if (waiters.size > 0) lookSoon(reply);
    } catch (error) {
      if (link.server !== server) return;
      log.error('redis.places', { code: error instanceof Error ? error.name : 'unknown' });
      link.drop('registration failed');
    }
  }

  function registration(server: Server): object {
    return {
      epoch,
      newEpoch: randomBytes(9).toString('hex'),
      members: [...members, ...[...missing].map(([member, until]) => `${member}=${leftMs(until)}`)],
      client: server.clientId,
      uptime: Math.round(performance.now() - server.startedAt),
      grace: timings.graceMs,
      away: wasAway,
      holds: [...holds.keys()],
      waits: [...waiters.keys()],
    };
  }

  /** Asks for a place, or confirms one that was offered. */
  async function claim(act: 'take' | 'confirm', waiter: Waiter): Promise<void> {
    const mine = session;
    const sentAt = performance.now();
    try {
      const reply = await step(act, { place: waiter.id });
      // A registration sent meanwhile has told Redis that they still wait.
      if (mine !== session) return;
      const places = new Set(reply.status === 'held' ? [waiter.id, ...reply.granted] : reply.granted);
      for (const place of places) occupy(place, sentAt);
      if (!waiters.has(waiter.id)) return;
      if (reply.status === 'waiting') lookSoon(reply);
      else if (reply.status !== 'held') await register();
    } catch (error) {
      // Without an answer the link goes down, and the next registration clears things up. A refusal of Redis is final.
      if (isUp() && waiters.delete(waiter.id)) {
        void tell('release', waiter.id);
        waiter.refuse(unavailable(error));
      }
    }
  }

  /** Tells Redis what it need not answer; what is lost on the way, the next registration repeats. */
  async function tell(act: 'release' | 'beat' | 'leave', place = ''): Promise<void> {
    const mine = session;
    const sentAt = performance.now();
    try {
      const reply = await step(act, { place });
      if (mine !== session) return;
      for (const granted of reply.granted) occupy(granted, sentAt);
      if (reply.status === 'register') await register();
    } catch (error) {
      if (link.server !== undefined)
        log.warn('redis.places', { code: error instanceof Error ? error.name : 'unknown' });
    }
  }

  /** A place is granted; who was told so late that it may be another's by now gives it back and waits again. */
  function occupy(place: string, sentAt: number): void {
    const waiter = waiters.get(place);
    if (waiter === undefined) return;
    if (performance.now() - sentAt <= timings.promptMs) {
      begin(waiter);
    } else {
      void tell('release', place);
      void claim('take', waiter);
    }
  }

  function begin(waiter: Waiter): void {
    waiters.delete(waiter.id);
    const hold: Hold = { since: performance.now(), lost: new AbortController() };
    holds.set(waiter.id, hold);
    keepTicking();
    waiter.begin({
      // Who looks at the signal right before it sends finds out even if this process was frozen a moment ago.
      get lost() {
        endWhatIsLost();
        return hold.lost.signal;
      },
      release() {
        if (!holds.delete(waiter.id)) return;
        if (isUp()) void tell('release', waiter.id);
        else if (waiters.size > 0) refuseOrGoOn();
      },
    });
  }

  function tick(): void {
    const now = performance.now();
    endWhatIsLost();
    if (isUp()) {
      if (holds.size > 0 && now - Math.max(lastBeatAt, provenAt) >= timings.beatMs) {
        lastBeatAt = now;
        void tell('beat');
      }
    } else if (waiters.size > 0) {
      refuseOrGoOn();
    }
    if (holds.size === 0 && (isUp() || waiters.size === 0)) {
      clearInterval(ticking);
      ticking = undefined;
    }
  }

  function isUp(): boolean {
    return link.server !== undefined;
  }

  function keepTicking(): void {
    ticking ??= setInterval(tick, TICK_MS).unref();
  }

  function endWhatIsLost(): void {
    const now = performance.now();
    const mayStay = now - provenAt <= timings.lostAfterMs ? Infinity : localShare();
    let place = 0;
    for (const hold of holds.values()) {
      place += 1;
      if (place > mayStay || now - hold.since > timings.leaseMs - timings.promptMs) {
        if (!hold.lost.signal.aborted) log.warn('redis.place_lost');
        hold.lost.abort(unavailable());
      }
    }
  }

  function refuseOrGoOn(): void {
    const awayMs = downSince === undefined ? 0 : performance.now() - downSince;
    const isAlone = whenDown === 'local' && localShare() > 0;
    if (isAlone) goOnAlone();
    else if (awayMs >= timings.patienceMs) refuseAll();
  }

  /** How many places this replica may use while Redis is away: the first replicas by name have one each. */
  function localShare(): number {
    if (whenDown === 'closed' || downSince === undefined) return 0;
    if (members.length === 1 && members[0] === replica) return concurrency;
    const rank = [...members].sort().indexOf(replica);
    return rank >= 0 && rank < concurrency ? 1 : 0;
  }

  function goOnAlone(): void {
    if (isUp() || downSince === undefined) return;
    if (performance.now() - downSince < timings.localAfterMs) return;
    const share = localShare();
    for (const waiter of waiters.values()) {
      if (holds.size >= share) return;
      begin(waiter);
    }
  }

  function refuseAll(): void {
    for (const waiter of [...waiters.values()]) {
      waiters.delete(waiter.id);
      waiter.refuse(unavailable());
    }
  }

  function keepBeating(): void {
    // Where replicas may go on alone, each must notice at once that Redis was away, though it asks nothing: else it would be
    // granted places that others hold on their own.
    const everyMs = whenDown === 'local' ? timings.beatMs : timings.idleBeatMs;
    idleTimer ??= setInterval(() => {
      if (isUp() && performance.now() - provenAt >= everyMs / 2) void tell('beat');
    }, everyMs).unref();
  }

  function lookSoon(reply: Reply): void {
    if (lookTimer !== undefined || closed) return;
    const sinceLook = performance.now() - lastLookAt;
    const waitMs = reply.suspects.length > 0 ? Math.max(50, 1_000 - sinceLook) : Math.max(250, reply.dueMs + 10);
    lookTimer = setTimeout(
      () => {
        lookTimer = undefined;
        void look();
      },
      Math.min(timings.lookMs, waitMs),
    ).unref();
  }

  /** Looks after the places while somebody here waits: what has run out, and holders that no longer live. */
  async function look(): Promise<void> {
    const [oldest] = waiters.values();
    if (oldest === undefined || !isUp() || closed) return;
    const mine = session;
    lastLookAt = performance.now();
    try {
      let reply = await step('look', { place: oldest.id, dead: [] });
      if (reply.suspects.length > 0) {
        const dead = await withoutConnection(reply.suspects);
        if (dead.length > 0) reply = await step('look', { place: '', dead });
      }
      if (reply.status === 'register' && mine === session && waiters.has(oldest.id)) await register();
      else lookSoon({ ...reply, suspects: [] });
    } catch (error) {
      if (!isUp()) return;
      log.warn('redis.places', { code: error instanceof Error ? error.name : 'unknown' });
      lookSoon({ status: '', dueMs: timings.lookMs, suspects: [], granted: [] });
    }
  }

  /** Redis closes the connections of a process that was killed, not those of one that is frozen. */
  async function withoutConnection(suspects: Reply['suspects']): Promise<Reply['suspects']> {
    const list = await link.send('CLIENT', 'LIST', 'ID', ...suspects.map(([, clientId]) => clientId));
    const alive = new Set([...String(list).matchAll(/^id=(\d+) /gm)].map(([, id]) => id));
    return suspects.filter(([, clientId]) => !alive.has(clientId));
  }

  return {
    replica,
    get members() {
      return members;
    },
    take(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted || closed) {
          reject(signal.aborted ? asError(signal.reason) : unavailable());
          return;
        }
        lastPlace += 1;
        const id = `${replica}:${lastPlace}`;
        const onAbort = (): void => {
          if (!waiters.delete(id)) return;
          if (isUp()) void tell('release', id);
          reject(asError(signal.reason));
        };
        const waiter: Waiter = {
          id,
          begin(place) {
            signal.removeEventListener('abort', onAbort);
            resolve(place);
          },
          refuse(reason) {
            signal.removeEventListener('abort', onAbort);
            reject(asError(reason));
          },
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiters.set(id, waiter);
        if (isUp()) {
          void claim('take', waiter);
        } else {
          keepTicking();
          refuseOrGoOn();
        }
      });
    },
    async close() {
      closed = true;
      refuseAll();
      for (const hold of holds.values()) hold.lost.abort(unavailable());
      holds.clear();
      clearInterval(ticking);
      clearInterval(idleTimer);
      clearTimeout(lookTimer);
      if (isUp()) await tell('leave');
    },
  };
}

function leftMs(until: number): number {
  return Math.max(0, Math.ceil(until - performance.now()));
}

function splitList(list: string): readonly string[] {
  return list === '' ? [] : list.split(',');
}

function unavailable(cause?: unknown): LookupFailure {
  return new LookupFailure(
    'UPSTREAM_UNAVAILABLE',
    'Expected to know how many calls are under way; the place where the replicas share that cannot be reached.',
    { retryAfterSeconds: 5, cause },
  );
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : unavailable(reason);
}
