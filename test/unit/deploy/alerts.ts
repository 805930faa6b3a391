import { parse } from 'yaml';
import { readProject, section } from '../docs/tables.js';

/** An alert of `deploy/prometheus/rules.yml`. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export function readRules(): readonly AlertRule[] {
  const { groups } = parse(readProject('deploy/prometheus/rules.yml')) as {
    readonly groups: readonly { readonly rules: readonly AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The alarms of docs/metrics.md, and their queries. */
export function readAlarms(): ReadonlyMap<string, string> {
  const watched = section(readProject('docs/metrics.md'), '## What to watch');
  return new Map(
    [...watched.matchAll(/^\| ([^|`]+) \| `([^`]+)` \|/gm)].map(([, alarm = '', query = '']) => [
      alarm,
      query.replaceAll('\\|', '|'),
    ]),
  );
}

/** The name of the alert for an alarm of docs/metrics.md: the alert with the same query. */
export function alertFor(alarm: string): string {
  const query = readAlarms().get(alarm);
  const rule = readRules().find(({ expr }) => expr === query);
  if (rule === undefined) throw new Error(`The alarm "${alarm}" has no alert in deploy/prometheus/rules.yml.`);
  return rule.alert;
}
