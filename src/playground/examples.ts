import { readFileSync, readdirSync } from 'node:fs';

import type { Example } from './page.js';

/**
 * Reads the examples of a folder in the order of their file names: the document in `name.graphql`, and its variables,
 * if it has any, in `name.json`.
 *
 * @param folder a `file:` URL that ends with a slash
 * @throws Error if the folder cannot be read
 */
export function readExamples(folder: URL): Example[] {
  const names = readdirSync(folder).sort();
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const variables = name.replace(/\.graphql$/, '.json');
      return {
        query: readFileSync(new URL(name, folder), 'utf8'),
        variables: names.includes(variables) ? readFileSync(new URL(variables, folder), 'utf8').trim() : undefined,
      };
    });
}
