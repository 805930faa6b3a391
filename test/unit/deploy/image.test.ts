import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../../src/config/config.js';
import { readProject } from '../docs/tables.js';
import { named, readCommand, readCopies, readDockerfile, readVariables } from './dockerfile.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { args, stages } = readDockerfile();
const image = stages.at(-1) ?? { image: '', name: undefined, instructions: [] };
const { version } = JSON.parse(readProject('package.json')) as { readonly version: string };

describe('The Dockerfile', () => {
  it('uses a slim image of a version of Node that the tests run', () => {
    const [, node = ''] = /^node:([\d.]+)-bookworm-slim$/.exec(args.get('NODE_IMAGE') ?? '') ?? [];
    expect(readProject('scripts/node-versions.mjs')).toContain(`'${node}': 'test/api'`);
    expect(stages.map(({ image: from }) => from)).toEqual(stages.map(() => args.get('NODE_IMAGE')));
  });

  it('installs with the lock file and without scripts, and takes no package of development', () => {
    const runs = stages.map((stage) => named(stage, 'RUN').map(({ rest }) => rest));
    expect(runs).toEqual([['npm ci --ignore-scripts', 'npm run build'], ['npm ci --omit=dev --ignore-scripts'], []]);
    const packages = readCopies(image).filter(({ from }) => from === 'node_modules');
    expect(packages).toEqual([{ from: 'node_modules', stage: 'packages', to: './node_modules' }]);
  });

  it('ends with a user that is not root, a health check and a command without a shell', () => {
    expect(named(image, 'USER').map(({ rest }) => rest)).toEqual(['1000:1000']);
    expect(image.instructions.findLastIndex(({ name }) => name === 'COPY')).toBeLessThan(
      image.instructions.findIndex(({ name }) => name === 'USER'),
    );
    expect(named(image, 'CMD').map(readCommand)).toEqual([['node', 'dist/main.js']]);
    const [check] = named(image, 'HEALTHCHECK');
    expect(check?.rest).toMatch(/^CMD \[/);
    expect(check?.flags).toMatchObject({ interval: '10s', timeout: '3s' });
    expect(named(image, 'WORKDIR').map(({ rest }) => rest)).toEqual(['/app']);
  });

  it('has the labels of the OCI, and variables that the service accepts', () => {
    const labels = named(image, 'LABEL')
      .map(({ rest }) => rest)
      .join(' ');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
      expect(labels).toContain(`org.opencontainers.image.${label}=`);
    }
    const variables = readVariables(image);
    expect(variables).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '4001' });
    const secrets = { ROUTER_SECRET: 'r'.repeat(32), RECORD_ID_SECRET: 'i'.repeat(32), WOLKVOX_SIMULATOR: 'true' };
    expect(readConfig({ ...variables, ...secrets }).production).toBe(true);
    expect(() => readConfig(variables)).toThrow('ROUTER_SECRET');
  });

  it('copies only files that exist and that .dockerignore sends', () => {
    const sent = readProject('.dockerignore').match(/(?<=^!).+$/gm) ?? [];
    const paths = stages.flatMap(readCopies).filter(({ stage }) => stage === undefined);
    expect(paths.length).toBeGreaterThan(8);
    const sentBy = (from: string): string =>
      sent.find((path) => `${from}/`.startsWith(`${path}/`)) ?? `not sent: ${from}`;
    for (const { from } of paths) expect(existsSync(ROOT + from), from).toBe(true);
    expect(new Set(paths.map(({ from }) => sentBy(from)))).toEqual(new Set(sent));
  });

  it('compiles the sources of the project with its settings', () => {
    const build = stages.find(({ name }) => name === 'build');
    const copied = build === undefined ? [] : readCopies(build).map(({ from }) => from);
    expect(copied).toEqual(expect.arrayContaining(['src', 'tsconfig.json', 'tsconfig.build.json']));
    const { extends: base, include } = JSON.parse(readProject('tsconfig.build.json')) as {
      readonly extends: string;
      readonly include: readonly string[];
    };
    expect([base, include]).toEqual(['./tsconfig.json', ['src']]);
  });

  it('is refused if it has an unknown instruction', () => {
    expect(() => readDockerfile('FROM node\nRUNN a')).toThrow('RUNN');
  });
});

describe('deploy/compose.yaml', () => {
  const { services, secrets } = parse(readProject('deploy/compose.yaml')) as Compose;
  const { subgraph, redis, prometheus, grafana } = services;

  it('starts the subgraph with a read-only file system and without rights', () => {
    expect(subgraph).toMatchObject({
      build: { context: '..' },
      image: `wolkvox-campaign-subgraph:${version}`,
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(Number.parseInt(subgraph?.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(drainMs({}) + 4_000);
  });

  it('gives it variables that it accepts, with its secrets in files', () => {
    const { environment = {} } = subgraph ?? {};
    const defaults = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    ]);
    const variables = { ...readVariables(image), ...Object.fromEntries(defaults) } as Record<string, string>;
    const readFile = (file: string): string => `${file.replaceAll('/', '-')}-`.repeat(3);
    const config = readConfig({ ...variables, WOLKVOX_SERVER: '0042' }, readFile);
    expect(config).toMatchObject({
      production: true,
      upstream: { kind: 'account' },
      redisUrls: ['redis://redis:6379'],
    });
    for (const [, file = ''] of Object.entries(variables).filter(([name]) => name.endsWith('_FILE'))) {
      expect(subgraph?.secrets).toContain(file.replace('/run/secrets/', ''));
    }
  });

  it('keeps the count of Redis on disk, and publishes every port on loopback only', () => {
    expect(redis?.command).toEqual(expect.arrayContaining(['--appendonly', 'yes', 'noeviction']));
    expect(redis?.ports).toBeUndefined();
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('names only files and secrets that exist', () => {
    const files = [prometheus, grafana, redis]
      .flatMap((service) => service?.volumes ?? [])
      .filter((path) => path.startsWith('./'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(existsSync(`${ROOT}deploy/${file.split(':')[0] ?? ''}`), file).toBe(true);
    const used = Object.values(services).flatMap((service) => service.secrets ?? []);
    expect(new Set(used)).toEqual(new Set(Object.keys(secrets)));
    expect(readProject('deploy/secrets/.gitignore')).toMatch(/^\*$/m);
  });
});

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}
interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly stop_grace_period?: string;
}

/** How long a drain may take with these variables, in milliseconds. */
function drainMs(variables: Readonly<Record<string, string>>): number {
  const { drainGraceMs, operationDeadlineMs } = readConfig(variables);
  return drainGraceMs + operationDeadlineMs;
}
