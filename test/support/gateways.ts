import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { composeSupergraph, createGateway, type Subgraph } from '../../examples/federation/gateway.js';
import { serve } from '../../examples/federation/serve.js';
import { askGraph } from './graphql-client.js';
import { endWithThisProcess, freePort } from './processes.js';

/** A gateway with its default settings, on a free loopback port. */
export interface Gateway {
  /** The address of its GraphQL endpoint. */
  readonly url: string;
  stop(): Promise<void>;
}

const FOLDER = path.join(import.meta.dirname, '../gateways');
const HIVE = path.join(FOLDER, 'hive-gateway.mjs');
const GRAFBASE = path.join(FOLDER, 'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
const START_MS = 20_000;

/** Starts a gateway of each kind over subgraphs that listen already. Rejects if it does not start. */
export const GATEWAYS: Readonly<Record<string, (subgraphs: readonly Subgraph[]) => Promise<Gateway>>> = {
  'Apollo Gateway': startApolloGateway,
  'Hive Gateway with its JavaScript planner': (subgraphs) => startHiveGateway(subgraphs, 'js'),
  'Hive Gateway with its Rust planner': (subgraphs) => startHiveGateway(subgraphs, 'rust'),
  // Its npm package is a program for this platform.
  ...(process.platform === 'linux' && process.arch === 'x64' && { Grafbase: startGrafbase }),
};

async function startApolloGateway(subgraphs: readonly Subgraph[]): Promise<Gateway> {
  const server = await serve({ server: { gateway: createGateway(subgraphs) }, port: 0 });
  return { url: `${server.url}/graphql`, stop: () => server.stop() };
}

async function startHiveGateway(subgraphs: readonly Subgraph[], planner: 'js' | 'rust'): Promise<Gateway> {
  const files = { 'supergraph.graphql': composeSupergraph(subgraphs) };
  const port = await freePort();
  return startProgram(process.execPath, [HIVE, 'supergraph.graphql', planner, String(port)], files, port);
}

/** Grafbase composes the subgraphs itself. */
async function startGrafbase(subgraphs: readonly Subgraph[]): Promise<Gateway> {
  const tables = subgraphs.map(
    ({ name, url }) => `[subgraphs.${name}]\nurl = "${url}"\nschema_path = "${name}.graphql"\n`,
  );
  const files = {
    'grafbase.toml': tables.join('\n'),
    ...Object.fromEntries(subgraphs.map(({ name, sdl }) => [`${name}.graphql`, sdl])),
  };
  const port = await freePort();
  const args = ['--home', '.', 'dev', '--config', 'grafbase.toml', '--listen-address', `127.0.0.1:${port}`];
  return startProgram(GRAFBASE, args, files, port);
}

/** Starts a program in a folder of its own with these files, and waits until it answers an operation. */
async function startProgram(
  program: string,
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  port: number,
): Promise<Gateway> {
  if (!existsSync(path.join(FOLDER, 'node_modules')))
    throw new Error('The gateways are not installed: run node scripts/packages.mjs.');
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(path.join(folder, name), text)));
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child, folder);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${port}/graphql`;
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const latest = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < latest) {
    const answer = await askGraph(url, '{ __typename }').catch(() => undefined);
    if (answer?.data?.['__typename'] === 'Query') return { url, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`The gateway did not start:\n${output}`);
}
