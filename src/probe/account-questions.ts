import { count, describe, needsNothing, skipped } from './finding.js';
import type { Finding, ProbeContext, Question, ServiceSettings, SettingChange } from './finding.js';
import { nobodyLookup } from './person.js';

export const TOKEN: Question = {
  id: 'token',
  question: 'Does Wolkvox accept the token?',
  assumed: 'yes',
  where: 'src/wolkvox/request.ts',
  calls: () => 1,
  missing: needsNothing,
  async ask(context) {
    const { calls } = context;
    const figures = await calls.figures('first');
    if (figures.outcome === 'answered') return { verdict: 'as assumed', known: 'yes' };
    // The request for the figures may be the problem. The next question sends this lookup anyway.
    const lookup = await calls.find(nobodyLookup(context));
    if (lookup.outcome === 'answered') return { verdict: 'as assumed', known: 'yes' };
    // Neither request is accepted: the address is most likely not that of the API.
    if (lookup.failure.kind === 'request') throw lookup.failure;
    return { verdict: 'unclear', known: `Wolkvox answered, but not as expected. ${describe(lookup.failure)}` };
  },
};

export const FIGURES: Question = {
  id: 'figures',
  question: "Does Wolkvox name the account's limit and its calls of the day?",
  assumed: 'yes; its limit holds if WOLKVOX_DAILY_LIMIT is not set',
  where: 'src/wolkvox/token-info.ts',
  calls: () => 1,
  missing: needsNothing,
  ask: askFigures,
};

async function askFigures({ calls, settings }: ProbeContext): Promise<Finding> {
  const first = await calls.figures('first');
  if (first.outcome === 'failed') return unreadable(describe(first.failure), settings);
  const { limit, used } = first.figures;
  // The same request at once again: the difference is what such a request costs.
  if (used !== undefined) await calls.figures('second');
  if (limit === undefined && used === undefined) return unreadable('no: neither of them is a number', settings);
  if (limit === undefined) {
    return { verdict: 'different', known: 'only the calls of the day, no limit', settings: limitToSet(settings) };
  }
  const known = `a limit of ${count(limit, 'call')} a day; ${used === undefined ? 'no calls of the day' : `${used} used`}`;
  if (settings.dailyLimit === undefined || settings.dailyLimit <= limit) {
    return { verdict: used === undefined ? 'different' : 'as assumed', known };
  }
  const reason = 'The configured limit is higher than that of the account.';
  return { verdict: 'different', known, settings: [{ name: LIMIT, value: String(limit), reason }] };
}

const LIMIT = 'WOLKVOX_DAILY_LIMIT';

function unreadable(known: string, settings: ServiceSettings): Finding {
  const reason = 'The figures cannot be read, so each request for them wastes a call.';
  const noSync = { name: 'WOLKVOX_QUOTA_SYNC_MINUTES', value: '0', reason };
  const changes = [...limitToSet(settings), ...(settings.quotaSyncMs === 0 ? [] : [noSync])];
  return { verdict: 'different', known, settings: changes };
}

function limitToSet({ dailyLimit }: ServiceSettings): SettingChange[] {
  if (dailyLimit !== undefined) return [];
  return [{ name: LIMIT, value: null, reason: 'Wolkvox names no limit. Set it to the number of licences × 1,000.' }];
}

/** The last question: the figures at the end show what all calls cost. */
export const COST: Question = {
  id: 'cost',
  question: 'Does every call count once, a request for the figures too?',
  assumed: 'yes',
  where: 'src/calls/quota.ts',
  calls: () => 1,
  missing: needsNothing,
  ask: askCost,
};

async function askCost({ calls }: ProbeContext): Promise<Finding> {
  const first = await calls.figures('first');
  const before = first.outcome === 'answered' ? first.figures.used : undefined;
  if (before === undefined) return skipped('Wolkvox names no calls of the day.');
  const second = await calls.figures('second');
  const last = await calls.figures('last');
  const between = second.outcome === 'answered' ? second.figures.used : undefined;
  const after = last.outcome === 'answered' ? last.figures.used : undefined;
  if (between === undefined || after === undefined) {
    return { verdict: 'unclear', known: 'Wolkvox did not name the calls of the day each time.' };
  }
  const [costOfFigures, rest] = [between - before, after - between];
  const lookups = calls.results().length;
  if (costOfFigures === 1 && rest === lookups + 1) {
    return { verdict: 'as assumed', known: 'yes: a request for the figures counts once, and so does each lookup' };
  }
  if (costOfFigures === 0 && rest === lookups) {
    return {
      verdict: 'different',
      known:
        'A request for the figures does not count, each lookup counts once. ' +
        "The service counts one call too many for each request until the next one brings Wolkvox's count.",
    };
  }
  return {
    verdict: 'unclear',
    known:
      `One request for the figures added ${costOfFigures}, then ${count(lookups, 'lookup')} and one request added ` +
      `${rest}. Other programs use the account, or the figures come late. Repeat the probe while nothing else runs.`,
  };
}

export const LATENCY: Question = {
  id: 'latency',
  question: 'How long does a lookup take?',
  assumed: 'less than STALE_AFTER_MS as a rule, and at most WOLKVOX_TIMEOUT_MS',
  where: 'src/cache/lookup-cache.ts, src/wolkvox/client.ts',
  calls: () => 0,
  missing: needsNothing,
  ask: askLatency,
};

/** The durations of the lookups that were answered, in milliseconds; undefined: there are none. */
export function summarize(
  durationsMs: readonly number[],
):
  | { readonly lookups: number; readonly fastest: number; readonly median: number; readonly slowest: number }
  | undefined {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const [fastest] = sorted;
  const median = sorted[Math.floor(sorted.length / 2)];
  const slowest = sorted.at(-1);
  if (fastest === undefined || median === undefined || slowest === undefined) return undefined;
  return { lookups: sorted.length, fastest, median, slowest };
}

async function askLatency({ calls, settings }: ProbeContext): Promise<Finding> {
  const summary = summarize(calls.durationsMs());
  if (summary === undefined) return skipped('No lookup was answered.');
  const { lookups, fastest, median, slowest } = summary;
  const known = `${fastest} to ${slowest} ms, median ${median} ms (${count(lookups, 'lookup')})`;
  if (median < settings.staleAfterMs) return { verdict: 'as assumed', known };
  const reason = 'Most calls take longer, so callers would get stale answers although Wolkvox works.';
  const value = String(Math.ceil(slowest / 1_000) * 1_000);
  return { verdict: 'different', known, settings: [{ name: 'STALE_AFTER_MS', value, reason }] };
}
