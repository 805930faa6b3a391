import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startService } from '../../support/service.js';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`Expected a block of ${language} in the README; there is none.`);
  return found;
}

describe('the README', () => {
  it('shows a question and the answer that the service gives', async () => {
    const { ask } = await startService();
    const { data, errors } = await ask(block('graphql'));
    expect(errors).toEqual([]);
    expect(data).toEqual(JSON.parse(block('json')));
  });

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/`npm run ([a-z:]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });
});
