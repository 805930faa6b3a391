import { readdirSync, readFileSync } from 'node:fs';
import { Kind, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../../examples/federation/stack.js';
import { readExamples } from '../../src/playground/examples.js';
import { createLog } from '../../src/telemetry/log.js';
import { askGraph, codesOf } from '../support/graphql-client.js';

/** What is beside an operation. */
interface Expectation {
  readonly tab: number;
  readonly variables?: object;
  /** A part of the data over the people of the simulator. Lists are complete. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** The codes of the errors, in order. */
  readonly errors?: readonly string[];
}

const FOLDERS = [
  ['campaigns', new URL('../../operations/', import.meta.url)],
  ['gateway', new URL('../../examples/federation/queries/', import.meta.url)],
] as const;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    log: createLog({ level: 'silent', secrets: [] }),
    simulator: { latency: { minMs: 0, maxMs: 5 } },
  });
});
afterAll(() => stack.stop());

describe.each(FOLDERS)('The operations for the %s', (server, folder) => {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => file.slice(0, -'.graphql'.length));
  const documentOf = (name: string): string => readFileSync(new URL(`${name}.graphql`, folder), 'utf8');
  const expectationOf = (name: string): Expectation =>
    JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Expectation;

  it.each(names)('%s answers what the file beside it says', async (name) => {
    const { variables, answer, errors = [] } = expectationOf(name);

    const response = await askGraph(`${stack.urls[server]}/graphql`, documentOf(name), variables);

    expect(codesOf(response)).toEqual(errors);
    expect(response.data).toMatchObject(answer);
    expect(Object.keys(answer)).toEqual(Object.keys(response.data ?? {}));
  });

  it.each(names)('%s begins with a description, and names its operation as its file', (name) => {
    const document = documentOf(name);
    const operations = parse(document).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value] : [],
    );
    expect(operations).toEqual([name.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())]);
    expect(document).toMatch(/^# [A-Z].*\n(# .*\n)*query /);
  });

  it('are the examples of the playground, in the order of their tabs', () => {
    const inOrder = names.toSorted((one, other) => expectationOf(one).tab - expectationOf(other).tab);
    const examples = readExamples(folder);
    expect(examples.map(({ query }) => query)).toEqual(inOrder.map(documentOf));
    expect(examples.map(({ variables = '{}' }) => JSON.parse(variables) as object)).toEqual(
      inOrder.map((name) => expectationOf(name).variables ?? {}),
    );
    expect(new Set(names.map((name) => expectationOf(name).tab)).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(2);
  });
});
