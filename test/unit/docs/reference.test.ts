import { describe, expect, it } from 'vitest';
import { createLookupCache } from '../../../src/cache/lookup-cache.js';
import { VARIABLE_NAMES, readConfig } from '../../../src/config.js';
import type { LookupOptions, LookupSource } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, LookupFailure, type FailureCode, type FailureKind } from '../../../src/core/failure.js';
import { PREFIX } from '../../../src/redis/options.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { differences, firstCells, readProject, readSources, rowsOf, section, type Rows } from './tables.js';

type EventOf<Name extends ServiceEvent['event']> = Extract<ServiceEvent, { readonly event: Name }>;
/** Lists every member of a union: the compiler refuses a list that lacks one. */
const allOf = <Name extends string>(names: Readonly<Record<Name, true>>): Name[] => Object.keys(names) as Name[];

const SOURCES = allOf<EventOf<'answer.served'>['from']>({
  memory: true,
  shared: true,
  flight: true,
  wolkvox: true,
  stale: true,
});
const CODES: ReadonlySet<string> = new Set<FailureCode>(Object.values(FAILURES).map(({ code }) => code));
const KINDS = Object.keys(FAILURES) as FailureKind[];
/** Kinds that the graph finds before or after its lookups. */
const GRAPH_KINDS: readonly FailureKind[] = ['bad-input', 'response-too-large'];
const isIgnored = (kind: FailureKind): boolean => FAILURES[kind].circuit === 'ignore';
const CALL_KINDS = KINDS.filter((kind) => !isIgnored(kind) || kind === 'lease-lost');
const LOOKUP_KINDS = KINDS.filter((kind) => !CALL_KINDS.includes(kind) && !GRAPH_KINDS.includes(kind));
/** The kinds of `lookup.refused` events: those that say nothing about Wolkvox. */
const REFUSED_KINDS = KINDS.filter((kind) => isIgnored(kind) && !GRAPH_KINDS.includes(kind));
const LOST_REASONS = allOf<EventOf<'slot.lost'>['reason']>({ taken: true, 'not-renewed': true });

describe('docs/configuration.md', () => {
  const rows = rowsOf(readProject('docs/configuration.md'));
  const variables: Rows = new Map(VARIABLE_NAMES.map((name) => [name, []]));

  it('has every variable that is read, and no other', () => {
    expect(variables.size).toBeGreaterThan(25);
    expect(differences(firstCells(rows, 0), variables)).toEqual([]);
    expect(differences(firstCells(new Map([...rows].slice(1)), 0), variables)).toHaveLength(1);
  });

  it('has the defaults of the code', () => {
    const defaults = [...rows].flatMap(([name, [value = '']]) => (/^[\w.:-]+$/.test(value) ? [[name, value]] : []));
    expect(defaults.length).toBeGreaterThan(15);
    for (const [name = '', value = ''] of defaults) {
      expect(readConfig({ [name]: value }), name).toEqual(readConfig({}));
    }
    expect(readConfig({ PORT: '4002' })).not.toEqual(readConfig({}));
  });
});

