import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { serve, type RunningServer } from '../../examples/federation/serve.js';
import { askGraph, codesOf } from '../support/graphql-client.js';
import { membersOf, runCommand, type Command } from '../support/npm-command.js';

const runFile = promisify(execFile);
const VITE = 'http://localhost:5173';
/** A subgraph of the user. */
const NOTES_SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { note: Note! }
  type Note { text: String! customer: Customer! }
  type Customer @key(fields: "customerId", resolvable: false) { customerId: ID! }
`;

function startNotes(sdl: string): Promise<RunningServer> {
  const note = { text: 'Call again.', customer: { customerId: '21839174' } };
  return serve({
    server: { schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: { Query: { note: () => note } } }) },
    port: 0,
  });
}

/** Starts the demo on free ports. */
function startDemo(args: readonly string[] = [], port = '0'): Command {
  return runCommand('demo', args, { DEMO_PORT: port });
}

/** The addresses of the running parts, by their names. */
async function addressesOf(demo: Command): Promise<Record<string, string>> {
  await demo.printed('Ctrl-C ends');
  const lines = demo.output().matchAll(/^ {2}([\w ]+?) {2,}(http:\/\/127\.0\.0\.1:\d+)/gm);
  return Object.fromEntries([...lines].map(([, name = '', url = '']) => [name, url]));
}

describe('npm run demo -- --subgraph', () => {
  let notes: RunningServer;
  let demo: Command;
  let gateway: string;

  beforeAll(async () => {
    notes = await startNotes(NOTES_SDL);
    demo = startDemo(['--subgraph', `notes=${notes.url}/graphql`]);
    gateway = (await addressesOf(demo))['gateway'] ?? '';
  });

  afterAll(async () => {
    await demo.kill();
    await notes.stop();
  });

  it('joins a subgraph of the user with the others', async () => {
    expect(demo.output()).toContain(`notes               ${notes.url}/graphql`);
    const query = '{ note { text customer { name campaignRecords { campaignId } } } }';
    const { data, errors } = await askGraph(`${gateway}/graphql`, query);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      note: { text: 'Call again.', customer: { name: 'María Fernanda Gómez Ríos', campaignRecords: [{}, {}, {}] } },
    });
  });

  it('lets the page of a development server use the gateway, and no other page', async () => {
    const send = (method: string, origin: string): Promise<Response> =>
      fetch(`${gateway}/graphql`, {
        method,
        headers: {
          ...{ origin, connection: 'close', 'content-type': 'application/json' },
          ...(method === 'OPTIONS' && { 'access-control-request-headers': 'content-type,apollographql-client-name' }),
        },
        ...(method === 'POST' && { body: JSON.stringify({ query: '{ customers { name } }' }) }),
      });
    const asked = await send('OPTIONS', VITE);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(VITE);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type,apollographql-client-name');
    const answered = await send('POST', VITE);
    expect(answered.headers.get('access-control-allow-origin')).toBe(VITE);
    expect(await answered.json()).toMatchObject({ data: { customers: [{}, {}, {}, {}, {}] } });
    for (const origin of ['http://localhost.example', 'https://example.com', 'http://evil.example:5173', 'null']) {
      for (const method of ['OPTIONS', 'POST']) {
        const refused = await send(method, origin);
        await refused.text();
        expect(refused.headers.get('access-control-allow-origin'), `${method} ${origin}`).toBeNull();
      }
    }
  });

  it('shows a record whose customer the customers subgraph does not know', async () => {
    const query = '{ findCampaignRecords(phone: "6011528890") { campaignId customer { customerId name email } } }';
    const { data, errors } = await askGraph(`${gateway}/graphql`, query);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      findCampaignRecords: ['24118306', '24118955'].map((customerId) => ({
        campaignId: '6044',
        customer: { customerId, name: null, email: null },
      })),
    });
  });

  it('prints commands that switch an outage of Wolkvox on and off', async () => {
    const commands = [...demo.output().matchAll(/^ {2}(curl \S+\/_simulator\/.*)$/gm)].map(
      ([, command = '']) => command,
    );
    expect(commands).toHaveLength(2);
    const [on = '', off = ''] = commands;
    const ask = async (argument: string): Promise<unknown[]> =>
      codesOf(
        await askGraph(
          `${gateway}/graphql`,
          `{ customer(customerId: "21839174") { campaignRecords${argument} { id } } }`,
        ),
      );
    expect(await ask('')).toEqual([]);
    await runFile('sh', ['-c', on]);
    expect(await ask('(maxAge: 0)')).toEqual(['UPSTREAM_UNAVAILABLE']);
    // Cached answers are served.
    expect(await ask('')).toEqual([]);
    await runFile('sh', ['-c', off]);
    await expect.poll(() => ask('(maxAge: 0)'), { timeout: 20_000 }).toEqual([]);
  });
});

describe('npm run demo', () => {
  it('answers an operation over both subgraphs, and Ctrl-C ends all of its processes', async () => {
    const demo = startDemo();
    onTestFinished(demo.kill);
    const urls = Object.values(await addressesOf(demo));
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

  it('ends with 1 and a message if a value is wrong or a subgraph does not compose', async () => {
    const notes = await startNotes(NOTES_SDL.replace('note: Note!', 'note: Note! customer: Int'));
    onTestFinished(() => notes.stop());
    const wrong: readonly [message: string, args: readonly string[], port?: string][] = [
      ['DEMO_PORT: expected a whole number from 0 to 65532.', [], 'high'],
      ['--subgraph: expected name=url, such as tickets=http', ['--subgraph', 'notes']],
      ['--subgraph notes: the address cannot be reached', ['--subgraph', 'notes=http://127.0.0.1:1/graphql']],
      ['The subgraphs do not compose:', ['--subgraph', `notes=${notes.url}/graphql`]],
      ['A subgraph named customers already exists', ['--subgraph', `customers=${notes.url}/graphql`]],
    ];
    await Promise.all(
      wrong.map(async ([message, args, port]) => {
        const demo = startDemo(args, port);
        onTestFinished(demo.kill);
        expect(await demo.ended, message).toEqual([1, null]);
        expect(demo.output()).toContain(`The demo cannot start: ${message}`);
      }),
    );
  });
});
