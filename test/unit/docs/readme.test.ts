import { describe, expect, it } from 'vitest';
import { startService } from '../../support/service.js';
import { readProject } from './tables.js';

const readme = readProject('README.md');
const { scripts } = JSON.parse(readProject('package.json')) as { scripts: Record<string, string> };

/** The first code block of a language in the README. */
function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`The README has no block of ${language}.`);
  return found;
}

describe('README.md', () => {
  it('shows a query and the answer that the service gives', async () => {
    const { ask } = await startService();
    const { data, errors } = await ask(block('graphql'));
    expect(errors).toEqual([]);
    expect(data).toEqual(JSON.parse(block('json')));
    const other = await ask(block('graphql').replace('4821', '4999'));
    expect(other.data).not.toEqual(data);
  });

  it('names only scripts that package.json has', () => {
    const named = [...readme.matchAll(/`npm (?:run )?(start|test|(?<=run )[a-z:]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it('has the commands to start and to test', () => {
    expect(readme).toContain('\nnpm ci && npm start\n');
    expect(readme).toContain('\nnpm ci && npm test\n');
  });
});
