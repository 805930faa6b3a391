import type { Problems } from './problems.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables whose value may be in a file, which the variable with the suffix `_FILE` names. */
export const IN_FILES = [
  'WOLKVOX_TOKEN',
  'HTTPS_PROXY',
  'ROUTER_SECRET',
  'RECORD_ID_SECRET',
  'REDIS_URL',
  'METRICS_TOKEN',
] as const;

/**
 * The variables that are not blank, with the values of `*_FILE` variables.
 *
 * @param readFile reads the file of a path
 */
export function readEnvironment(
  environment: Environment,
  readFile: (path: string) => string,
  problems: Problems,
): Environment {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  for (const name of IN_FILES) {
    const path = given[`${name}_FILE`];
    if (path === undefined) continue;
    if (given[name] !== undefined) problems.add(`${name}_FILE`, `set together with ${name}; set only one of them.`);
    let text = '';
    try {
      text = readFile(path).trim();
      if (text === '') problems.add(`${name}_FILE`, 'the file is empty.');
    } catch {
      problems.add(`${name}_FILE`, 'the file cannot be read.');
    }
    if (text !== '') given[name] = text;
    // The file is the problem; the missing value is not reported again.
    else problems.ignore(name);
  }
  return given;
}
