import { expect } from 'vitest';
import { getOperationAST, execute, parse, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Answer, RecordCache } from '../../src/core/answer.js';
import type { CampaignList, Campaigns } from '../../src/core/campaign.js';
import { LookupFailure } from '../../src/core/failure.js';
import { lookupKey, matches, type Lookup } from '../../src/core/lookup.js';
import type { CampaignRecord } from '../../src/core/record.js';
import type { ServiceStatus } from '../../src/core/status.js';
import { createTimeSlices } from '../../src/core/time-slices.js';
import type { OperationContext } from '../../src/graphql/context.js';
import { createLoader } from '../../src/graphql/loader.js';
import { createLongTexts } from '../../src/graphql/long-texts.js';
import { startOperation, type RunningOperation } from '../../src/graphql/operation.js';
import { createRecordIds, type RecordIds } from '../../src/graphql/record-ids.js';
import { createParts } from '../../src/graphql/parts.js';
import { createResponseLimits, type ResponseLimits } from '../../src/graphql/response-limit.js';
import { createSchema, type ExecutableSchema } from '../../src/graphql/schema.js';
import { createTextCache, type TextCache } from '../../src/graphql/text-cache.js';
import { createTextExecutor, type TextExecutor } from '../../src/graphql/text-executor.js';
import { NO_LABELS } from '../../src/labels/opt-labels.js';
import { createManualClock, type ManualClock } from './lookup-source.js';
import { campaignRecord } from './record.js';

export const ANA = campaignRecord({
  customerId: 'C1',
  customerName: 'Ana',
  phones: [{ position: 1, number: '3001234567' }],
});
export const EVA = campaignRecord({
  campaignId: '7203',
  customerId: 'C2',
  customerName: 'Eva',
  opts: optsOf('a', 'b'),
});

/** Twelve opts, of which the first have these values. */
export function optsOf(...values: string[]): readonly (string | null)[] {
  return Array.from({ length: 12 }, (_, index) => values[index] ?? null);
}

/** The records of a whole campaign. */
export function longList(length: number, overrides: Partial<CampaignRecord> = {}): CampaignRecord[] {
  return Array.from({ length }, (_, index) => campaignRecord({ customerId: `C${index}`, ...overrides }));
}

export const FRESH_MS = 300_000;

/** What happens with a lookup. */
export type Behaviour = 'is cached' | 'answers' | 'answers later' | 'fails' | 'fails later';

export interface ExecutorsOptions {
  /** What Wolkvox has. */
  readonly records: readonly CampaignRecord[];
  readonly campaigns?: CampaignList['campaigns'];
  /** Default: every lookup is cached. */
  readonly behaviourOf?: (lookup: Lookup) => Behaviour;
  /** Default: always the same state. */
  readonly readStatus?: () => ServiceStatus;
  /** Bound of the texts that are kept, in bytes. Default: 16 MB. 0: none is kept. */
  readonly textBytes?: number;
  /** Default: 10 MB. */
  readonly responseLimitBytes?: number;
}

export interface Request {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
}

/** The text executor and graphql-js over the same schema, the same answers and the same clock, which stands still. */
export interface Executors {
  readonly ids: RecordIds;
  readonly texts: TextCache;
  readonly executable: ExecutableSchema;
  readonly clock: ManualClock;
  readonly responseLimits: ResponseLimits;
  /** The lookups that reached the source. */
  readonly lookups: Lookup[];
  /** A context of its own for one operation. */
  begin(): { readonly context: OperationContext; readonly running: RunningOperation; readonly end: () => void };
  /** What the text executor returns. */
  write(request: Request, context?: OperationContext): Promise<string | undefined>;
  /** What graphql-js returns. */
  resolve(request: Request, context?: OperationContext): Promise<ExecutionResult>;
  /** The lookups are answered by others from now on. */
  replaceAnswers(): void;
}

