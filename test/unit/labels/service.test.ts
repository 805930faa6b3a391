import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/config/problems.js';
import { OPT_NAMES } from '../../../src/core/opt-labels.js';
import { parseLabels, type LabelTable } from '../../../src/labels/label-file.js';
import { createService } from '../../../src/service.js';
import { EXAMPLE_RECORDS } from '../../../src/simulator/example-people.js';
import { CAMPAIGNS, LARGE_CAMPAIGN, generateRecords } from '../../../src/simulator/people.js';
import type { WireRecord } from '../../../src/simulator/columns.js';
import { createLog } from '../../../src/telemetry/log.js';
import { askGraph } from '../../support/graphql-client.js';
import { logLines, startService } from '../../support/service.js';
import { eventually } from '../../support/simulator-client.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const EXAMPLE = new URL('../../../examples/campaigns.json', import.meta.url);

function createFile(content: object): string {
  const file = path.join(temporaryFolder('labels-'), 'campaigns.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const QUERY = '{ findCampaignRecords(customerId: "21839174", campaignId: "7203") { opt(name: "opt2") { label } } }';

/** The label of opt2 in campaign 7203, of a service over the built-in simulator. */
async function labelOverBuiltInSimulator(env: Record<string, string>): Promise<unknown> {
  const service = createService(readConfig({ PORT: '0', ...env }), {
    log: createLog({ level: 'silent', secrets: [] }),
  });
  onTestFinished(() => service.stop());
  const { url } = await service.start();
  const { data } = await askGraph(`${url}/graphql`, QUERY);
  return data;
}

const labelled = (label: string | null): object => ({ findCampaignRecords: [{ opt: { label } }] });

describe('The start with CAMPAIGNS_FILE', () => {
  it('fails with one message that names every problem of the file, and no value', async () => {
    const file = createFile({ default: { opt1: { label: ' Saldo de María', type: 'EUROS' } }, campaigns: { x: {} } });
    const error: unknown = await startService({ env: { CAMPAIGNS_FILE: file } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message.split('\n')).toEqual([
      'The configuration is wrong. Correct these environment variables:',
      expect.stringMatching(/^ {2}- CAMPAIGNS_FILE: default\.opt1\.label: expected .*\.$/),
      '  - CAMPAIGNS_FILE: default.opt1.type: expected one of TEXT, NUMBER, DATE, BOOLEAN, MONEY.',
      expect.stringMatching(/^ {2}- CAMPAIGNS_FILE: campaigns\.x: expected a campaign id .*\.$/),
    ]);
    expect((error as ConfigError).message).not.toMatch(/María|EUROS/);
  });

  it('fails if there is no such file', async () => {
    const CAMPAIGNS_FILE = path.join(temporaryFolder('labels-'), 'none.json');
    await expect(startService({ env: { CAMPAIGNS_FILE } })).rejects.toThrow(
      /^The configuration is wrong\.[^]*- CAMPAIGNS_FILE: the file cannot be read \(ENOENT\)\.$/,
    );
  });

  it('loads the file, refuses a wrong version with a warning, and loads the next right one', async () => {
    const file = createFile({ campaigns: { '4821': {}, '7203': {} } });
    const service = await startService({ env: { CAMPAIGNS_FILE: file } });
    expect(logLines(service, 'labels.loaded')).toMatchObject([{ level: 'info', campaigns: 2 }]);
    writeFileSync(file, '{"campaigns":{"4821":{"opt1":0}}}');
    await eventually(() => logLines(service, 'labels.rejected')).toMatchObject([
      { level: 'warn', problems: ['campaigns.4821.opt1: expected an object.'] },
    ]);
    writeFileSync(file, '{"campaigns":{"4821":{}}}');
    await eventually(() => logLines(service, 'labels.loaded')).toMatchObject([{ campaigns: 2 }, { campaigns: 1 }]);
  });
});

describe('The labels without CAMPAIGNS_FILE', () => {
  it('are those of the example file over the built-in simulator, and there are none over an account', async () => {
    expect(await labelOverBuiltInSimulator({})).toEqual(labelled('Saldo'));
    const CAMPAIGNS_FILE = createFile({ campaigns: { '7203': { opt2: { label: 'Deuda' } } } });
    expect(await labelOverBuiltInSimulator({ CAMPAIGNS_FILE })).toEqual(labelled('Deuda'));
    expect((await (await startService()).ask(QUERY)).data).toEqual(labelled(null));
  });
});

describe('examples/campaigns.json', () => {
  const file = parseLabels(readFileSync(EXAMPLE));
  const table: LabelTable = 'table' in file ? file.table : { default: [], campaigns: new Map() };
  const labelsOf = (record: WireRecord): LabelTable['default'] =>
    table.campaigns.get(record.campaign_id) ?? table.default;
  const opts = (record: WireRecord): [value: string, index: number][] =>
    OPT_NAMES.map((name, index): [string, number] => [record[name as 'opt1'], index]).filter(([value]) => value !== '');

  it('names only campaigns of the simulator', () => {
    const ids: readonly string[] = [...CAMPAIGNS, LARGE_CAMPAIGN].map(({ id }) => id);
    expect(table.campaigns.size).toBeGreaterThan(2);
    expect([...table.campaigns.keys()].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('labels every opt that holds something', () => {
    const records = [...EXAMPLE_RECORDS, ...generateRecords(1)];
    const values = records.flatMap((record) => opts(record).map(([, index]) => labelsOf(record)[index]));
    expect(values.length).toBeGreaterThan(10_000);
    expect(values.filter((column) => typeof column?.label !== 'string' || column.type === null)).toEqual([]);
  });

  it('gives the values of the example people types that they have', () => {
    const numbers = EXAMPLE_RECORDS.flatMap((record) =>
      opts(record)
        .filter(([, index]) => ['MONEY', 'NUMBER'].includes(labelsOf(record)[index]?.type ?? ''))
        .map(([value]) => value),
    );
    expect(numbers).toContain('4350000');
    expect(numbers.filter((value) => !/^\d+$/.test(value))).toEqual([]);
    const texts = EXAMPLE_RECORDS.flatMap((record) =>
      opts(record)
        .filter(([, index]) => labelsOf(record)[index]?.type === 'TEXT')
        .map(([value]) => value),
    );
    expect(texts).toContain('OBL-770412');
    expect(texts.filter((value) => /^\d+$/.test(value))).toEqual([]);
  });
});
