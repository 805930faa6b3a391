import { stringify } from 'yaml';
import type { Scrape } from '../../support/promql.js';
import { readRules } from './alerts.js';

/** What `/metrics` showed before, in and after an outage. */
export interface RecordedOutage {
  readonly name: string;
  /** The alerts that fire in the outage, and no others do. */
  readonly alerts: readonly string[];
  /** Two scrapes in normal work. */
  readonly before: readonly [Scrape, Scrape];
  readonly during: Scrape;
  /** The first and the last scrape after the outage; undefined: it cannot end within a test. */
  readonly after: readonly [Scrape, Scrape] | undefined;
}

const HEADER = `# Recorded outages: what /metrics showed before, in and after each of them. test/system/alarms.test.ts starts them.
# Run: promtool test rules deploy/prometheus/rules.test.yml
# Record again: RECORD_OUTAGES=deploy/prometheus/rules.test.yml npx vitest run test/system/alarms.test.ts
`;
/** Minutes for which the values of a scrape stay. They are longer than the five minutes of the queries. */
const BEFORE = 9;
const DURING = 5;
const AFTER = 19;

/**
 * Turns recorded outages into a test file of promtool. Prometheus scrapes once a minute. It sees normal work for ten
 * minutes, the outage for five minutes, and normal work again.
 *
 * @param rulesFile the path from the test file to the rules
 */
export function toRuleTests(outages: readonly RecordedOutage[], rulesFile: string): string {
  const tests = outages.map((outage) => ({
    name: outage.name,
    interval: '1m',
    input_series: toSeries(outage),
    promql_expr_test: [
      expectFiring(BEFORE, []),
      expectFiring(BEFORE + 3, outage.alerts),
      ...(outage.after === undefined ? [] : [expectFiring(BEFORE + DURING + AFTER, [])]),
    ],
  }));
  const file = { rule_files: [rulesFile], evaluation_interval: '1m', tests };
  return HEADER + stringify(file, { lineWidth: 0, singleQuote: true });
}

function expectFiring(minute: number, alerts: readonly string[]): object {
  return {
    expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${minute}m`,
    exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
  };
}

/** The series that the rules read. Those that are 0 or NaN all the time change no rule, and are left out. */
function toSeries({ before, during, after }: RecordedOutage): object[] {
  const expressions = readRules().map(({ expr }) => expr);
  const used = new Set(expressions.flatMap((expr) => expr.match(/\b(?:wolkvox|graphql)_\w+/g) ?? []));
  const scrapes = [...before, during, ...(after ?? [])];
  const names = new Set(scrapes.flatMap(({ samples }) => samples.filter(({ name }) => used.has(name)).map(toName)));
  return [...names]
    .map((name) => ({ name, values: scrapes.map((scrape) => valueIn(scrape, name)) }))
    .filter(({ values }) => values.some((value) => value !== 0 && !Number.isNaN(value)))
    .map(({ name, values: [first = 0, second = 0, inOutage = 0, ...later] }) => {
      const [begin, end = begin] = later;
      const rest = begin === undefined ? [] : [`${begin}`, `${end}+0x${AFTER}`];
      return {
        series: name,
        values: [`${first}`, `${second}+0x${BEFORE - 1}`, `${inOutage}+0x${DURING}`, ...rest].join(' '),
      };
    });
}

type Sample = Scrape['samples'][number];

function toName({ name, labels }: Sample): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

/** 0 if the scrape has no such series: it is a counter that begins later. */
function valueIn({ samples }: Scrape, series: string): number {
  return samples.find((sample) => toName(sample) === series)?.value ?? 0;
}
