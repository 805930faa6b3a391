import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ServiceEvent } from '../../../src/core/events.js';
import type { OptLabels } from '../../../src/core/opt-labels.js';
import { LabelFileError, NO_LABELS, watchLabels } from '../../../src/labels/opt-labels.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const INTERVAL_MS = 1_000;

/**
 * A file in which opt1 of every campaign has this label, and campaign 4821 has a label for opt3. Labels of
 * different lengths make files of different sizes: the times of two versions may be equal in a test.
 */
function withLabel(label: string): string {
  return JSON.stringify({
    default: { opt1: { label, type: 'MONEY' } },
    campaigns: { '4821': { opt3: { label: 'Fecha límite', type: 'DATE' } } },
  });
}

interface Watched {
  readonly labels: OptLabels;
  readonly events: ServiceEvent[];
  readonly bugs: unknown[];
  /** The label of opt1. */
  readonly label: () => string | null | undefined;
  readonly close: () => void;
}

async function watch(file: string): Promise<Watched> {
  const events: ServiceEvent[] = [];
  const bugs: unknown[] = [];
  const watched = await watchLabels({
    ...{ path: file, intervalMs: INTERVAL_MS },
    observe: (event) => events.push(event),
    onBug: (error) => bugs.push(error),
  });
  onTestFinished(() => watched.close());
  const { labels } = watched;
  return { labels, events, bugs, label: () => labels.of('1')[0]?.label, close: () => watched.close() };
}

/** Lets the watcher check the file so often. A check has ended when it has started the timer of the next one. */
async function checks(count: number): Promise<void> {
  for (let check = 0; check < count; check += 1) {
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(INTERVAL_MS);
    while (vi.getTimerCount() === 0) await new Promise(setImmediate);
  }
}

function createFile(label = 'Saldo'): string {
  const file = path.join(temporaryFolder('labels-'), 'campaigns.json');
  writeFileSync(file, withLabel(label));
  return file;
}

const loaded = { event: 'labels.loaded', campaigns: 1 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return () => vi.useRealTimers();
});