describe('docs/configuration.md, Redis', () => {
  const rights = /^~\S+ &\S+ (\+.*)$/m.exec(readProject('docs/configuration.md'))?.[0].split(' ') ?? [];

  it('lists the commands that the code sends, the prefix of the keys and no more', () => {
    const source = readSources('src/redis/');
    const sent = [
      ...source.matchAll(/redis\.p?call\('([A-Z]+)'/g),
      ...source.matchAll(/\.send\('([A-Z]+)'/g),
      ...source.matchAll(/'(EVAL)'/g),
      ...source.matchAll(/(?:client|subscriber)\.(publish|subscribe|ping|setrange)\(/g),
    ].map(([, command = '']) => `+${command.toLowerCase()}`);
    expect(sent.length).toBeGreaterThan(10);
    expect(new Set(rights)).toEqual(new Set([`~${PREFIX}*`, `&${PREFIX}*`, ...sent]));
    expect(rights).toContain('+eval');
  });
});

describe('.env.example', () => {
  const lines = readProject('.env.example').split('\n');
  const settings = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('='));

  it('has every variable that is read, and no other', () => {
    expect(settings.map(([name]) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('changes nothing', () => {
    const environment = Object.fromEntries(settings) as Record<string, string>;
    expect(readConfig(environment)).toEqual(readConfig({}));
    expect(readConfig({ ...environment, PORT: '4002' })).not.toEqual(readConfig({}));
  });
});

describe('docs/metrics.md', () => {
  const page = readProject('docs/metrics.md');
  const documented: Rows = new Map(
    [...rowsOf(page)].map(([name, [type = '', labels = '']]) => [name, [type, ...labelsIn(labels)]]),
  );

  it('has every metric with its type, its labels and their values, and no other', async () => {
    const metrics = await renderMetrics();
    expect(metrics.size).toBeGreaterThan(15);
    const actual: Rows = new Map(
      [...metrics].map(([name, { type, labels }]) => [name, [type, ...[...labels].map(describeLabel)]]),
    );
    expect(differences(documented, actual)).toEqual([]);
    for (const name of ['wolkvox_answers_total', 'wolkvox_slot_leases_lost_total', 'wolkvox_refused_total']) {
      const cells = documented.get(name) ?? [];
      const changed = cells.with(-1, cells.at(-1)?.replace(/, [^,]+$/, '') ?? '');
      expect(differences(new Map([...documented, [name, changed]]), actual), name).toHaveLength(1);
    }
  });

  it('has only sources of answers that the cache reports', async () => {
    expect(await reportedSources()).toEqual(new Set(SOURCES));
  });

  it('shows only queries for metrics, labels and values that exist', async () => {
    const metrics = await renderMetrics();
    const queries = section(page, '## What to watch').matchAll(/(wolkvox_\w+)(?:\{(\w+)=~?"([^"]+)"\})?/g);
    const used = [...queries].map(([, name = '', label, values = '']) => ({
      name,
      label,
      values: values.split('\\|'),
    }));
    expect(used.filter(({ label }) => label !== undefined).length).toBeGreaterThan(3);
    for (const { name, label, values } of used) {
      expect([...metrics.keys()]).toContain(name);
      if (label !== undefined)
        expect(metrics.get(name)?.labels.get(label) ?? []).toEqual(expect.arrayContaining(values));
    }
  });
});

interface Metric {
  readonly type: string;
  /** The values of each label. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** The metrics of this service after every event, with every value that its labels can have. */
async function renderMetrics(): Promise<ReadonlyMap<string, Metric>> {
  const metrics = createMetrics();
  metrics.addGauges(() => ({
    queue: { waiting: 0, running: 0 },
    circuit: 'closed',
    quota: { used: 0, limit: undefined, isExhausted: false },
    cache: { entries: 0, bytes: 0 },
    redis: undefined,
  }));
  for (const from of SOURCES) {
    metrics.observe(
      from === 'stale' ? { event: 'answer.served', from, reason: 'slow' } : { event: 'answer.served', from },
    );
  }
  for (const reason of LOST_REASONS) metrics.observe({ event: 'slot.lost', reason });
  metrics.observe({ event: 'call.answered', ms: 1, records: 1 });
  for (const reason of CALL_KINDS) {
    metrics.observe({ event: 'call.failed', code: FAILURES[reason].code, reason, ms: 1 });
    metrics.observe({ event: 'call.retried', reason, delayMs: 1 });
  }
  for (const reason of REFUSED_KINDS) {
    metrics.observe({ event: 'lookup.refused', code: FAILURES[reason].code, reason });
  }
  metrics.observe({ event: 'redis.command-refused', command: 'get', reason: 'NOPERM' });
  metrics.countResponse(200, 1);
  const text = await metrics.render();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].filter(
    ([, name = '']) => !/^(process|nodejs)_/.test(name),
  );
  return new Map(types.map(([, name = '', type = '']) => [name, { type, labels: readLabels(text, name) }]));
}

function readLabels(text: string, name: string): Map<string, string[]> {
  const labels = new Map<string, string[]>();
  for (const [, sample = ''] of text.matchAll(new RegExp(`^${name}(?:_sum)?\\{(.*)\\} `, 'gm'))) {
    for (const [, label = '', value = ''] of sample.matchAll(/(\w+)="([^"]*)"/g)) {
      labels.set(label, [...new Set([...(labels.get(label) ?? []), value])]);
    }
  }
  return labels;
}

/** The labels in a cell of the document, with their values in order. */
function labelsIn(cell: string): string[] {
  return cell === '' ? [] : cell.split('; ').map((label) => sortValues(label.replaceAll('`', '')));
}

/** A label as the document writes it: sets of values that another page lists have a name. */
function describeLabel([label, values]: readonly [string, readonly string[]]): string {
  if (label === 'status') return 'status: an HTTP status';
  if (label === 'command') return 'command: a command of Redis';
  const named: [string, readonly string[]][] = [
    ['*codes*', values.filter((value) => CODES.has(value))],
    ['*call kinds*', CALL_KINDS],
    ['*lookup kinds*', LOOKUP_KINDS],
  ];
  const [name, members] = named.find(([, all]) => all.length > 0 && all.every((value) => values.includes(value))) ?? [
    '',
    [],
  ];
  return sortValues(
    `${label}: ${[name, ...values.filter((value) => !members.includes(value))].filter(Boolean).join(', ')}`,
  );
}

function sortValues(label: string): string {
  const [name = '', values = ''] = label.split(': ');
  return `${name}: ${values.split(', ').sort().join(', ')}`;
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
  });
  await source.find({ campaignId: '1' }, options(0));
  await source.find({ campaignId: '1' }, options(0));
  await Promise.all([source.find({ campaignId: '2' }, options(0)), source.find({ campaignId: '2' }, options(0))]);
  await source.find({ campaignId: '3' }, options(0));
  fails = true;
  await source.find({ campaignId: '1' }, options(Infinity));
  return new Set(events.flatMap((event) => (event.event === 'answer.served' ? [event.from] : [])));
}

describe('docs/decisions/0003-dependencies.md', () => {
  const page = readProject('docs/decisions/0003-dependencies.md');
  const { dependencies, devDependencies } = JSON.parse(readProject('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;

  it.each([
    ['### At run time', dependencies],
    ['### For development and tests', devDependencies],
  ])('gives a reason for every package, and for no other: %s', (heading, packages) => {
    const rows = rowsOf(section(page, heading));
    const actual: Rows = new Map(Object.keys(packages).map((name) => [name, []]));
    expect(differences(firstCells(rows, 0), actual)).toEqual([]);
    expect(differences(firstCells(new Map([...rows].slice(1)), 0), actual)).toHaveLength(1);
    for (const [name, [reason = '']] of rows) expect(reason.length, name).toBeGreaterThan(10);
  });

  it('says that versions are exact, and they are', () => {
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(20);
    for (const [name, version] of versions) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
