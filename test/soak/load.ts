/** Callers of the fleet: each asks one operation after the other, of mixed sizes, and has every answer judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { createDraw } from '../../src/simulator/draw.js';
import type { Draw } from '../../src/simulator/draw.js';
import type { Fleet, ReplicaProcess } from './cluster.js';
import { judge } from './oracle.js';
import type { Asked, GraphResponse, Verdict } from './oracle.js';
import { oneOf } from './workload.js';
import type { Known, Questions } from './workload.js';

export type OperationKind = 'one' | 'five' | 'thirty' | 'hundred' | 'entities';
/** Questions in an operation; of entities, at most. */
export const SIZES: Readonly<Record<OperationKind, number>> = {
  one: 1,
  five: 5,
  thirty: 30,
  hundred: 100,
  entities: 20,
};

export interface LoadOptions {
  readonly callers: number;
  readonly seed: number;
  /** Percent of the questions that are asked again and again. */
  readonly hotPercent: number;
  /** Percent of operations of one question that ask with `maxAge: 0`, and of all that are hung up. */
  readonly maxAgeZeroPercent: number;
  readonly hangUpPercent: number;
  /** Of the replicas' configuration. */
  readonly deadlineMs: number;
  readonly callTimeoutMs: number;
  readonly keptMs: number;
}

/** How a trial's questions ended. `answers` counts fields, not operations. */
export interface Tally {
  operations: number;
  right: number;
  spoiled: number;
  readonly errors: Map<string, number>;
  readonly wrong: string[];
  hungUp: number;
  /** Operations without a response since their replica was killed or frozen. */
  cutByKill: number;
  cutByFreeze: number;
  /** Operations whose connection was refused or closed at once by a replica that ends; a balancer asks another one. */
  turnedAway: number;
  /** Operations without a response and without a reason for it. */
  readonly lost: string[];
  /** Milliseconds until the response, by size; replicas that were killed or frozen meanwhile do not count. */
  readonly waits: Record<OperationKind, number[]>;
  longestWait: { ms: number; what: string };
}

export interface Load {
  readonly tally: Tally;
  /** When an answer came that Wolkvox gave after an instant, epoch milliseconds; undefined: not yet. */
  freshAfter(instant: number): number | undefined;
  /** Asks nothing more; what is under way is waited for, or hung up. */
  stop(how?: 'wait' | 'hang up'): Promise<void>;
}

interface Operation {
  readonly kind: OperationKind;
  readonly query: string;
  readonly asked: readonly Asked[];
  readonly hangUpAfterMs: number | undefined;
}

const FIELDS =
  'fragment R on CampaignRecord { campaignId customerId customerName customerLastName opts { value } ' +
  'phones { position number } date calls connId result fetchedAt }';
/** What a caller waits beyond the deadline before it gives up. */
const PATIENCE_MS = 10_000;
const BLANKING = new Set(['fault: missing-keys', 'fault: null-values']);
const FLOODING = ['flood', 'gzip-bomb', 'endless-body'] as const;

