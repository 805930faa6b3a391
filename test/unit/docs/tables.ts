import { readFileSync, readdirSync } from 'node:fs';

const ROOT = new URL('../../../', import.meta.url);

/** A text file of the project, by its path from the root. */
export function readProject(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The TypeScript files of a folder of the project, together. */
export function readSources(folder: string): string {
  const names = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith('.ts'));
  return names.map((name) => readProject(`${folder}${name}`)).join('\n');
}

/** The rows of a page's tables whose first cell is a name in backticks: that name, and the other cells. */
export function rowsOf(page: string): Map<string, string[]> {
  const rows = [...page.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)];
  const names = rows.map(([, name]) => name ?? '');
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`Expected each name once; came twice: ${twice.join(', ')}.`);
  return new Map(rows.map(([, name = '', rest = '']) => [name, rest.split(/ \| ?/).map((cell) => cell.trim())]));
}

/** The part of a page from one heading to the next of its rank. */
export function section(page: string, heading: string): string {
  const start = page.indexOf(`## ${heading}\n`);
  if (start < 0) throw new Error(`Expected the heading ${heading}.`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}
