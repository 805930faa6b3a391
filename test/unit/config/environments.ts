import { expect } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/config/problems.js';

export const LONG = 'a-secret-of-thirty-two-characters';
export const OTHER = 'another-secret-of-enough-characters';
export const ACCOUNT = { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: 'token-of-the-account' };
export const PRODUCTION = { NODE_ENV: 'production', ...ACCOUNT, ROUTER_SECRET: LONG, RECORD_ID_SECRET: OTHER };

export type Env = Record<string, string | undefined>;

/** The variables that the message names, in its order. */
export function wrong(env: Env, files: Record<string, string> = {}): string[] {
  return problemsOf(env, files).map((problem) => problem.slice(0, problem.indexOf(':')));
}

/** The problems of a configuration; none if it is right. The message of the error has each of them. */
export function problemsOf(env: Env, files: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(env, reader(files));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) expect(error.message).toContain(problem);
    return error.problems;
  }
}

/** Reads these files, and no other. */
export function reader(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return text;
  };
}
