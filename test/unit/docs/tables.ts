import { readFileSync, readdirSync } from 'node:fs';

const ROOT = new URL('../../../', import.meta.url);

/** Rows of Markdown tables: the name in backticks of the first cell, and the other cells. */
export type Rows = ReadonlyMap<string, readonly string[]>;

/** Reads a text file of the project, by its path from the root. */
export function readProject(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** Reads all TypeScript files of a folder of the project as one text. */
export function readSources(folder: string): string {
  const names = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith('.ts'));
  return names.map((name) => readProject(`${folder}${name}`)).join('\n');
}

/**
 * Reads the rows whose first cell is a name in backticks. In a cell, `\|` is a bar.
 *
 * @throws Error if a name occurs twice
 */
export function rowsOf(page: string): Rows {
  const rows = new Map<string, readonly string[]>();
  for (const [, name = '', rest = ''] of page.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)) {
    if (rows.has(name)) throw new Error(`The name ${name} must occur once; it occurs twice.`);
    const cells = rest.split(/(?<!\\)\|/).map((cell) => cell.trim());
    rows.set(name, cells);
  }
  return rows;
}

/** The part of a page from one heading, such as `## Title`, to the next one of the same or a higher rank. */
export function section(page: string, heading: string): string {
  const start = `\n${page}`.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`The page has no heading "${heading}".`);
  const body = page.slice(start + heading.length);
  const end = body.search(new RegExp(`^#{1,${heading.indexOf(' ')}} `, 'm'));
  return end < 0 ? body : body.slice(0, end);
}

/** What two tables of rows do not have in common, in sentences. Empty: they are equal. */
export function differences(documented: Rows, actual: Rows): string[] {
  const found: string[] = [];
  for (const [name, cells] of actual) {
    const row = documented.get(name);
    if (row === undefined) found.push(`${name} is missing in the document.`);
    else if (row.join(' | ') !== cells.join(' | ')) {
      found.push(`${name} is documented as "${row.join(' | ')}"; the code has "${cells.join(' | ')}".`);
    }
  }
  for (const name of documented.keys()) if (!actual.has(name)) found.push(`${name} does not exist in the code.`);
  return found;
}

/** The same rows with only their first cells, or with none. */
export function firstCells(rows: Rows, count: number): Rows {
  return new Map([...rows].map(([name, cells]) => [name, cells.slice(0, count)]));
}
