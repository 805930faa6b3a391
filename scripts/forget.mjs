/**
 * `npm run forget`: erases a person from the caches of a running service, with REDIS_URL from those of all replicas.
 * The script needs nothing but Node. It never prints what was given.
 */
import { readFileSync } from 'node:fs';
import { readOptions } from './command-line.mjs';

const HELP = `Usage: npm run forget -- [--customer-id <id>] [--phone <number>] [--help | --version]
Erases a person from the caches of a running service. At least one of --customer-id and --phone is required.

Set HOST, PORT and ROUTER_SECRET (or ROUTER_SECRET_FILE) as for the service. The first secret is used.

Exit codes: 0 no answer about the person is cached any more; 1 it failed.`;
const TIMEOUT_MS = 30_000;

/** An error that the user of the script can correct. Its message is printed, and the exit code is 1. */
class UserError extends Error {}

const options = readOptions(HELP, { 'customer-id': { type: 'string' }, phone: { type: 'string' } });
try {
  const erased = await forget(personOf(options), addressOf(process.env), secretOf(process.env));
  console.log(erased === 0 ? 'No answer about this person was cached.' : `Erased cached answers: ${erased}.`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function personOf({ 'customer-id': customerId = '', phone = '' }) {
  const person = { customerId: customerId.trim(), phone: phone.trim() };
  if (person.customerId !== '' || person.phone !== '') return person;
  throw new UserError(`--customer-id or --phone is required; got neither.\n${HELP}`);
}

function addressOf({ HOST, PORT }) {
  const host = HOST?.trim() || '127.0.0.1';
  // A service that listens on every interface is reached on loopback.
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reachable}:${PORT?.trim() || '4001'}`;
}

/** The first secret; empty if there is none. */
function secretOf({ ROUTER_SECRET = '', ROUTER_SECRET_FILE = '' }) {
  const file = ROUTER_SECRET_FILE.trim();
  const secrets = file === '' ? ROUTER_SECRET : readSecrets(file);
  return secrets.split(',')[0].trim();
}

function readSecrets(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UserError('ROUTER_SECRET_FILE: the file cannot be read.');
  }
}

/** Resolves to the number of erased answers. */
async function forget(person, address, secret) {
  const response = await post(`${address}/forget`, JSON.stringify(person), secret).catch((error) => {
    const problem = error.name === 'TimeoutError' ? 'did not answer in time' : 'cannot be reached';
    throw new UserError(`The service at ${address} ${problem}. Set HOST and PORT as for the service, and try again.`);
  });
  if (response.status === 401) {
    throw new UserError('The service does not accept the secret. Set ROUTER_SECRET as for the service.');
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok && Number.isInteger(body.forgotten)) return body.forgotten;
  const message = body.errors?.[0]?.message ?? 'The response has no message.';
  throw new UserError(`Nothing was erased (HTTP ${response.status}). ${message}`);
}

function post(url, body, secret) {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(secret === '' ? {} : { 'router-authorization': secret }) },
    body,
    redirect: 'error',
    signal: globalThis.AbortSignal.timeout(TIMEOUT_MS),
  });
}
