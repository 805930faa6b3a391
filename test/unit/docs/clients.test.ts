import { describe, expect, it } from 'vitest';
import { codesOf } from '../../support/graphql-client.js';
import { startService } from '../../support/service.js';
import { differences, readProject, rowsOf, section, type Rows } from './tables.js';

const page = readProject('docs/clients.md');
const costs = [...rowsOf(section(page, '## What costs a call'))];

/** The blocks of code of a page that are no part of the file that they name. Commands name none. */
function foreignBlocks(text: string): string[] {
  return [...text.matchAll(/^```(\w+) ?(\S*)\n([^]*?)^```$/gm)]
    .filter(([, language]) => language !== 'sh')
    .filter(([, , path = '', code = '']) => path === '' || !readProject(path).includes(code))
    .map(([, , , code = '']) => code);
}

/** The codes of a table, each with one of its cells. */
function retryableByCode(rows: Rows, column: number): Rows {
  return new Map([...rows].map(([code, cells]) => [code, cells.slice(column, column + 1)]));
}

describe('docs/clients.md', () => {
  it('shows only code of the files that it names', () => {
    expect(page.match(/^```(?:ts|graphql|yaml) /gm)?.length).toBeGreaterThan(9);
    expect(foreignBlocks(page)).toEqual([]);
    const code = 'export const planted = 1;\n';
    expect(foreignBlocks(`\`\`\`ts examples/clients/urql.ts\n${code}\`\`\`\n`)).toEqual([code]);
    expect(foreignBlocks(`\`\`\`ts\n${code}\`\`\`\n`)).toEqual([code]);
  });

  it('has the codes of docs/errors.md, and says of the same ones that a second attempt may help', () => {
    const documented = retryableByCode(rowsOf(section(page, '## Errors')), 0);
    const expected = retryableByCode(rowsOf(section(readProject('docs/errors.md'), '## Errors of a lookup')), 1);
    expect(expected.size).toBeGreaterThan(7);
    expect(differences(documented, expected)).toEqual([]);
  });

  it('has the costs of several operations', () => {
    expect(costs.map(([name]) => name)).toEqual(expect.arrayContaining(['FindPerson', 'FindInCampaign']));
  });

  it.each(costs)('says how many calls %s costs', async (name, [first = '', again = '']) => {
    const file = name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    const { variables, errors = [] } = JSON.parse(readProject(`operations/${file}.json`)) as {
      readonly variables: Record<string, unknown>;
      readonly errors?: readonly string[];
    };
    const { ask, simulator } = await startService();
    for (const calls of [first, again]) {
      simulator.requestLog.reset();
      const response = await ask(readProject(`operations/${file}.graphql`), variables);
      expect(codesOf(response)).toEqual(errors);
      expect(simulator.requestLog.requests).toHaveLength(Number(calls));
    }
  });
});
