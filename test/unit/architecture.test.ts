import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The parts of `src/`, and what each may import of the others. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'main.ts': 'everything',
  'service.ts': 'everything',
  service: 'everything',
  config: [],
  core: [],
  http: ['core'],
  graphql: ['core'],
  cache: ['core'],
  calls: ['core'],
  wolkvox: ['core'],
  redis: ['core'],
  telemetry: ['core'],
  playground: ['core'],
  status: ['core'],
  labels: ['core'],
  simulator: [],
  // A program of its own: it calls Wolkvox, or the simulator, as the service does.
  probe: ['config', 'core', 'wolkvox', 'simulator'],
};
const READS_ENVIRONMENT = ['main.ts', 'probe/main.ts', 'simulator/main.ts'];
/** The files that may contain columns, codes and texts of Wolkvox. */
const KNOWS_WOLKVOX = /^(wolkvox\/(request|answer|rows|columns|campaigns|token-info|failure)\.ts$|simulator\/)/;
const WOLKVOX_WORDS = [
  /\b(customer_(id|name|last_name|phone)|campaign_id|conn_id|find_record)\b/,
  /\b(campaign_(name|description)|type_campaign|last_use)\b/,
  /\b(token_(info|limit|use_today)|all_token_today)\b/,
  /['"`.]((opt|tel)([1-9]|1[0-2])|opt\$\{|tel\$\{)/,
  /\bTOKEN LIMIT EXCEEDED\b|\bSIMULTANEOUS REQUESTS\b|\bVALIDATE TOKEN\b|\bWOLKVOX-TOKEN\b|\brecords were found\b/i,
];
/** The graph names the free columns as Wolkvox does (`CampaignOpt.name`). */
const NAMES_COLUMNS_BY_CONTRACT = ['core/opt-labels.ts', 'graphql/resolvers.ts'];
/** Words of an older vocabulary, and the terms that replace them. They appear in no identifier and no file name. */
const REPLACED_WORDS: Readonly<Record<string, string>> = {
  turnstile: 'call queue',
  rotation: 'priority',
  places: 'slots',
  asking: 'lookup options',
  askingof: 'lookup options',
  onsent: 'lookup options',
  daybudget: 'daily quota',
  door: 'router auth',
  guard: 'document limits',
  standin: 'stale-if-error',
  maystandin: 'mayServeStale',
  lapse: 'expire',
  untold: 'expire',
  forgetting: 'erasure',
  kept: 'cache entry',
  noted: 'reportFailure',
  cast: 'example people',
  spoiling: 'fault effects',
  witness: 'request log',
  bomb: 'gzip bomb',
  scene: 'cluster',
  judge: 'oracle',
  diary: 'timeline',
};

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SRC = join(ROOT, 'src');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));
const files = tracked
  .filter((path) => path.startsWith('src/') && path.endsWith('.ts'))
  .map((path) => path.slice('src/'.length));
const textOf = (path: string): string => readFileSync(join(SRC, path), 'utf8');
const partOf = (path: string): string => path.split('/')[0] ?? path;
/** What a file imports: files of `src/` by their paths, packages by their names. */
const imported = new Map(files.map((path) => [path, importsOf(path, textOf(path))]));

