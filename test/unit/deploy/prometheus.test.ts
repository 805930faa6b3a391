import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { readProject } from '../docs/tables.js';
import { readAlarms, readRules } from './alerts.js';
import { promtool } from './promtool.js';
import { sectionsOf } from './runbook.js';

const rules = readRules();

describe('deploy/prometheus/rules.yml', () => {
  it('has an alert for each alarm of docs/metrics.md with the same query, and no other', () => {
    const actual = new Map(rules.map(({ annotations, expr }) => [annotations['summary']?.toLowerCase(), expr]));
    const documented = new Map([...readAlarms()].map(([alarm, query]) => [alarm.toLowerCase(), query]));
    expect(documented.size).toBeGreaterThan(15);
    expect(actual).toEqual(documented);
    expect(actual.size).toBe(rules.length);
  });

  it('has a severity, a delay and a section of the runbook for each alert', () => {
    for (const { alert, for: delay, labels, annotations } of rules) {
      expect(delay, alert).toBe('1m');
      expect(labels['severity'], alert).toMatch(/^(?:critical|warning)$/);
      expect(annotations['description'], alert).toMatch(/^[A-Z].+\.$/);
      expect(annotations['runbook_url'], alert).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
    expect(sectionsOf('## Alerts')).toEqual(rules.map(({ alert }) => alert));
  });

  it('is accepted by promtool', () => {
    const { status, output } = promtool(['check', 'rules', 'deploy/prometheus/rules.yml']);
    expect(output).toContain(`SUCCESS: ${rules.length} rules found`);
    expect(status).toBe(0);
  });

  it('fires in each recorded outage the alerts of that outage, and no other', () => {
    const { status, output } = promtool(['test', 'rules', 'deploy/prometheus/rules.test.yml']);
    expect(output).toContain('SUCCESS');
    expect(status).toBe(0);
    // Every alert fires in one of them.
    const recorded = readProject('deploy/prometheus/rules.test.yml');
    for (const { alert } of rules) expect(recorded).toContain(`alertname="${alert}"`);
  });

  it('would not pass with another threshold', () => {
    const folder = temporaryFolder('rules-');
    const changed = readProject('deploy/prometheus/rules.yml').replace(
      'max(wolkvox_circuit_open) == 1',
      'max(wolkvox_circuit_open) == 2',
    );
    writeFileSync(path.join(folder, 'rules.yml'), changed);
    writeFileSync(path.join(folder, 'rules.test.yml'), readProject('deploy/prometheus/rules.test.yml'));
    const { status, output } = promtool(['test', 'rules', path.join(folder, 'rules.test.yml')]);
    expect(output).toContain('FAILED');
    expect(status).toBe(1);
  });
});

describe('deploy/prometheus/prometheus.yml', () => {
  it('is accepted by promtool', () => {
    expect(promtool(['check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml'])).toMatchObject({
      status: 0,
    });
  });
});
