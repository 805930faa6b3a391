import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askGraph } from '../support/graphql-client.js';

interface Demo {
  /** The id of its process group. */
  readonly group: number;
  readonly output: () => string;
  /** Resolves to its exit code and the signal that ended it. */
  readonly ended: Promise<[number | null, string | null]>;
}

/** Runs the demo as a terminal does: npm and its children are a process group. It is killed when the test ends. */
function startDemo(port: string): Demo {
  const npm = spawn('npm', ['run', 'demo'], {
    detached: true,
    env: { ...process.env, DEMO_PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid: group } = npm;
  if (group === undefined) throw new Error('npm cannot be started.');
  onTestFinished(() => {
    if (membersOf(group).length > 0) process.kill(-group, 'SIGKILL');
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(npm, 'close') as Promise<[number | null, string | null]>;
  return { group, output: () => output, ended };
}

/** The ids of the running processes of a group. */
function membersOf(group: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      // After the program's name in brackets come its state, parent and group.
      const [state, , groupOfProcess] = statOf(id)
        .replace(/^.*\) /s, '')
        .split(' ');
      return state !== 'Z' && Number(groupOfProcess) === group;
    });
}

/** Empty if the process has ended. */
function statOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/stat`, 'utf8');
  } catch {
    return '';
  }
}

describe('npm run demo', () => {
  it('answers an operation over both subgraphs, and Ctrl-C ends all of its processes', async () => {
    const demo = startDemo('0');
    await expect.poll(demo.output, { timeout: 50_000 }).toContain('Ctrl-C ends');
    const addresses = demo.output().matchAll(/^ {2}[\w ]+ {2}(http:\/\/127\.0\.0\.1:\d+)/gm);
    const urls = [...addresses].map(([, url]) => url ?? '');
    const [gateway = '', campaigns = ''] = urls;
    expect(new Set(urls).size).toBe(4);

    // The operation that it prints.
    const [, printed = '{}'] = /-d '(.*)'/.exec(demo.output()) ?? [];
    const { query } = JSON.parse(printed) as { query: string };
    const { data, errors } = await askGraph(`${gateway}/graphql`, query);
    expect(errors).toEqual([]);
    expect(JSON.stringify(data)).toMatch(/maria\.gomez@example\.com.*"4821"/);
    for (const url of [gateway, campaigns]) {
      const page = await fetch(url, { headers: { accept: 'text/html', connection: 'close' } });
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      await page.text();
    }
    expect(membersOf(demo.group).length).toBeGreaterThan(0);

    // A terminal sends the signal to the whole group.
    process.kill(-demo.group, 'SIGINT');
    expect(await demo.ended).toEqual([0, null]);
    expect(membersOf(demo.group)).toEqual([]);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed');
  }, 60_000);

  it('ends with 1 and a message if DEMO_PORT is not a number', async () => {
    const demo = startDemo('high');
    expect(await demo.ended).toEqual([1, null]);
    expect(demo.output()).toContain('DEMO_PORT: expected a whole number from 0 to 65532.');
  });
});
