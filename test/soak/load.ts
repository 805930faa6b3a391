import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { createRandom, pick, type Random } from '../../src/simulator/random.js';
import type { Cluster, Replica } from './cluster.js';
import { wasRedisAway } from './monitor.js';
import { checkResponse, type GraphQLResponse, type RequestedField, type Verdict } from './oracle.js';
import type { Criteria, KnownLookup, Workload } from './workload.js';

/**
 * Callers of a cluster. Each sends one operation after the other, and the oracle checks every response. Meanwhile
 * people are dialled, so that records change.
 */

/** One of them is chosen for each operation: a number of fields, or `_entities`. */
const KINDS = [1, 1, 1, 1, 5, 5, 5, 30, 100, 'entities'] as const;
type OperationKind = (typeof KINDS)[number];
const MAX_ENTITIES = 20;

export interface LoadOptions {
  readonly callers: number;
  readonly seed: number;
  /** Percent of the lookups that are repeated. */
  readonly hotPercent: number;
  /** Percent of the operations with one field that have `maxAge: 0`. */
  readonly maxAgeZeroPercent: number;
  /** Percent of the operations whose caller closes the connection early. */
  readonly hangUpPercent: number;
}

/** How operations and their fields ended. */
export interface Tally {
  operations: number;
  /** Fields. */
  right: number;
  stale: number;
  readonly errors: Map<string, number>;
  readonly wrong: string[];
  /** Answers and errors of operations during which Redis was away. */
  readonly withoutRedis: { answers: number; errors: number };
  /** Operations. */
  hungUp: number;
  /** No response, because the replica was killed, frozen or stopped. */
  cutOff: number;
  /** No response for no known reason. */
  readonly lost: string[];
  /** Milliseconds until the response, except at replicas that were killed or frozen meanwhile. */
  readonly waits: number[];
}

interface Operation {
  readonly kind: OperationKind;
  readonly query: string;
  readonly fields: readonly RequestedField[];
  readonly hangUpAfterMs: number | undefined;
}

const FRAGMENT =
  'fragment R on CampaignRecord { campaignId customerId customerName customerLastName opts { value } ' +
  'phones { position number } date calls connId result fetchedAt }';
/** A person is dialled this often. */
const DIAL_MS = 1_000;
/** A caller waits this much longer than the deadline. */
const PATIENCE_MS = 10_000;
/** The longest freeze of a replica, which may happen in the middle of a call. */
const FREEZE_MS = 15_000;
/** Replicas drop their memory within this time after Redis lost its data. */
const ERASURE_MS = 3_000;
const LARGE_FAULTS = ['flood', 'gzip-bomb', 'endless-body'] as const;

export class Load {
  readonly tally: Tally = {
    ...{ operations: 0, right: 0, stale: 0, errors: new Map<string, number>(), wrong: [] },
    ...{ withoutRedis: { answers: 0, errors: 0 }, hungUp: 0, cutOff: 0, lost: [], waits: [] },
  };
  readonly #cluster: Cluster;
  readonly #workload: Workload;
  readonly #options: LoadOptions;
  readonly #random: Random;
  readonly #agent = new Agent({ connections: 200, headersTimeout: 0, bodyTimeout: 0 });
  readonly #callers: readonly Promise<void>[];
  readonly #hangUp = new AbortController();
  /** What each process answered last, by its address and the lookup: the answer is in its memory. */
  readonly #answered = new Map<
    string,
    { readonly askedAt: number; readonly receivedAt: number; readonly sentAt: number }
  >();
  readonly #dialing: NodeJS.Timeout;
  #isStopped = false;
  #latestSentAt = -Infinity;
  #largeFaultAt = -Infinity;

  /** Starts at once. */
  constructor(cluster: Cluster, workload: Workload, options: LoadOptions) {
    this.#cluster = cluster;
    this.#workload = workload;
    this.#options = options;
    this.#random = createRandom(options.seed, 41);
    this.#dialing = setInterval(() => workload.dial(), DIAL_MS).unref();
    this.#callers = Array.from({ length: options.callers }, () => this.#callRepeatedly());
  }

  /** Whether a right answer came whose call was sent after this time. Epoch milliseconds. */
  hasAnswerSentAfter(time: number): boolean {
    return this.#latestSentAt > time;
  }

