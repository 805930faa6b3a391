import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join, relative } from 'node:path/posix';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** Who may import which rooms of `src/` beside itself. A room that is not here is one too many. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'every room'>> = {
  'main.ts': 'every room',
  'service.ts': 'every room',
  'config.ts': [],
  records: [],
  graphql: ['records'],
  cache: ['records'],
  redis: ['records'],
  wolkvox: ['records'],
  telemetry: ['records'],
  http: ['records'],
  playground: ['records'],
  simulator: ['records'],
};
const READS_ENVIRONMENT = ['main.ts', 'simulator/main.ts'];
/** Who may know a column, a code or a text of Wolkvox; everybody else has the domain's words. */
const KNOWS_WOLKVOX = /^(wolkvox\/(wire|rows|columns|failure)\.ts$|simulator\/)/;
const WOLKVOX_WORDS = [
  /\b(customer_(id|name|last_name|phone)|campaign_id|conn_id|find_record)\b/,
  /['"`.]((opt|tel)([1-9]|1[0-2])|opt\$\{|tel\$\{)/,
  /\bTOKEN LIMIT EXCEEDED\b|\bSIMULTANEOUS REQUESTS\b|\bVALIDATE TOKEN\b|\bWOLKVOX-TOKEN\b|\brecords were found\b/i,
];
/** The graph names the free columns as Wolkvox does: the contract's `Opt.name`. */
const SAYS_SO_BY_CONTRACT = ['graphql/resolvers.ts'];

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const textOf = (path: string): string => readFileSync(join(SRC, path), 'utf8');
const roomOf = (path: string): string => path.split('/')[0] ?? path;
/** Everything that a file imports: files of `src/` by their paths, packages by their names. */
const imported = new Map(
  files.map((path) => [
    path,
    ts
      .preProcessFile(textOf(path))
      .importedFiles.map(({ fileName }) =>
        fileName.startsWith('.') ? relative(SRC, join(SRC, dirname(path), fileName)).replace(/\.js$/, '.ts') : fileName,
      ),
  ]),
);

describe('the house', () => {
  it('has only the rooms of the table', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });

  it.each(Object.entries(MAY_IMPORT))('lets %s import only: %s', (room, allowed) => {
    const wrong = files
      .filter((path) => roomOf(path) === room)
      .flatMap((path) => (imported.get(path) ?? []).map((target) => ({ path, target })))
      .filter(({ target }) => files.includes(target))
      .filter(({ target }) => allowed !== 'every room' && ![room, ...allowed].includes(roomOf(target)));
    expect(wrong).toEqual([]);
  });

  it('imports only files that are there, by their written names', () => {
    const missing = [...imported].flatMap(([path, targets]) =>
      targets
        .filter((target) => target.endsWith('.ts') && !files.includes(target))
        .map((target) => `${path}: ${target}`),
    );
    expect(missing).toEqual([]);
    expect([...imported.values()].flat().length).toBeGreaterThan(100);
  });

  it('keeps packages out of records/', () => {
    const packages = files
      .filter((path) => roomOf(path) === 'records')
      .flatMap((path) => (imported.get(path) ?? []).filter((target) => !files.includes(target)));
    expect(packages).toEqual([]);
  });

  it('has no file that is imported by way of itself', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (done.has(path) || way.includes(path)) return;
      for (const target of runtimeImports(path)) walk(target, [...way, path]);
      done.add(path);
    };
    for (const path of files) walk(path, []);
    expect(cycles).toEqual([]);
  });

  it('reads the environment in its main files alone', () => {
    const readers = files.filter((path) =>
      /process\s*(\.env\b|\[)|\benv\b[^\n]*from 'node:process'/.test(textOf(path)),
    );
    expect(readers.sort()).toEqual(READS_ENVIRONMENT);
  });

  it("says Wolkvox's words in one place", () => {
    const knowing = files
      .filter((path) => !KNOWS_WOLKVOX.test(path) && !SAYS_SO_BY_CONTRACT.includes(path))
      .flatMap((path) =>
        codeLines(path)
          .filter((line) => WOLKVOX_WORDS.some((word) => word.test(line)))
          .map((line) => `${path}: ${line.trim()}`),
      );
    expect(knowing).toEqual([]);
    // The words are the ones that are in use: the place that may say them does.
    const said = files
      .filter((path) => path.startsWith('wolkvox/') && KNOWS_WOLKVOX.test(path))
      .map(textOf)
      .join('\n');
    for (const word of WOLKVOX_WORDS) expect(said).toMatch(word);
  });
});

/** Imports that run: those of types alone are gone when the program does. */
function runtimeImports(path: string): string[] {
  const withoutTypes = ts.transpileModule(textOf(path), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;
  const names = new Set(ts.preProcessFile(withoutTypes).importedFiles.map(({ fileName }) => fileName));
  return [...names]
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(SRC, join(SRC, dirname(path), name)).replace(/\.js$/, '.ts'));
}

/** A file's lines without its comments, which may tell of Wolkvox. */
function codeLines(path: string): string[] {
  return ts
    .transpileModule(textOf(path), {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, removeComments: true },
    })
    .outputText.split('\n');
}
