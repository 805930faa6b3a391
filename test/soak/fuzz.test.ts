import { Readable } from 'node:stream';
import v8 from 'node:v8';
import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordIds } from '../../src/graphql/record-id.js';
import { createSchema } from '../../src/graphql/schema.js';
import { matches, type Lookup } from '../../src/records/lookup.js';
import { WolkvoxFailure } from '../../src/wolkvox/failure.js';
import { readAnswer } from '../../src/wolkvox/wire.js';
import { startService, type GraphResponse } from '../support/service.js';
import { OPTIONS } from '../support/wolkvox-responses.js';
import { mutatedAnswers, type MutatedAnswer } from './fuzz-answers.js';
import { requestsOver } from './fuzz-operations.js';

/** `npm run fuzz` runs it in full; a run among the other tests is short. */
const IS_FULL = process.env['FUZZ'] === 'full';
const OPERATIONS = IS_FULL ? 10_000 : 400;
const ANSWERS = IS_FULL ? 100_000 : 3_000;
const SEED = 20_261_123;
const TIMEOUT_MS = IS_FULL ? 1_200_000 : 60_000;
/** What may stay on the heap after everything: caches at their bounds, no more. */
const HEAP_MB = 150;

const CODES = new Set([
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_BUSY',
  'UPSTREAM_QUOTA_EXHAUSTED',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_REFUSED',
  'UPSTREAM_MALFORMED',
  'TOO_MANY_LOOKUPS',
  'RESULT_TOO_LARGE',
]);

describe('Generated operations', () => {
  it(
    `(${OPERATIONS}) over a Wolkvox that answers well, badly and not are all answered, none with a 5xx`,
    async () => {
      // An hour passes before each sound answer: a bad one may say that the day is used up, which is put to the test once an hour.
      let hours = 0;
      const { url, simulator, lines, ask } = await startService({
        now: () => Date.now() + hours * 3_601_000,
        env: {
          LOOKUPS_PER_OPERATION: '5',
          WOLKVOX_TIMEOUT_MS: '500',
          REQUEST_DEADLINE_MS: '2000',
          CACHE_MAX_MB: '5',
          LOG_LEVEL: 'warn',
        },
        probes: { firstMs: 1, lastMs: 1, tokenMs: 1 },
      });
      let spoilt: MutatedAnswer | undefined;
      simulator.respondWith(() => spoilt);
      const schema = createSchema(createRecordIds('a secret of the fuzzer'));
      const statuses = new Map<number, number>();
      const seen = new Map<unknown, number>();
      const before = heapMb();
      await fc.assert(
        fc.asyncProperty(
          requestsOver(schema),
          fc.option(mutatedAnswers, { freq: 3, nil: undefined }),
          async (request, answer) => {
            spoilt = answer;
            if (answer === undefined) hours += 1;
            const response = await fetch(`${url}/graphql`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(request),
              signal: AbortSignal.timeout(10_000),
            });
            const { errors = [] } = (await response.json()) as Partial<GraphResponse>;
            count(statuses, response.status);
            expect(response.status).toBeLessThan(500);
            for (const { extensions } of errors) {
              count(seen, extensions['code']);
              expect(CODES).toContain(extensions['code']);
            }
          },
        ),
        { numRuns: OPERATIONS, seed: SEED },
      );
      const grown = heapMb() - before;
      console.log(`${OPERATIONS} operations: HTTP ${write(statuses)}; ${write(seen)}; ${grown} MB more on the heap`);
      expect(lines.join('')).not.toContain('unexpected error');
      expect(statuses.get(200)).toBeGreaterThan(OPERATIONS / 4);
      expect(grown).toBeLessThan(HEAP_MB);
      spoilt = undefined;
      hours += 1;
      await expect
        .poll(async () => (await ask('{ findCampaignRecords(phone: "3064821975", maxAge: 0) { id } }')).errors)
        .toEqual([]);
      expect(simulator.witness.mostAtOnce).toBeLessThanOrEqual(2);
    },
    TIMEOUT_MS,
  );
});

describe('Mutated answers of Wolkvox', () => {
  it(
    `(${ANSWERS}) are records that were asked for, or a classified failure`,
    async () => {
      const outcomes = new Map<string, number>();
      const before = heapMb();
      const lookups: Lookup[] = [{ campaignId: '1234' }, { phone: '3005550101' }, { customerId: '52000111' }];
      await fc.assert(
        fc.asyncProperty(mutatedAnswers, fc.constantFrom(...lookups), async ({ status, headers, body }, lookup) => {
          const stream = Readable.from([body], { objectMode: false });
          try {
            const records = await readAnswer({ statusCode: status, headers, body: stream }, { ...OPTIONS, lookup });
            count(outcomes, records.length === 0 ? 'nobody' : 'records');
            // A row without a campaign stands in the one that was asked for.
            for (const record of records) expect(matches(record, lookup)).toBe(true);
          } catch (error) {
            if (!(error instanceof WolkvoxFailure)) throw error;
            count(outcomes, error.kind);
          }
          expect(stream.destroyed).toBe(true);
        }),
        { numRuns: ANSWERS, seed: SEED },
      );
      const grown = heapMb() - before;
      console.log(`${ANSWERS} answers: ${write(outcomes)}; ${grown} MB more on the heap`);
      for (const outcome of ['records', 'nobody', 'malformed', 'server', 'quota', 'token', 'maintenance']) {
        expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
      }
      expect(grown).toBeLessThan(HEAP_MB);
    },
    TIMEOUT_MS,
  );
});

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function write(counts: Map<unknown, number>): string {
  return [...counts].map(([key, number]) => `${String(key)} ${number}`).join(', ');
}

/** What is on the heap after it was swept. */
function heapMb(): number {
  v8.setFlagsFromString('--expose-gc');
  const sweep = vm.runInNewContext('gc') as () => void;
  sweep();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}
