import { readFileSync, readdirSync } from 'node:fs';

import type { Example } from './page.js';

/** What `name.json` says about the operation in `name.graphql`. The tests read more of it. */
interface OperationSettings {
  /** Orders the tabs. The numbers have gaps, so that an operation can be added between two others. */
  readonly tab: number;
  readonly variables?: object;
}

/**
 * Reads the operations of a folder, in the order of their tabs: the document in `name.graphql`, and its tab and its
 * variables in `name.json`.
 *
 * @param folder a `file:` URL that ends with a slash
 * @throws Error if the folder, or one of the two files of an operation, cannot be read
 */
export function readExamples(folder: URL): Example[] {
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const settings = JSON.parse(read(name.replace(/\.graphql$/, '.json'))) as OperationSettings;
      return { query: read(name), ...settings };
    })
    .sort((one, other) => one.tab - other.tab)
    .map(({ query, variables }) => ({
      query,
      variables: variables === undefined ? undefined : JSON.stringify(variables, undefined, 2),
    }));
}
