import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findTool } from '../../scripts/setup.mjs';
import { makeCertificate, type Certificate } from './certificate.js';
import { endWithThisProcess, freePort } from './processes.js';

const HOST = '127.0.0.1';
const USER = 'subgraph';
const USER_PASSWORD = 'password-of-the-user';
/** A server that does not answer after this time has not started. */
const START_MS = 10_000;

export interface RedisOptions {
  readonly appendOnly?: boolean;
  /** Directives of redis.conf, such as `{ maxmemory: '3mb', databases: 4 }`. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** Rules of an ACL user, such as `~* +@all -@dangerous`; `url` then names that user. `command` keeps all rights. */
  readonly aclRules?: string;
  /** The password of the default user; `url` then has it. */
  readonly password?: string;
  /** Listens with TLS only, with a certificate that is made for the test. */
  readonly tls?: boolean;
}

/** A real Redis or Valkey process on a free loopback port. It ends with the process that started it. */
export interface RedisServer {
  /** With user and password if the server has them. `/1` after it names another database. */
  readonly url: string;
  readonly port: number;
  /** The file with the certificate that a client must trust (`NODE_EXTRA_CA_CERTS`); undefined without TLS. */
  readonly caFile: string | undefined;
  /** Sends a command as the default user, on a connection of its own. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Ends the process at once; it saves nothing. */
  kill(): Promise<void>;
  /** Starts the process again on the same port; `empty`: without its data. */
  restart(options: { readonly empty: boolean }): Promise<void>;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redis-'));
  const certificate = options.tls === true ? makeCertificate(folder, [`IP:${HOST}`, 'DNS:localhost']) : undefined;
  const ca = certificate && (await readFile(certificate.file));
  const port = await freePort();
  const data = path.join(folder, 'data');
  let server = await start();

  async function start(): Promise<ChildProcess> {
    await mkdir(data, { recursive: true });
    await writeFile(path.join(folder, 'redis.conf'), configFile(port, data, certificate, options));
    const child = spawn(serverPath(), [path.join(folder, 'redis.conf')], { stdio: 'ignore' });
    endWithThisProcess(child, folder);
    const latest = performance.now() + START_MS;
    while (child.exitCode === null && performance.now() < latest) {
      // Another server may have taken the port, so that this one is about to end.
      const info = String(await command('INFO', 'server').catch(() => ''));
      if (info.includes(`process_id:${child.pid}\r`)) return child;
      await sleep(20);
    }
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw new Error(`The Redis server on port ${port} did not start.`);
  }

  async function command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis({
      host: HOST,
      port,
      protocol: 2,
      lazyConnect: true,
      disableClientInfo: true,
      retryStrategy: () => null,
      ...(options.password !== undefined && { password: options.password }),
      ...(ca && { tls: { ca } }),
    });
    // The failed command says the same.
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  return {
    url: `${ca === undefined ? 'redis' : 'rediss'}://${credentials(options)}${HOST}:${port}`,
    port,
    caFile: certificate?.file,
    command,
    kill,
    async restart({ empty }) {
      await kill();
      if (empty) await rm(data, { recursive: true });
      server = await start();
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFile(port: number, data: string, certificate: Certificate | undefined, options: RedisOptions): string {
  const directives: Record<string, string | number> = {
    bind: HOST,
    port: certificate === undefined ? port : 0,
    dir: data,
    save: '""',
    appendonly: options.appendOnly === true ? 'yes' : 'no',
    // A replica is served at once; the default waits for five seconds.
    'repl-diskless-sync-delay': 0,
    ...options.config,
  };
  if (options.password !== undefined) directives['requirepass'] = JSON.stringify(options.password);
  if (options.aclRules !== undefined) directives[`user ${USER}`] = `on >${USER_PASSWORD} ${options.aclRules}`;
  if (certificate !== undefined) {
    directives['tls-port'] = port;
    directives['tls-cert-file'] = directives['tls-ca-cert-file'] = certificate.file;
    directives['tls-key-file'] = certificate.keyFile;
    directives['tls-auth-clients'] = 'no';
  }
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

function credentials({ aclRules, password }: RedisOptions): string {
  if (aclRules !== undefined) return `${USER}:${USER_PASSWORD}@`;
  return password === undefined ? '' : `:${encodeURIComponent(password)}@`;
}

function serverPath(): string {
  const found = findTool('redis');
  if (found === undefined) throw new Error('The program redis is not installed: run node scripts/setup.mjs.');
  return found;
}