export function startLoad(fleet: Fleet, questions: Questions, options: LoadOptions): Load {
  const draw = createDraw(options.seed, 41);
  const agent = new Agent({ connections: 200, headersTimeout: 0, bodyTimeout: 0 });
  const fresh: { readonly receivedAt: number; readonly fetchedAt: number }[] = [];
  const over = new AbortController();
  let isOver = false;
  const tally: Tally = {
    ...{ operations: 0, right: 0, spoiled: 0, hungUp: 0, cutByKill: 0, cutByFreeze: 0, turnedAway: 0 },
    ...{ errors: new Map<string, number>(), wrong: [], lost: [] },
    waits: { one: [], five: [], thirty: [], hundred: [], entities: [] },
    longestWait: { ms: 0, what: 'none' },
  };
  const callers = Array.from({ length: options.callers }, () => call());

  async function call(): Promise<void> {
    while (!isOver) {
      const ready = fleet.replicas.filter(({ url }) => url !== undefined);
      const operation = compose(questions, draw, options);
      if (ready.length === 0) {
        await sleep(50);
        continue;
      }
      const startedAt = performance.now();
      const isBad = await ask(oneOf(draw, ready), operation);
      // Callers whose questions are refused at once do not hammer; others think a moment.
      const isQuick = performance.now() - startedAt < 200;
      await sleep(isBad && isQuick ? 150 + draw(300) : draw(60));
    }
  }

  /** True where something in it failed. */
  async function ask(replica: ReplicaProcess, operation: Operation): Promise<boolean> {
    const { url = '' } = replica;
    const askedAt = Date.now();
    const hangUp = new AbortController();
    const giveUp = AbortSignal.timeout(options.deadlineMs + PATIENCE_MS);
    const timer = setTimeout(() => hangUp.abort(), operation.hangUpAfterMs ?? 2 ** 30);
    tally.operations += 1;
    try {
      const response = await post(url, operation.query, AbortSignal.any([hangUp.signal, over.signal, giveUp]));
      return note(replica, operation, response, askedAt);
    } catch (error) {
      if (hangUp.signal.aborted || over.signal.aborted) tally.hungUp += 1;
      else noteSilence(replica, operation, askedAt, error);
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  async function post(url: string, query: string, signal: AbortSignal): Promise<GraphResponse> {
    const { statusCode, body } = await agent.request({
      ...{ origin: url, path: '/graphql', method: 'POST', signal },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return { status: statusCode, body: await body.text() };
  }

  function note(replica: ReplicaProcess, operation: Operation, response: GraphResponse, askedAt: number): boolean {
    const receivedAt = Date.now();
    const suffered = replica.sufferedBetween(askedAt, receivedAt);
    const verdicts = judge(operation.asked, response, {
      ...{ askedAt, receivedAt, keptMs: options.keptMs, wasSpoiled, wasFlooded: wasFlooded() },
      // Whatever froze a replica may have done so in the middle of the call that brought the answer.
      callMs: options.callTimeoutMs + 15_000,
    });
    for (const [index, verdict] of verdicts.entries()) {
      count(
        verdict,
        receivedAt,
        () => `${replica.name}, ${operation.kind}: ${questionText(operation.asked[index]?.known)}`,
      );
    }
    const waitedMs = receivedAt - askedAt;
    if (suffered === undefined || suffered === 'ended') {
      tally.waits[operation.kind].push(waitedMs);
      if (waitedMs > tally.longestWait.ms) {
        tally.longestWait = { ms: waitedMs, what: `${operation.kind} at ${replica.name}` };
      }
    }
    return verdicts.some(({ kind }) => kind === 'error' || kind === 'wrong');
  }

  function count(verdict: Verdict, receivedAt: number, what: () => string): void {
    switch (verdict.kind) {
      case 'right':
        tally.right += 1;
        if (verdict.fetchedAt !== undefined) fresh.push({ receivedAt, fetchedAt: verdict.fetchedAt });
        if (fresh.length > 20_000) fresh.splice(0, 10_000);
        return;
      case 'spoiled':
        tally.spoiled += 1;
        return;
      case 'error':
        tally.errors.set(verdict.code, (tally.errors.get(verdict.code) ?? 0) + 1);
        return;
      case 'wrong':
        tally.wrong.push(`${what()}: ${verdict.why}`);
        fleet.note(`WRONG: ${what()}: ${verdict.why}`);
    }
  }

  function noteSilence(replica: ReplicaProcess, { kind }: Operation, askedAt: number, error: unknown): void {
    const suffered = replica.sufferedBetween(askedAt, Date.now());
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    // A connection that never carried the question is none of the replica's promises.
    if (suffered === 'ended' && (code === 'ECONNREFUSED' || Date.now() - askedAt < 100)) tally.turnedAway += 1;
    else if (suffered === 'killed') tally.cutByKill += 1;
    else if (suffered === 'frozen') tally.cutByFreeze += 1;
    else {
      const words = `${kind} at ${replica.name}: ${code} after ${Date.now() - askedAt} ms (${suffered ?? 'undisturbed'})`;
      tally.lost.push(words);
      fleet.note(`LOST: ${words}`);
    }
  }

  function wasSpoiled({ question }: Known): boolean {
    return fleet.simulator.witness.requests.some(
      ({ outcome, lookup }) =>
        BLANKING.has(outcome) &&
        lookup.phone === (question.phone ?? '') &&
        lookup.customerId === (question.customerId ?? '') &&
        lookup.campaignId === (question.campaignId ?? ''),
    );
  }

  let floodedAt = -Infinity;
  function wasFlooded(): boolean {
    const { faultChances } = fleet.simulator.settings;
    if (FLOODING.some((name) => (faultChances[name] ?? 0) > 0)) floodedAt = Date.now();
    return Date.now() - floodedAt < options.deadlineMs + PATIENCE_MS;
  }

  return {
    tally,
    freshAfter: (instant) =>
      fresh.find(({ fetchedAt, receivedAt }) => fetchedAt >= instant && receivedAt >= instant)?.receivedAt,
    async stop(how = 'wait') {
      isOver = true;
      if (how === 'hang up') over.abort();
      await Promise.all(callers);
      await agent.close();
    },
  };
}

function compose(questions: Questions, draw: Draw, options: LoadOptions): Operation {
  const kinds: readonly OperationKind[] = [
    'one',
    'one',
    'one',
    'one',
    'five',
    'five',
    'five',
    'thirty',
    'hundred',
    'entities',
  ];
  const kind = oneOf(draw, kinds);
  const hangUpAfterMs = draw(100) < options.hangUpPercent ? 20 + draw(1_500) : undefined;
  const isHot = (): boolean => draw(100) < options.hotPercent;
  if (kind === 'entities') {
    const customers = Array.from({ length: 3 + draw(SIZES.entities - 2) }, () =>
      isHot() ? questions.hotCustomer() : questions.coldCustomer(),
    );
    const representations = customers
      .map(({ question }) => `{ __typename: "Customer", customerId: ${JSON.stringify(question.customerId ?? '')} }`)
      .join(' ');
    const query = `{ _entities(representations: [${representations}]) { ... on Customer { campaignRecords { ...R } } } } ${FIELDS}`;
    const asked = customers.map((known, index) => ({
      ...{ known, path: ['_entities', index, 'campaignRecords'], maxAgeSeconds: undefined },
    }));
    return { kind, query, asked, hangUpAfterMs };
  }
  const maxAgeSeconds = kind === 'one' && draw(100) < options.maxAgeZeroPercent ? 0 : undefined;
  const asked = Array.from({ length: SIZES[kind] }, (_, index) => ({
    known: choose(isHot() || maxAgeSeconds !== undefined),
    path: [`a${index}`],
    maxAgeSeconds,
  }));
  const aliases = asked.map(
    ({ known }, index) => `a${index}: findCampaignRecords(${argumentsOf(known, maxAgeSeconds)}) { ...R }`,
  );
  return { kind, query: `{ ${aliases.join(' ')} } ${FIELDS}`, asked, hangUpAfterMs };

  function choose(hot: boolean): Known {
    if (!hot) return questions.cold();
    return kind === 'one' && draw(12) === 0 ? questions.campaign() : questions.hot();
  }
}

function argumentsOf({ question }: Known, maxAgeSeconds: number | undefined): string {
  const criteria = Object.entries(question).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [...criteria, ...(maxAgeSeconds === undefined ? [] : [`maxAge: ${maxAgeSeconds}`])].join(', ');
}

function questionText(known: Known | undefined): string {
  return JSON.stringify(known?.question ?? null);
}