  /** Sends nothing more. Operations under way are finished, or cut off by their callers. */
  async stop(how: 'finish' | 'hang up' = 'finish'): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#dialing);
    if (how === 'hang up') this.#hangUp.abort();
    await Promise.all(this.#callers);
    await this.#agent.close();
  }

  async #callRepeatedly(): Promise<void> {
    while (!this.#isStopped && !this.#cluster.closed.aborted) {
      const ready = this.#cluster.replicas().filter((replica) => replica.url() !== undefined);
      if (ready.length === 0) {
        await sleep(50);
        continue;
      }
      const startedAt = performance.now();
      const succeeded = await this.#send(pick(this.#random, ready), this.#createOperation());
      // A caller that is refused at once waits a little before it tries again.
      const isRefused = !succeeded && performance.now() - startedAt < 200;
      await sleep(isRefused ? 150 + this.#random(300) : this.#random(60));
    }
  }

  /** @returns whether every field has an answer */
  async #send(replica: Replica, operation: Operation): Promise<boolean> {
    const url = replica.url() ?? '';
    const askedAt = Date.now();
    const hangUp = new AbortController();
    const giveUp = AbortSignal.timeout(this.#cluster.options.deadlineMs + PATIENCE_MS);
    const timer = setTimeout(() => hangUp.abort(), operation.hangUpAfterMs ?? 2 ** 30);
    this.tally.operations += 1;
    try {
      const signal = AbortSignal.any([hangUp.signal, this.#hangUp.signal, giveUp]);
      const response = await this.#post(url, operation.query, signal);
      return this.#check(replica, url, operation, response, askedAt);
    } catch (error) {
      if (hangUp.signal.aborted || this.#hangUp.signal.aborted) this.tally.hungUp += 1;
      else this.#noteNoResponse(replica, operation, askedAt, error);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async #post(url: string, query: string, signal: AbortSignal): Promise<GraphQLResponse> {
    const { statusCode, body } = await this.#agent.request({
      ...{ origin: url, path: '/graphql', method: 'POST', signal },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return { status: statusCode, body: await body.text() };
  }

  #check(
    replica: Replica,
    url: string,
    { kind, fields }: Operation,
    response: GraphQLResponse,
    askedAt: number,
  ): boolean {
    const { callTimeoutMs, freshMs, staleMs } = this.#cluster.options;
    const receivedAt = Date.now();
    const isRedisAway = wasRedisAway(this.#cluster.timeline, askedAt, receivedAt);
    const verdicts = checkResponse(fields, response, {
      ...{ askedAt, receivedAt, freshMs, staleMs, isRedisAway, callMs: callTimeoutMs + FREEZE_MS },
      mayBeTooLarge: this.#mayBeTooLarge(),
      cachedSentAt: (lookup) => this.#cachedSentAt(url, lookup, askedAt),
    });
    for (const [index, verdict] of verdicts.entries()) {
      const criteria = fields[index]?.lookup.criteria ?? {};
      this.#count(verdict, `${replica.name}, ${kind}, ${JSON.stringify(criteria)}`);
      if ('sentAt' in verdict && verdict.sentAt !== undefined) {
        this.#answered.set(keyOf(url, criteria), { askedAt, receivedAt, sentAt: verdict.sentAt });
      }
    }
    const failures = verdicts.filter(({ kind: verdict }) => verdict === 'error' || verdict === 'wrong').length;
    if (isRedisAway) {
      this.tally.withoutRedis.answers += verdicts.length - failures;
      this.tally.withoutRedis.errors += failures;
    }
    const incident = replica.incidentBetween(askedAt, receivedAt);
    if (incident === undefined || incident === 'stop') this.tally.waits.push(receivedAt - askedAt);
    return failures === 0;
  }

  #count(verdict: Verdict, where: string): void {
    switch (verdict.kind) {
      case 'right':
      case 'stale':
        this.tally[verdict.kind] += 1;
        this.#latestSentAt = Math.max(this.#latestSentAt, verdict.sentAt ?? -Infinity);
        return;
      case 'error':
        this.tally.errors.set(verdict.code, (this.tally.errors.get(verdict.code) ?? 0) + 1);
        return;
      case 'wrong':
        this.tally.wrong.push(`${where}: ${verdict.reason}`);
        this.#cluster.timeline.note(`wrong answer: ${where}: ${verdict.reason}`);
    }
  }

  #noteNoResponse(replica: Replica, { kind }: Operation, askedAt: number, error: unknown): void {
    const incident = replica.incidentBetween(askedAt, Date.now());
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const waitedMs = Date.now() - askedAt;
    // A replica that stops finishes its operations; it only accepts no new connection.
    const isExplained = incident === 'stop' ? code === 'ECONNREFUSED' || waitedMs < 100 : incident !== undefined;
    if (isExplained) {
      this.tally.cutOff += 1;
      return;
    }
    const text = `${kind} at ${replica.name}: ${code} after ${waitedMs} ms (${incident ?? 'no incident'})`;
    this.tally.lost.push(text);
    this.#cluster.timeline.note(`no response: ${text}`);
  }

  #mayBeTooLarge(): boolean {
    const { faultChances } = this.#cluster.simulator.settings;
    if (LARGE_FAULTS.some((name) => (faultChances[name] ?? 0) > 0)) this.#largeFaultAt = Date.now();
    // The failure is remembered as long as an answer is fresh.
    const { deadlineMs, freshMs } = this.#cluster.options;
    return Date.now() - this.#largeFaultAt < deadlineMs + freshMs + PATIENCE_MS;
  }

  /** The answer that a replica had in its memory when an operation was sent. */
  #cachedSentAt(url: string, { criteria }: KnownLookup, askedAt: number): number | undefined {
    const answered = this.#answered.get(keyOf(url, criteria));
    if (answered === undefined || answered.receivedAt >= askedAt) return undefined;
    // An answer that was under way when the caches were erased is not cached.
    const lossAt = this.#cluster.timeline.incidents.findLast(({ kind }) => kind === 'redis loss')?.from ?? -Infinity;
    return answered.askedAt < lossAt + this.#cluster.options.deadlineMs + ERASURE_MS ? undefined : answered.sentAt;
  }