export function createExecutors(options: ExecutorsOptions): Executors {
  const { behaviourOf = () => 'is cached' } = options;
  const clock = createManualClock();
  const ids = createRecordIds(['a secret of the tests of executors']);
  const executable = createSchema({ ids, labels: NO_LABELS, readStatus: options.readStatus ?? (() => STATUS) });
  const texts = createTextCache({
    maxBytes: options.textBytes ?? 16_000_000,
    keepMsOf: () => FRESH_MS,
    version: () => 0,
  });
  const executor: TextExecutor = createTextExecutor(executable, texts);
  const responseLimits = createResponseLimits(options.responseLimitBytes ?? 10_000_000);
  const slices = createTimeSlices();
  const answers = new Map<string, Answer>();
  const lookups: Lookup[] = [];
  const documents = new Map<string, DocumentNode>();

  /** The same answer each time, until answers are dropped. */
  function answerTo(lookup: Lookup): Answer {
    const records = options.records.filter((record) => matches(record, lookup));
    const answer = answers.get(lookupKey(lookup)) ?? { records, sentAt: clock.epochMs(), source: 'wolkvox' };
    answers.set(lookupKey(lookup), answer);
    return answer;
  }

  async function find(lookup: Lookup): Promise<Answer> {
    lookups.push(lookup);
    const behaviour = behaviourOf(lookup);
    if (behaviour.endsWith('later')) await iterations(3);
    if (behaviour.startsWith('fails')) throw new LookupFailure('server');
    return answerTo(lookup);
  }

  const cache: RecordCache = {
    answerTo(lookup, minSentAt) {
      if (behaviourOf(lookup) !== 'is cached') return undefined;
      const cached = answerTo(lookup);
      return cached.sentAt >= minSentAt ? cached : undefined;
    },
    // Any other cached answer would depend on what was executed before.
    answerWith: () => undefined,
  };

  const begin: Executors['begin'] = () => {
    const running = startOperation(25_000, clock);
    const responseLimit = responseLimits.start();
    const loader = createLoader(running, {
      ...{ source: { find }, cache, ids, campaigns: campaignsOf(options, clock) },
      ...{ freshness: { freshMs: FRESH_MS, staleMs: 0 }, campaignsFreshMs: FRESH_MS, minMaxAgeMs: 0 },
      countryCode: undefined,
    });
    const end = (): void => {
      running.end();
      responseLimit.end();
    };
    return {
      context: { running, loader, responseLimit, longTexts: createLongTexts(), parts: createParts(slices, running) },
      running,
      end,
    };
  };

  function documentOf(query: string): DocumentNode {
    const document = documents.get(query) ?? parse(query);
    documents.set(query, document);
    return document;
  }

  async function within<Result>(
    given: OperationContext | undefined,
    work: (context: OperationContext) => Promise<Result>,
  ): Promise<Result> {
    if (given !== undefined) return work(given);
    const { context, end } = begin();
    try {
      return await work(context);
    } finally {
      end();
    }
  }

  return {
    ...{ ids, texts, executable, clock, responseLimits, lookups, begin },
    write: ({ query, variables = {}, operationName }, given) =>
      within(given, async (context) => {
        const document = documentOf(query);
        const operation = getOperationAST(document, operationName);
        // Apollo Server asks for such an operation, too.
        const text = await executor.execute({
          document,
          operation: operation as NonNullable<typeof operation>,
          variables,
          context,
        });
        return text === undefined ? undefined : context.longTexts.fill(text).toString();
      }),
    resolve: ({ query, variables, operationName }, given) =>
      within(given, async (contextValue) =>
        execute({
          ...{ schema: executable.schema, document: documentOf(query), contextValue },
          ...{ variableValues: variables, operationName },
        }),
      ),
    replaceAnswers: () => answers.clear(),
  };
}

function campaignsOf({ campaigns = [] }: ExecutorsOptions, clock: ManualClock): Campaigns {
  const list: CampaignList = { campaigns, sentAt: clock.epochMs(), source: 'wolkvox' };
  return { find: () => Promise.resolve(list), fresh: () => undefined };
}

/** Lets the event loop run some times. */
export async function iterations(count: number): Promise<void> {
  for (let iteration = 0; iteration < count; iteration += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts the iterations of the event loop until a promise is settled. */
export async function iterationsUntil(promise: Promise<unknown>): Promise<number> {
  const state = { isSettled: false };
  void promise.finally(() => (state.isSettled = true));
  let count = 0;
  for (; !state.isSettled; count += 1) await iterations(1);
  return count;
}

export const STATUS: ServiceStatus = {
  version: '1.0.0',
  circuit: 'half-open',
  queue: {
    ...{ waiting: 0, waitingByPriority: { next: 0, later: 0, background: 0 }, running: 0, concurrency: 2 },
    ...{ oldestWaitMs: 0, pausedForMs: 0 },
  },
  dailyQuota: {
    ...{ limit: 10_000, used: 7, usedByOthers: undefined, remaining: 9_993, resetsAt: 1_700_000_000_000 },
    ...{ projectedUse: undefined, isExhausted: false },
  },
  redis: { connection: 'up', slotsHeld: 0, slotsWaiting: 0 },
  cache: { entries: 0, bytes: 0 },
  clients: [
    { name: 'crm "á"', calls: 3, refusals: 0, operations: [{ name: 'FindPerson', calls: 3, refusals: 0 }] },
    { name: 'other', calls: 1, refusals: 2, operations: [] },
  ],
  recent: [],
};

/** Expects that both executors write the same JSON, and returns it. */
export async function expectSame(executors: Executors, request: Request): Promise<string> {
  const { data, errors } = await executors.resolve(request);
  expect(errors).toBeUndefined();
  const text = await executors.write(request);
  expect(text).toBe(JSON.stringify(data));
  return text ?? '';
}
