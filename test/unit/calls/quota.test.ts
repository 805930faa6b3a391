import { describe, expect, it } from 'vitest';
import { withQuota } from '../../../src/calls/quota.js';
import { FAILURES, LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import type { DailyQuota } from '../../../src/core/limits.js';
import {
  answeringSource,
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
} from '../../support/lookup-source.js';

const ANA = { phone: '3001112233' };
const DAY = '2026-11-23';
const clock = createManualClock();

interface RecordedQuota extends DailyQuota {
  readonly log: string[];
  isExhausted: boolean;
}

/** A quota that records what happens to it, in order. At first Wolkvox says that the day is used up. */
function createRecordedQuota(consume: () => Promise<string> = () => Promise.resolve(DAY)): RecordedQuota {
  const log: string[] = [];
  const quota: RecordedQuota = {
    log,
    isExhausted: true,
    consume() {
      log.push('consume');
      return consume();
    },
    giveBack: async (day) => void log.push(`give back ${day}`),
    async markExhausted(day) {
      log.push(`exhausted ${day}`);
      return 60_000;
    },
    markAccepted: async (day) => void log.push(`accepted ${day}`),
    sync: async () => void log.push('sync'),
    state: () => ({
      ...{ day: DAY, used: 0, limit: undefined, usedByOthers: undefined, resetsAt: 0 },
      isExhausted: quota.isExhausted,
    }),
  };
  return quota;
}

describe('A call', () => {
  it('is counted before it is sent', async () => {
    let grant: (day: string) => void = () => undefined;
    const quota = createRecordedQuota(() => new Promise((resolve) => (grant = resolve)));
    const source = createManualSource(clock);
    const found = withQuota(quota)(source).find(ANA, lookupOptions(clock));
    await settle();
    expect(quota.log).toEqual(['consume']);
    expect(source.calls).toHaveLength(0);
    grant(DAY);
    await settle();
    expect(source.calls).toHaveLength(1);
    await source.call(0).answer();
    await found;
    expect(quota.log).toEqual(['consume', `accepted ${DAY}`]);
  });

  it('shows that the day is not used up if it is a lookup, and nothing if it is another request', async () => {
    const quota = createRecordedQuota();
    const layer = withQuota(quota);
    await layer(answeringSource()).find(ANA, lookupOptions(clock));
    expect(quota.log).toEqual(['consume', `accepted ${DAY}`]);
    const figures = { find: () => Promise.resolve({ sentAt: 0, source: 'wolkvox' as const }) };
    await layer(figures).find('quota', lookupOptions(clock));
    expect(quota.log).toEqual(['consume', `accepted ${DAY}`, 'consume']);
  });

  it('shows nothing if it was sent before Wolkvox said that the day is used up', async () => {
    const quota = createRecordedQuota();
    quota.isExhausted = false;
    const source = createManualSource(clock);
    const found = withQuota(quota)(source).find(ANA, lookupOptions(clock));
    await settle();
    quota.isExhausted = true;
    await source.call(0).answer();
    await found;
    expect(quota.log).toEqual(['consume']);
  });

  it('is not sent if it cannot be counted', async () => {
    const quota = createRecordedQuota(() => Promise.reject(new LookupFailure('count-failed')));
    const source = createManualSource(clock);
    await expect(withQuota(quota)(source).find(ANA, lookupOptions(clock))).rejects.toMatchObject({
      kind: 'count-failed',
    });
    expect(source.calls).toHaveLength(0);
  });

  it('is taken back if its slot was lost while it was counted (defect 19)', async () => {
    const lost = new AbortController();
    const quota = createRecordedQuota(() => {
      lost.abort(new LookupFailure('lease-lost'));
      return Promise.resolve(DAY);
    });
    const source = createManualSource(clock);
    const found = withQuota(quota)(source).find(ANA, lookupOptions(clock, { signal: lost.signal }));
    await expect(found).rejects.toMatchObject({ kind: 'lease-lost' });
    expect(quota.log).toEqual(['consume', `give back ${DAY}`]);
    expect(source.calls).toHaveLength(0);
  });

  it('is taken back if no byte of it was sent, and after no other failure (defect 18)', async () => {
    for (const kind of Object.keys(FAILURES) as FailureKind[]) {
      const quota = createRecordedQuota();
      const failing = { find: () => Promise.reject(new LookupFailure(kind)) };
      await expect(withQuota(quota)(failing).find(ANA, lookupOptions(clock))).rejects.toMatchObject({ kind });
      const more: Partial<Record<FailureKind, string>> = {
        'not-connected': `give back ${DAY}`,
        quota: `exhausted ${DAY}`,
      };
      expect(quota.log).toEqual(['consume', ...[more[kind] ?? []].flat()]);
    }
  });

  it('that Wolkvox refuses because the day is used up tells when the next check is made', async () => {
    const facts = { httpStatus: 403, envelopeCode: 403 };
    const failing = { find: () => Promise.reject(new LookupFailure('quota', { facts, retryAfterSeconds: 1 })) };
    const found = withQuota(createRecordedQuota())(failing).find(ANA, lookupOptions(clock));
    await expect(found).rejects.toMatchObject({ kind: 'quota', retryAfterSeconds: 60, facts });
  });

  it('keeps its answer as it is', async () => {
    const options = lookupOptions(clock);
    const answer = await answeringSource().find(ANA, options);
    await expect(withQuota(createRecordedQuota())(answeringSource()).find(ANA, options)).resolves.toEqual(answer);
  });
});