  #createOperation(): Operation {
    const { hangUpPercent, maxAgeZeroPercent } = this.#options;
    const kind = pick(this.#random, KINDS);
    const hangUpAfterMs = this.#random(100) < hangUpPercent ? 20 + this.#random(1_500) : undefined;
    if (kind === 'entities') return { kind, hangUpAfterMs, ...this.#createEntities() };
    const maxAgeSeconds = kind === 1 && this.#random(100) < maxAgeZeroPercent ? 0 : undefined;
    const fields = Array.from({ length: kind }, (_, index) => ({
      lookup: this.#chooseLookup(kind, maxAgeSeconds !== undefined),
      path: [`a${index}`],
      maxAgeSeconds,
    }));
    const selections = fields.map(
      ({ lookup }, index) => `a${index}: findCampaignRecords(${argumentsOf(lookup, maxAgeSeconds)}) { ...R }`,
    );
    return { kind, query: `{ ${selections.join(' ')} } ${FRAGMENT}`, fields, hangUpAfterMs };
  }

  #createEntities(): Pick<Operation, 'query' | 'fields'> {
    const fields = Array.from({ length: 3 + this.#random(MAX_ENTITIES - 2) }, (_, index) => ({
      lookup: this.#isHot() ? this.#workload.hotCustomer() : this.#workload.coldCustomer(),
      path: ['_entities', index, 'campaignRecords'],
      maxAgeSeconds: undefined,
    }));
    const representations = fields.map(
      ({ lookup }) => `{ __typename: "Customer", customerId: ${JSON.stringify(lookup.criteria.customerId ?? '')} }`,
    );
    const selection = '{ ... on Customer { campaignRecords { ...R } } }';
    return { query: `{ _entities(representations: [${representations.join(' ')}]) ${selection} } ${FRAGMENT}`, fields };
  }

  #chooseLookup(kind: OperationKind, mustBeHot: boolean): KnownLookup {
    if (!mustBeHot && !this.#isHot()) return this.#workload.cold();
    return kind === 1 && this.#random(12) === 0 ? this.#workload.campaign() : this.#workload.hot();
  }

  #isHot(): boolean {
    return this.#random(100) < this.#options.hotPercent;
  }
}

function argumentsOf({ criteria }: KnownLookup, maxAgeSeconds: number | undefined): string {
  const given = Object.entries(criteria).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [...given, ...(maxAgeSeconds === undefined ? [] : [`maxAge: ${maxAgeSeconds}`])].join(', ');
}

function keyOf(url: string, criteria: Criteria): string {
  return `${url} ${JSON.stringify(criteria)}`;
}
