import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readProject } from './tables.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const decisions = markdownIn('docs/decisions/');
const pages = [...markdownIn(''), ...markdownIn('docs/'), ...markdownIn('docs/es/'), ...decisions];

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => folder + name);
}

/** The links of a text to files and headings that do not exist. */
function brokenLinks(path: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^https?:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, linked))) return [target];
    return anchor === undefined || headingsOf(linked).includes(anchor) ? [] : [target];
  });
}

/** The anchors that GitHub gives to the headings of a page. */
function headingsOf(path: string): string[] {
  return [...readProject(path).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('The documents', () => {
  it.each(pages)('link only to files and headings that exist: %s', (path) => {
    expect(brokenLinks(path, readProject(path))).toEqual([]);
  });

  it('have links to files and headings, and broken ones are found', () => {
    const links =
      pages
        .map(readProject)
        .join('\n')
        .match(/\]\([^)\s]+#[^)\s]+\)/g) ?? [];
    expect(links.length).toBeGreaterThan(8);
    const text = '[a](docs/errors.md) [b](docs/none.md) [c](docs/errors.md#none) [d](docs/errors.md#kinds-of-failures)';
    expect(brokenLinks('README.md', text)).toEqual(['docs/none.md', 'docs/errors.md#none']);
  });
});

describe('docs/decisions', () => {
  const SECTIONS = ['## Context', '## Decision', '## Consequences'];

  it('are numbered without a gap', () => {
    const numbers = decisions.map((path) => Number(/(\d{4})-[a-z-]+\.md$/.exec(path)?.[1]));
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it.each(decisions)('has a number, a date, a status and three sections: %s', (path) => {
    const text = readProject(path);
    const number = Number(/\/(\d{4})-/.exec(path)?.[1]);
    expect(text).toMatch(
      new RegExp(`^# ${number}\\. .+\n\nDate: \\d{4}-\\d{2}-\\d{2}\nStatus: (accepted|superseded by \\[)`),
    );
    expect(text.match(/^## .+$/gm)).toEqual(SECTIONS);
  });
});
