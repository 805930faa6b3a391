import { Readable } from 'node:stream';
import v8 from 'node:v8';
import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../src/core/failure.js';
import { matches, type Lookup } from '../../src/core/lookup.js';
import { createRecordIds } from '../../src/graphql/record-ids.js';
import { createSchema } from '../../src/graphql/schema.js';
import { NO_LABELS } from '../../src/labels/opt-labels.js';
import type { ServiceStatus } from '../../src/core/status.js';
import { readAnswer } from '../../src/wolkvox/answer.js';
import { createMovableClock } from '../support/clock.js';
import type { GraphResponse } from '../support/graphql-client.js';
import { startService } from '../support/service.js';
import { OPTIONS } from '../support/wolkvox-responses.js';
import { mutatedAnswers, type MutatedAnswer } from './fuzz-answers.js';
import { requestsOver } from './fuzz-operations.js';

/** `npm run fuzz` runs it in full. */
const IS_FULL = process.env['FUZZ'] === 'full';
const OPERATIONS = IS_FULL ? 10_000 : 400;
const ANSWERS = IS_FULL ? 100_000 : 3_000;
const SEED = 20_261_123;
const TIMEOUT_MS = IS_FULL ? 1_200_000 : 120_000;
/** The heap may grow by the caches within their bounds. */
const MAX_HEAP_GROWTH_MB = 150;
const HOUR_MS = 3_600_000;

const CODES = [
  ...['BAD_USER_INPUT', 'BAD_REQUEST', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'],
  ...['OPERATION_RESOLUTION_FAILURE', 'TOO_MANY_LOOKUPS', 'RESULT_TOO_LARGE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_BUSY'],
  ...['UPSTREAM_QUOTA_EXHAUSTED', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_REFUSED', 'UPSTREAM_MALFORMED'],
];

describe('generated operations', () => {
  it(
    'are all answered without HTTP 5xx, whatever Wolkvox answers',
    async () => {
      const clock = createMovableClock();
      const { url, simulator, lines, ask } = await startService({
        clock,
        env: {
          ...{ LOOKUPS_PER_OPERATION: '5', WOLKVOX_TIMEOUT_MS: '500', REQUEST_DEADLINE_MS: '2000' },
          ...{ CACHE_MAX_MB: '5', LOG_LEVEL: 'warn' },
        },
        probeDelays: { firstMs: 1, maxMs: 1, tokenMs: 1 },
      });
      let mutated: MutatedAnswer | undefined;
      simulator.respondWith(() => mutated);
      const { schema } = createSchema({
        ids: createRecordIds(['a secret of the fuzzer']),
        labels: NO_LABELS,
        readStatus: () => ({}) as ServiceStatus,
      });
      const statuses = new Map<number, number>();
      const codes = new Map<unknown, number>();
      const heapBefore = heapMb();
      await fc.assert(
        fc.asyncProperty(
          requestsOver(schema),
          fc.option(mutatedAnswers, { freq: 3, nil: undefined }),
          async (request, answer) => {
            mutated = answer;
            // Pauses are over, and a day that Wolkvox called used up is checked again.
            clock.advance(HOUR_MS);
            const response = await fetch(`${url}/graphql`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(request),
              signal: AbortSignal.timeout(30_000),
            });
            const { errors = [] } = (await response.json()) as Partial<GraphResponse>;
            count(statuses, response.status);
            expect(response.status).toBeLessThan(500);
            for (const { extensions } of errors) {
              count(codes, extensions['code']);
              expect(CODES).toContain(extensions['code']);
            }
          },
        ),
        { numRuns: OPERATIONS, seed: SEED },
      );
      expect(lines.join('')).not.toContain('service.bug');
      expect(statuses.get(200)).toBeGreaterThan(OPERATIONS / 4);
      for (const code of ['GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'UPSTREAM_MALFORMED']) {
        expect(codes.get(code), code).toBeGreaterThan(0);
      }
      expect(heapMb() - heapBefore).toBeLessThan(MAX_HEAP_GROWTH_MB);
      mutated = undefined;
      clock.advance(HOUR_MS);
      await expect
        .poll(async () => (await ask('{ findCampaignRecords(phone: "3064821975", maxAge: 0) { id } }')).errors)
        .toEqual([]);
      expect(simulator.requestLog.mostAtOnce).toBeLessThanOrEqual(2);
    },
    TIMEOUT_MS,
  );
});

describe('mutated answers of Wolkvox', () => {
  it(
    'are read as records that match the lookup, or as a failure with a kind',
    async () => {
      const outcomes = new Map<string, number>();
      const lookups: Lookup[] = [{ campaignId: '1234' }, { phone: '3005550101' }, { customerId: '52000111' }];
      const heapBefore = heapMb();
      await fc.assert(
        fc.asyncProperty(mutatedAnswers, fc.constantFrom(...lookups), async ({ status, headers, body }, lookup) => {
          const stream = Readable.from([body], { objectMode: false });
          try {
            const records = await readAnswer({ statusCode: status, headers, body: stream }, { ...OPTIONS, lookup });
            count(outcomes, records.length === 0 ? 'no records' : 'records');
            for (const record of records) expect(matches(record, lookup)).toBe(true);
          } catch (error) {
            if (!(error instanceof LookupFailure)) throw error;
            count(outcomes, error.kind);
          }
          expect(stream.destroyed).toBe(true);
        }),
        { numRuns: ANSWERS, seed: SEED },
      );
      for (const outcome of ['records', 'no records', 'malformed', 'server', 'quota', 'token', 'maintenance']) {
        expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
      }
      expect(heapMb() - heapBefore).toBeLessThan(MAX_HEAP_GROWTH_MB);
    },
    TIMEOUT_MS,
  );
});

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The size of the heap after a garbage collection. */
function heapMb(): number {
  v8.setFlagsFromString('--expose-gc');
  const collectGarbage = vm.runInNewContext('gc') as () => void;
  collectGarbage();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}
