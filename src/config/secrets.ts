import { isLoopback } from './addresses.js';
import type { Problems } from './problems.js';
import type { Variables } from './variables.js';

/** Record ids need a key in development, too. NODE_ENV=production requires RECORD_ID_SECRET. */
const DEVELOPMENT_RECORD_ID_SECRET = 'record ids of a development service';
const MIN_SECRET_LENGTH = 32;

/** The secrets that the router may send. Outside of development the service needs one, or ALLOW_UNAUTHENTICATED. */
export function readRouterSecrets(variables: Variables, production: boolean, problems: Problems): readonly string[] {
  const { ROUTER_SECRET: secrets, ALLOW_UNAUTHENTICATED: needsNone, HOST: host } = variables;
  const alternative = 'ALLOW_UNAUTHENTICATED=true starts without one';
  if (secrets.length === 0 && !needsNone) {
    if (production) problems.add('ROUTER_SECRET', `required with NODE_ENV=production; ${alternative}.`);
    else if (!isLoopback(host)) {
      problems.add('ROUTER_SECRET', `required because HOST is not a loopback address; ${alternative}.`);
    }
  }
  if (production && secrets.some(isShort)) {
    problems.add('ROUTER_SECRET', `expected secrets of at least ${MIN_SECRET_LENGTH} characters.`);
  }
  return secrets;
}

/** The first one encrypts record ids, all of them decrypt. */
export function readRecordIdSecrets(
  variables: Variables,
  production: boolean,
  problems: Problems,
): readonly [string, ...string[]] {
  const secrets = variables.RECORD_ID_SECRET;
  if (production && (secrets.length === 0 || secrets.some(isShort))) {
    problems.add('RECORD_ID_SECRET', `required with NODE_ENV=production, at least ${MIN_SECRET_LENGTH} characters.`);
  }
  const [first = DEVELOPMENT_RECORD_ID_SECRET, ...older] = secrets;
  return [first, ...older];
}

function isShort(secret: string): boolean {
  return secret.length < MIN_SECRET_LENGTH;
}
