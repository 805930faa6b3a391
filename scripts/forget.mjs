/**
 * Erases a person from the answers that a running service keeps: `npm run forget -- --customer-id … --phone …`, one of them or both.
 * The service drops them from its memory, and with REDIS_URL from the shared answers and every replica's memory.
 *
 * It is found by HOST and PORT, and asked with the first secret of ROUTER_SECRET (or ROUTER_SECRET_FILE), as the service is started with
 * them. Needs nothing but Node. What was given is never printed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const USAGE = 'Expected --customer-id or --phone, or both: npm run forget -- --customer-id <id> --phone <number>';
const TIMEOUT_MS = 30_000;

/** What went wrong, in words for whoever runs this; ends with code 1. */
class Refusal extends Error {}

try {
  const forgotten = await forget(readPerson(process.argv.slice(2)), addressOf(process.env), secretOf(process.env));
  const answers = forgotten === 1 ? '1 kept answer' : `${forgotten} kept answers`;
  console.log(forgotten === 0 ? 'Nothing about this person was found.' : `Forgotten: ${answers}.`);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function readPerson(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: { 'customer-id': { type: 'string' }, phone: { type: 'string' } } }));
  } catch {
    // Its own message repeats what was given.
    throw new Refusal(USAGE);
  }
  const person = { customerId: values['customer-id']?.trim(), phone: values.phone?.trim() };
  if (!person.customerId && !person.phone) throw new Refusal(USAGE);
  return person;
}

function addressOf(env) {
  const host = env.HOST?.trim() || '127.0.0.1';
  // A service that listens on every interface is asked on this machine's own.
  const reached = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reached}:${env.PORT?.trim() || '4001'}`;
}

function secretOf(env) {
  const given = env.ROUTER_SECRET_FILE?.trim() ? readSecret(env.ROUTER_SECRET_FILE.trim()) : (env.ROUTER_SECRET ?? '');
  return given.split(',')[0].trim();
}

function readSecret(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Refusal('ROUTER_SECRET_FILE: the file cannot be read.');
  }
}

async function forget(person, address, secret) {
  let response;
  try {
    response = await fetch(`${address}/forget`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(secret === '' ? {} : { 'router-authorization': secret }) },
      body: JSON.stringify(person),
      redirect: 'error',
      signal: globalThis.AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const why = error.name === 'TimeoutError' ? 'did not answer in time' : 'cannot be reached';
    throw new Refusal(
      `The service at ${address} ${why}. Set HOST and PORT as it has them. Nothing is known to be erased.`,
    );
  }
  const body = await response.json().catch(() => ({}));
  if (response.status === 401)
    throw new Refusal('The service does not know the secret. Set ROUTER_SECRET as it has it.');
  if (response.ok && Number.isInteger(body.forgotten)) return body.forgotten;
  const message = body.errors?.[0]?.message ?? 'no message';
  throw new Refusal(`Not erased: HTTP ${response.status}, ${message}`);
}