describe('architecture', () => {
  it('has only the parts of the table', () => {
    expect([...new Set(files.map(partOf))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it.each(Object.entries(MAY_IMPORT))('%s imports only: %s', (part, allowed) => {
    const wrong = files
      .filter((path) => partOf(path) === part)
      .flatMap((path) => (imported.get(path) ?? []).map((target) => ({ path, target })))
      .filter(({ target }) => files.includes(target))
      .filter(({ target }) => allowed !== 'everything' && ![part, ...allowed].includes(partOf(target)));
    expect(wrong).toEqual([]);
  });

  it('imports only files that exist', () => {
    const missing = [...imported].flatMap(([path, targets]) =>
      targets
        .filter((target) => target.endsWith('.ts') && !files.includes(target))
        .map((target) => `${path}: ${target}`),
    );
    expect(missing).toEqual([]);
    expect([...imported.values()].flat().length).toBeGreaterThan(100);
  });

  it('imports no package in core', () => {
    const packages = files
      .filter((path) => partOf(path) === 'core')
      .flatMap((path) => (imported.get(path) ?? []).filter((target) => !files.includes(target)));
    expect(packages).toEqual([]);
  });

  it('imports packages only by their public entry points (defect 55)', () => {
    const internal = /^(?:@[^/]+\/)?[^@./][^/]*\/(?:dist|build|lib|src|esm|cjs)\/|^graphql\/./;
    expect('@apollo/subgraph/dist/types.js').toMatch(internal);
    expect('@apollo/server/plugin/disabled').not.toMatch(internal);
    // graphql-js exports it from no entry point. Decision 0021 says why it is used.
    const exceptions = ['src/graphql/text-executor.ts: graphql/execution/collectFields.js'];
    const found = tracked
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .flatMap((path) => {
        const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, path), 'utf8'));
        return importedFiles.map(({ fileName }) => `${path}: ${fileName}`);
      })
      .filter((line) => internal.test(line.replace(/^.*: /, '')));
    expect(found).toEqual(exceptions);
  });

  it('has no circular imports, also not of types', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (done.has(path) || way.includes(path)) return;
      for (const target of imported.get(path) ?? []) if (files.includes(target)) visit(target, [...way, path]);
      done.add(path);
    };
    for (const path of files) visit(path, []);
    expect(circles).toEqual([]);
  });

  it('retries no test, skips none, and runs none alone (defects 38 and 39)', () => {
    const evasive = /\bretry:\s*\d|\b(?:it|test|describe)\.(?:only|skip|todo|fails)\b/;
    expect('it.skip(').toMatch(evasive);
    expect('{ retry: 1 }').toMatch(evasive);
    const tests = tracked.filter((path) => /^(?:test\/.*\.ts|vitest\.config\.ts)$/.test(path));
    expect(tests.length).toBeGreaterThan(80);
    const found = tests
      .filter((path) => path !== 'test/unit/architecture.test.ts')
      .filter((path) => evasive.test(readFileSync(join(ROOT, path), 'utf8')));
    expect(found).toEqual([]);
  });

  it('loads the simulator only when it is used', () => {
    const loading = files
      .filter((path) => partOf(path) !== 'simulator')
      .filter((path) => /^import [^;]*simulator\//m.test(compiled(path)));
    expect(loading).toEqual([]);
    expect(compiled('service/parts.ts')).toContain("import('../simulator/");
  });

  it('reads the environment only in the main files', () => {
    const readers = files.filter((path) =>
      /process\s*(\.env\b|\[)|\benv\b[^\n]*from 'node:process'/.test(textOf(path)),
    );
    expect(readers.sort()).toEqual(READS_ENVIRONMENT);
  });

  it('mentions columns, codes and texts of Wolkvox only in src/wolkvox', () => {
    const linesWithWords = (path: string): string[] =>
      compiled(path)
        .split('\n')
        .filter((line) => WOLKVOX_WORDS.some((word) => word.test(line)))
        .map((line) => `${path}: ${line.trim()}`);
    const others = files.filter((path) => !KNOWS_WOLKVOX.test(path) && !NAMES_COLUMNS_BY_CONTRACT.includes(path));
    expect(others.flatMap(linesWithWords)).toEqual([]);
    // The patterns match the words that are in use.
    const known = files.filter((path) => path.startsWith('wolkvox/') && KNOWS_WOLKVOX.test(path)).map(textOf);
    for (const word of WOLKVOX_WORDS) expect(known.join('\n')).toMatch(word);
  });
});

describe('vocabulary', () => {
  const sources = tracked.filter(
    (path) => /\.(ts|mjs)$/.test(path) && !/generated\.ts$|architecture\.test\.ts$/.test(path),
  );

  it('uses the standard terms in identifiers', () => {
    const found = sources.flatMap((path) =>
      identifiersIn(readFileSync(join(ROOT, path), 'utf8')).flatMap((name) =>
        wordsOf(name)
          .filter((word) => Object.hasOwn(REPLACED_WORDS, word) && !isAllowed(name))
          .map((word) => `${path}: ${name} (${REPLACED_WORDS[word] ?? ''})`),
      ),
    );
    expect(found).toEqual([]);
    expect(wordsOf('createTurnstile')).toContain('turnstile');
    expect(wordsOf('mayStandIn')).toContain('maystandin');
  });

  it('uses the standard terms in file names', () => {
    const found = tracked.filter((path) =>
      wordsOf(path.replace(/\.[a-z]+$/, '').replace(/[/.]/g, '-')).some(
        (word) => Object.hasOwn(REPLACED_WORDS, word) && !isAllowed(path),
      ),
    );
    expect(found).toEqual([]);
  });
});

/** "gzip bomb" is the standard term; "bomb" alone is not. */
function isAllowed(name: string): boolean {
  return /gzip[-_]?bomb|bomb(Mb|Bytes)/i.test(name);
}

/** The words of a name in camel case or with dashes, and the name as a whole, in lower case. */
function wordsOf(name: string): string[] {
  const words = name.split(/[-_ ]|(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase());
  return [...new Set([...words, name.toLowerCase()])];
}

function identifiersIn(text: string): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2023));
  return [...names];
}

function importsOf(path: string, text: string): string[] {
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? relative(SRC, join(SRC, dirname(path), fileName)).replace(/\.js$/, '.ts') : fileName,
    );
}

/** The file without its types and comments: what runs. */
function compiled(path: string): string {
  return ts.transpileModule(textOf(path), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      removeComments: true,
    },
  }).outputText;
}