describe('The labels', () => {
  it('are twelve for every campaign, in the same frozen array at each call', async () => {
    const { labels, events } = await watch(createFile());
    expect(labels.of('4821')[2]).toEqual({ label: 'Fecha límite', type: 'DATE' });
    expect(labels.of('4821')[0]).toEqual({ label: 'Saldo', type: 'MONEY' });
    expect(labels.of('4821')).toHaveLength(12);
    expect(labels.of('4821')).toBe(labels.of('4821'));
    expect(labels.of('7203')).toBe(labels.of(''));
    expect(labels.of('7203')).not.toBe(labels.of('4821'));
    expect(labels.of('7203')).toHaveLength(12);
    expect(Object.isFrozen(labels.of('7203'))).toBe(true);
    expect(labels.version()).toBe(1);
    expect(events).toEqual([loaded]);
  });

  it('lead from a name to a position', async () => {
    const { labels } = await watch(createFile());
    const names = ['opt1', 'OPT12', ' opt3 ', 'Saldo', 'SALDO', 'Fecha límite', 'FECHA LI\u0301MITE'];
    expect(names.map((name) => labels.positionOf('4821', name))).toEqual([1, 12, 3, 1, 1, 3, 3]);
    const unknown = ['opt0', 'opt13', 'opt03', 'Fecha', '', ' ', 'constructor', 'x'.repeat(1_000_000)];
    expect(unknown.map((name) => labels.positionOf('4821', name))).toEqual(unknown.map(() => undefined));
    expect(labels.positionOf('7203', 'Fecha límite')).toBeUndefined();
    expect(labels.positionOf('7203', 'saldo')).toBe(1);
  });

  it('are absent without a file, but the columns have their names', () => {
    expect(NO_LABELS.of('4821')).toEqual(Array(12).fill({ label: null, type: null }));
    expect(NO_LABELS.of('4821')).toBe(NO_LABELS.of('7203'));
    expect(NO_LABELS.positionOf('4821', 'opt7')).toBe(7);
    expect(NO_LABELS.positionOf('4821', 'Saldo')).toBeUndefined();
    expect(NO_LABELS.version()).toBe(0);
  });

  it('need a file that can be used', async () => {
    const file = createFile();
    writeFileSync(file, '{"default":{"opt13":{}},"x":1}');
    const error: unknown = await watch(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LabelFileError);
    expect((error as LabelFileError).problems).toEqual([
      'x: unknown key; expected default or campaigns.',
      'default.opt13: unknown key; expected opt1 to opt12.',
    ]);
    // Nothing watches it.
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('A change of the file', () => {
  it('that is written into it is loaded, and only once', async () => {
    const file = createFile();
    const { labels, events, label } = await watch(file);
    const before = [labels.of('1'), labels.of('4821')];
    await checks(3);
    expect([labels.of('1'), labels.of('4821')].every((each, index) => each === before[index])).toBe(true);
    writeFileSync(file, withLabel('Deuda total'));
    await checks(5);
    expect(label()).toBe('Deuda total');
    expect(labels.positionOf('1', 'deuda total')).toBe(1);
    expect(labels.positionOf('1', 'saldo')).toBeUndefined();
    expect(labels.of('4821')).not.toBe(before[1]);
    expect(labels.version()).toBe(2);
    expect(events).toEqual([loaded, loaded]);
  });

  it('is read when it is finished: two checks in a row find the same file', async () => {
    const file = createFile();
    const { events, label } = await watch(file);
    const text = withLabel('Deuda total');
    for (let length = 20; length < text.length; length += 20) {
      writeFileSync(file, text.slice(0, length));
      await checks(1);
    }
    writeFileSync(file, text);
    await checks(1);
    expect(label()).toBe('Saldo');
    await checks(1);
    expect(label()).toBe('Deuda total');
    expect(events).toEqual([loaded, loaded]);
  });

  it('that renames another file to its name is loaded, as editors do', async () => {
    const file = createFile();
    const { label, labels } = await watch(file);
    for (const next of ['Deuda total', 'Monto en pesos']) {
      writeFileSync(`${file}.new`, withLabel(next));
      renameSync(file, `${file}~`);
      renameSync(`${file}.new`, file);
      await checks(2);
      expect(label()).toBe(next);
    }
    expect(labels.version()).toBe(3);
  });

  it('that replaces a link to its folder is loaded, as a ConfigMap of Kubernetes does', async () => {
    const folder = temporaryFolder('labels-');
    const mount = (version: string, label: string): void => {
      mkdirSync(path.join(folder, version));
      writeFileSync(path.join(folder, version, 'campaigns.json'), withLabel(label));
      symlinkSync(version, path.join(folder, '..data_tmp'));
      renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
    };
    mount('..2026_11_20', 'Saldo');
    symlinkSync('..data/campaigns.json', path.join(folder, 'campaigns.json'));
    const { label, events } = await watch(path.join(folder, 'campaigns.json'));
    expect(label()).toBe('Saldo');
    mount('..2026_11_21', 'Deuda total');
    rmSync(path.join(folder, '..2026_11_20'), { recursive: true });
    await checks(2);
    expect(label()).toBe('Deuda total');
    expect(events).toEqual([loaded, loaded]);
  });

  it.each<[string, (file: string) => void, string]>([
    ['is wrong', (file) => writeFileSync(file, '{"default":{"opt1":3}}'), 'default.opt1: expected an object.'],
    ['is not JSON', (file) => writeFileSync(file, 'Saldo'), 'the file is not valid JSON.'],
    ['is empty', (file) => writeFileSync(file, ''), 'the file is not valid JSON.'],
    ['is too large', (file) => writeFileSync(file, '{}'.padEnd(300_001)), 'the file has more than 300 kB.'],
    ['deletes it', (file) => rmSync(file), 'the file cannot be read (ENOENT).'],
    [
      'replaces it by a folder',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      'the path does not lead to a file.',
    ],
  ])(
    'that %s is refused and reported once; the labels stay, and the next right version is loaded',
    async (_, change, problem) => {
      const file = createFile();
      const { events, bugs, labels, label } = await watch(file);
      const before = labels.of('1');
      change(file);
      await checks(5);
      expect(events).toEqual([loaded, { event: 'labels.rejected', problems: [problem] }]);
      expect(labels.of('1')).toBe(before);
      expect(labels.version()).toBe(1);
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, withLabel('Deuda total'));
      await checks(2);
      expect(label()).toBe('Deuda total');
      expect(labels.version()).toBe(2);
      expect(bugs).toEqual([]);
    },
  );

  it('with many problems is reported with the first 20 and the number of the others', async () => {
    const file = createFile();
    const { events } = await watch(file);
    const keys = Array.from({ length: 33 }, (_, index) => [`key${index}`, 0]);
    writeFileSync(file, JSON.stringify(Object.fromEntries(keys)));
    await checks(2);
    const event = events.at(-1);
    if (event?.event !== 'labels.rejected') throw new Error('The file was not refused.');
    expect(event.problems).toHaveLength(21);
    expect(event.problems[19]).toMatch(/^key19: /);
    expect(event.problems[20]).toBe('13 more.');
  });

  it('is not loaded after the end', async () => {
    const file = createFile();
    const { close, label } = await watch(file);
    const other = await watch(file);
    close();
    writeFileSync(file, withLabel('Deuda total'));
    await checks(2);
    expect(other.label()).toBe('Deuda total');
    expect(label()).toBe('Saldo');
  });

  it('is not reported if the end comes while it is read', async () => {
    const file = createFile();
    const { close, events, label } = await watch(file);
    writeFileSync(file, withLabel('Deuda total'));
    await checks(1);
    vi.advanceTimersByTime(INTERVAL_MS);
    close();
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(label()).toBe('Saldo');
    expect(events).toEqual([loaded]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of the rights counts, because they may have been the problem', async () => {
    const file = createFile();
    const { events } = await watch(file);
    chmodSync(file, 0o600);
    await checks(2);
    expect(events).toEqual([loaded, loaded]);
  });
});

describe('A bug of an observer', () => {
  it('is reported, and the checks go on', async () => {
    const file = createFile();
    const bugs: unknown[] = [];
    const labelsSeen: string[] = [];
    const watched = await watchLabels({
      ...{ path: file, intervalMs: INTERVAL_MS },
      observe: ({ event }) => {
        labelsSeen.push(event);
        if (labelsSeen.length === 2) throw new TypeError('a bug of a test');
      },
      onBug: (error) => bugs.push(error),
    });
    onTestFinished(() => watched.close());
    for (const label of ['Deuda total', 'Monto en pesos']) {
      writeFileSync(file, withLabel(label));
      await checks(2);
    }
    expect(bugs).toEqual([new TypeError('a bug of a test')]);
    expect(labelsSeen).toHaveLength(3);
    expect(watched.labels.of('1')[0]?.label).toBe('Monto en pesos');
  });
});

describe('A process that watches a file', () => {
  it('ends by itself', async () => {
    const module = new URL('../../../src/labels/opt-labels.ts', import.meta.url).href;
    const program = `
      const { watchLabels } = await import(${JSON.stringify(module)});
      const options = { path: ${JSON.stringify(createFile())}, intervalMs: 100_000_000 };
      const { labels } = await watchLabels({ ...options, observe: console.log, onBug: console.error });
      console.log(labels.of('1')[0].label);
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toMatch(/labels\.loaded[^]*Saldo/);
  });
});
