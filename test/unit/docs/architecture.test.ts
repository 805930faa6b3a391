import { describe, expect, it } from 'vitest';
import { readProject, section } from './tables.js';

const page = readProject('ARCHITECTURE.md');
const listOf = (text: string, item: RegExp): string[] => [...text.matchAll(item)].map(([, name = '']) => name);
/** Rows of the table of layers: the number, with a star if the layer needs Redis, and the name in the code. */
const ROW = /^\| (\d+\*?) \| [^`|]+ \(`([\w.]+)`\)/gm;

describe('ARCHITECTURE.md', () => {
  it('has the layers of the service in their order', () => {
    const list = /const layers: [^=]*= \[([^]*?)\n {2}\];/.exec(readProject('src/service.ts'))?.[1] ?? '';
    const inCode = listOf(list, /\b(redis\.\w+|\w+\.layer|create\w+(?=\()|with\w+(?=\())/g);
    const documented = [...section(page, '## One path').matchAll(ROW)];
    expect(inCode.length).toBeGreaterThan(7);
    expect(documented.map(([, , name]) => name)).toEqual([...inCode, 'client']);
    expect(documented.map(([, number = '']) => Number.parseInt(number, 10))).toEqual(
      documented.map((_, index) => index + 1),
    );
    expect(documented.filter(([, number = '']) => number.endsWith('*')).map(([, , name]) => name)).toEqual(
      inCode.filter((name) => name.startsWith('redis.')),
    );
  });

  it('names only files that exist', () => {
    const files = [
      ...listOf(page, /`((?:src|test|schema|docs)\/[\w./-]+\.[a-z]+)`/g),
      ...listOf(page, /`((?:http|graphql|core|cache|calls|wolkvox|redis)\/[\w-]+\.ts)`/g).map((name) => `src/${name}`),
    ];
    expect(files.length).toBeGreaterThan(40);
    for (const file of files) expect(readProject(file).length, file).toBeGreaterThan(0);
    expect(() => readProject('src/none.ts')).toThrow();
  });

  it('has a glossary of at most twelve terms', () => {
    const terms = listOf(section(page, '## Glossary'), /^\| (?!term|-)([^|]+) \|/gm);
    expect(terms.length).toBeGreaterThan(9);
    expect(terms.length).toBeLessThan(13);
  });
});
