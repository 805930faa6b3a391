import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

import { afterEach, expect, test } from 'vitest';

import { ask } from '../support/gateway-client.js';

/** The demo as a terminal runs it: npm and whatever it starts, a process group of its own. */
function startDemo(port: string) {
  const npm = spawn('npm', ['run', 'demo'], {
    detached: true,
    env: { ...process.env, DEMO_PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  npm.stdout.on('data', collect);
  npm.stderr.on('data', collect);
  const exit = once(npm, 'exit') as Promise<[number | null, string | null]>;
  return {
    group: npm.pid ?? 0,
    exit,
    get output() {
      return output;
    },
    /** Resolves when the output holds the text. */
    async says(text: string): Promise<void> {
      while (!output.includes(text)) await Promise.race([once(npm.stdout, 'data'), exit.then(() => rejectEnd(output))]);
    },
  };
}

function rejectEnd(output: string): never {
  throw new Error(`The demo ended early:\n${output}`);
}

/** The ids of the processes of a group that still run. */
function membersOf(group: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        // The fields after the program's name in brackets: state, parent, group.
        const [state, , pgrp] = readFileSync(`/proc/${id}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return state !== 'Z' && Number(pgrp) === group;
      } catch {
        // It ended between the two looks.
        return false;
      }
    });
}

let demo: ReturnType<typeof startDemo> | undefined;
afterEach(() => {
  if (demo !== undefined && membersOf(demo.group).length > 0) process.kill(-demo.group, 'SIGKILL');
});

test('the demo answers a question over both subgraphs, and Ctrl-C ends all of it', async () => {
  demo = startDemo('0');
  await demo.says('Ctrl-C ends');
  const urls = [...demo.output.matchAll(/^ {2}[\w ]+ {2}(http:\/\/127\.0\.0\.1:\d+)/gm)].map(([, url]) => url ?? '');
  const [gateway = '', campaigns = ''] = urls;
  expect(new Set(urls).size).toBe(4);

  // The question that it prints itself.
  const printed = /-d '(.*)'/.exec(demo.output)?.[1] ?? '{}';
  const { query } = JSON.parse(printed) as { query: string };
  const answer = await ask(gateway, query);
  expect(answer.errors).toBeUndefined();
  expect(JSON.stringify(answer.data)).toMatch(/maria\.gomez@example\.com.*"4821"/);
  for (const url of [gateway, campaigns]) {
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  }

  // A terminal sends it to every process of the group.
  process.kill(-demo.group, 'SIGINT');
  expect(await demo.exit).toEqual([0, null]);
  expect(membersOf(demo.group)).toEqual([]);
  for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed');
}, 60_000);

test('a port that is no number ends the demo with a message', async () => {
  demo = startDemo('high');

  expect(await demo.exit).toEqual([1, null]);
  expect(demo.output).toContain('DEMO_PORT: expected a whole number from 0 to 65532.');
}, 30_000);
