import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startService } from '../../support/service.js';
import { readProject, section } from './tables.js';

const ROOT = new URL('../../../', import.meta.url);

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

  it('lists only folders and files that exist, and every folder of src and test', () => {
    const listed = [...section(readme, '## Folders').matchAll(/^([\w./]+) {2,}\S/gm)].map(([, path = '']) => path);
    expect(listed.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
    for (const parent of ['src/', 'test/']) {
      const folders = readdirSync(new URL(parent, ROOT), { withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      );
      expect(folders.length).toBeGreaterThan(5);
      expect(listed).toEqual(expect.arrayContaining(folders.map(({ name }) => `${parent}${name}/`)));
    }
  });

  it('has the commands to start and to test', () => {
    expect(readme).toContain('\nnpm ci && npm start\n');
    expect(readme).toContain('\nnpm ci && npm test\n');
  });
});
