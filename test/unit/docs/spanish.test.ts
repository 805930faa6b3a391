import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { readProject } from './tables.js';

/** The English page of each Spanish one. Other tests run what the English page shows. */
const TRANSLATED: Readonly<Record<string, string>> = {
  'docs/es/clientes.md': 'docs/clients.md',
  'docs/es/operacion.md': 'docs/running.md',
};
const CODE_BLOCK = /^```.*\n[^]*?^```$/gm;
const INLINE_CODE = /`[^`]+`/g;
const LINK = /\]\(([^)]+)\)/g;

/** What a translation does not change. What may change its position in a sentence is in alphabetical order. */
function constantsOf(path: string, page: string): Readonly<Record<string, readonly string[]>> {
  const text = page.replaceAll(CODE_BLOCK, '');
  const links = [...text.matchAll(LINK)].map(([, target = '']) => target);
  const words = text.replaceAll(LINK, '').replaceAll(INLINE_CODE, '');
  return {
    blocks: page.match(CODE_BLOCK) ?? [],
    headings: text.match(/^#+ /gm) ?? [],
    rows: (text.match(/^\|.*\|$/gm) ?? []).map((row) => row.replaceAll(/[^|]/g, '')),
    'retryable codes': (text.match(/\| (?:yes|sí|no) (?=\|)/g) ?? []).map((cell) => cell.replace('sí', 'yes')),
    'items of lists': text.match(/^(?:- |\d\. )/gm) ?? [],
    names: (text.match(INLINE_CODE) ?? []).toSorted(),
    numbers: (words.match(/\d[\d.,]*\d|\d/g) ?? []).map((number) => number.replaceAll(/[.,]/g, '')).toSorted(),
    links: links.map((target) => (/^https?:/.test(target) ? target : join(dirname(path), target))).toSorted(),
  };
}

describe('docs/es', () => {
  it('has a start page and the translations', () => {
    const pages = readdirSync(new URL('../../../docs/es/', import.meta.url)).map((name) => `docs/es/${name}`);
    expect(pages.sort()).toEqual(['docs/es/README.md', ...Object.keys(TRANSLATED)].sort());
  });

  it('has only code blocks of README.md on its start page', () => {
    const blocks = readProject('docs/es/README.md').match(CODE_BLOCK) ?? [];
    expect(blocks.length).toBeGreaterThan(2);
    for (const block of blocks) expect(readProject('README.md')).toContain(`\n${block}\n`);
  });

  it.each(Object.entries(TRANSLATED))(
    '%s has the commands, queries, names, numbers and links of %s',
    (path, english) => {
      const page = readProject(path);
      const expected = constantsOf(english, readProject(english));
      for (const [kind, values] of Object.entries(expected)) {
        if (kind !== 'retryable codes') expect(values.length, kind).toBeGreaterThan(2);
      }
      expect(constantsOf(path, page)).toEqual(expected);
    },
  );

  it.each([
    ['blocks', /docker compose up/, 'docker compose run'],
    ['headings', /^## Cuota/m, '### Cuota'],
    ['rows', /^\| Prometheus .*\n/m, ''],
    ['items of lists', /^- El conteo/m, 'El conteo'],
    ['names', /`WOLKVOX_TIME_ZONE`/, '`TIME_ZONE`'],
    ['numbers', /768 MB/, '786 MB'],
    ['links', /limits\.md/, 'metrics.md'],
  ])('would not pass with other %s', (kind, original, changed) => {
    const path = 'docs/es/operacion.md';
    const page = readProject(path);
    const others = constantsOf(path, page.replace(original, changed));
    expect(others[kind]).not.toEqual(constantsOf(path, page)[kind]);
  });
});
