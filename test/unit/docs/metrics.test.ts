import { describe, expect, it } from 'vitest';
import { createLookupCache } from '../../../src/cache/lookup-cache.js';
import type { LookupOptions, LookupSource } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { differences, readProject, rowsOf, section, type Rows } from './tables.js';

const page = readProject('docs/metrics.md');
const errorsPage = readProject('docs/errors.md');
const namesIn = (heading: string): string[] => [...rowsOf(section(errorsPage, heading)).keys()];

/** The sets of values that docs/metrics.md names, and docs/errors.md lists. */
const NAMED_VALUES: Readonly<Record<string, readonly string[]>> = {
  '*lookup codes*': namesIn('## Errors of a lookup'),
  '*request codes*': namesIn('## Errors of a request'),
  '*call kinds*': namesIn('### Kinds that end a call'),
  '*lookup kinds*': namesIn('### Kinds that end a lookup without a result of a call'),
};
/** Labels whose values are not of a closed list. */
const OPEN_LABELS = [
  'status: an HTTP status',
  'command: a command of Redis',
  'client: a name of a client',
  'operation: a name of an operation',
];

const documented: Rows = new Map(
  [...rowsOf(page)].map(([name, [type = '', labels = '']]) => [name, [type, ...documentedLabels(labels)]]),
);

describe('docs/metrics.md', () => {
  it('has every metric with its type, its labels and their values, and no other', async () => {
    const text = await renderMetrics();
    const types = [...text.matchAll(/^# TYPE ((?!process_|nodejs_)\w+) (\w+)$/gm)];
    const actual: Rows = new Map(types.map(([, name = '', type = '']) => [name, [type, ...actualLabels(text, name)]]));
    expect(actual.size).toBeGreaterThan(20);
    expect(differences(documented, actual)).toEqual([]);
  });

  it('would not pass without a value of a label (defect 32)', async () => {
    const text = await renderMetrics();
    for (const name of [
      'graphql_errors_total',
      'wolkvox_answers_total',
      'wolkvox_calls_total',
      'wolkvox_refused_total',
    ]) {
      const actual: Rows = new Map([[name, ['counter', ...actualLabels(text, name)]]]);
      const row: Rows = new Map([[name, documented.get(name) ?? []]]);
      expect(differences(row, actual), name).toEqual([]);
      const [, first = ''] = row.get(name) ?? [];
      const changed: Rows = new Map([[name, (row.get(name) ?? []).with(1, first.replace(/, [^,]+$/, ''))]]);
      expect(differences(changed, actual), name).toHaveLength(1);
    }
  });

  it('has only sources of answers that the cache reports (defect 32)', async () => {
    const [, label] = documented.get('wolkvox_answers_total') ?? [];
    expect(label).toBe(`from: ${[...(await reportedSources())].sort().join(', ')}`);
  });

  it('shows only queries for metrics, labels and values that exist', async () => {
    const text = await renderMetrics();
    const queries = page.slice(page.indexOf('## What to watch'));
    const used = [...queries.matchAll(/\b((?:wolkvox|graphql)_\w+)(?:\{(\w+)=~?"([^"]+)"\})?/g)];
    expect(used.filter(([, , label]) => label !== undefined).length).toBeGreaterThan(8);
    for (const [, name = '', label, expected = ''] of used) {
      const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      if (name !== 'wolkvox_redis_refused_total') expect(lines, name).not.toEqual([]);
      if (label === undefined) continue;
      for (const value of expected.split('\\|')) {
        // A value may be a regular expression such as `UPSTREAM_.+`.
        expect(lines.join('\n'), name).toMatch(new RegExp(`\\b${label}="${value}"`));
      }
    }
  });
});

/** The metrics of a service that has just started. Every value of a closed list has a series. */
async function renderMetrics(): Promise<string> {
  const metrics = createMetrics();
  metrics.addGauges(() => ({
    queue: { waiting: 0, running: 0 },
    circuit: 'closed',
    quota: { used: 0, limit: undefined, isExhausted: false },
    cache: { entries: 0, bytes: 0 },
    redis: undefined,
  }));
  metrics.addCallers(() => []);
  metrics.observe({ event: 'redis.command-refused', command: 'get', reason: 'NOPERM' });
  return metrics.render();
}

/** The labels in a cell of the document, each with all its values in order. */
function documentedLabels(cell: string): string[] {
  if (cell === '') return [];
  return cell
    .replaceAll('`', '')
    .split('; ')
    .map((text) => {
      const [label = '', values = ''] = text.split(': ');
      if (OPEN_LABELS.includes(text)) return text;
      return describeLabel(
        label,
        values.split(', ').flatMap((value) => NAMED_VALUES[value] ?? [value]),
      );
    });
}

function actualLabels(text: string, name: string): string[] {
  const labels = new Map<string, string[]>();
  for (const [, sample = ''] of text.matchAll(new RegExp(`^${name}(?:_sum)?\\{(.*)\\} `, 'gm'))) {
    for (const [, label = '', value = ''] of sample.matchAll(/(\w+)="([^"]*)"/g)) {
      labels.set(label, [...(labels.get(label) ?? []), value]);
    }
  }
  return [...labels].map(
    ([label, values]) => OPEN_LABELS.find((open) => open.startsWith(`${label}: `)) ?? describeLabel(label, values),
  );
}

function describeLabel(label: string, values: readonly string[]): string {
  return `${label}: ${[...new Set(values)].sort().join(', ')}`;
}

/** The sources of answers that a real cache reports. */
async function reportedSources(): Promise<Set<string>> {
  const events: ServiceEvent[] = [];
  const clock = createClock();
  let fails = false;
  const upstream: LookupSource = {
    async find() {
      if (fails) throw new LookupFailure('server');
      return { records: [], sentAt: clock.epochMs(), source: 'wolkvox' };
    },
  };
  const cache = createLookupCache({
    freshness: { freshMs: 60_000, staleMs: 60_000 },
    staleAfterMs: 60_000,
    maxBytes: 1_000_000,
    searchesAllCampaigns: true,
    fingerprintsOf: () => [],
    sharedCache: {
      read: ({ campaignId }) =>
        Promise.resolve(
          campaignId === '3' ? { records: [], sentAt: clock.epochMs(), source: 'shared' as const } : undefined,
        ),
    },
    queue: { promote: () => true, demote: () => undefined },
    clock,
    observe: (event) => events.push(event),
  });
  const source = cache.layer(upstream);
  const options = (minSentAt: number): LookupOptions => ({
    operation: { startedAt: clock.epochMs() },
    deadline: Infinity,
    signal: new AbortController().signal,
    minSentAt,
    minStaleSentAt: 0,
    mergesCampaigns: false,
  });
  await source.find({ campaignId: '1' }, options(0));
  await source.find({ campaignId: '1' }, options(0));
  await Promise.all([source.find({ campaignId: '2' }, options(0)), source.find({ campaignId: '2' }, options(0))]);
  await source.find({ campaignId: '3' }, options(0));
  fails = true;
  await source.find({ campaignId: '1' }, options(Infinity));
  return new Set(events.flatMap((event) => (event.event === 'answer.served' ? [event.from] : [])));
}
