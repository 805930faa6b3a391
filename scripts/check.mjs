/** `npm test`: runs every check, the fastest first, and stops at the first one that fails. */
import { spawnSync } from 'node:child_process';
import { readOptions } from './command-line.mjs';

const STEPS = [
  ['Install the programs that the tests need', 'node', ['scripts/setup.mjs']],
  ['Install the gateways and the libraries of clients that the tests run', 'node', ['scripts/packages.mjs']],
  ['Compare the generated types with the schema', 'graphql-codegen', ['--config', 'codegen.yml', '--check']],
  ['Lint', 'eslint', ['.']],
  ['Check the format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['Check the types', 'tsc', ['-p', 'tsconfig.json']],
  ['Run the tests', 'vitest', ['run']],
  ['Run tests on other versions of Node', 'node', ['scripts/node-versions.mjs']],
];

readOptions(`Usage: npm test [-- --help | --version]
Runs every check, the fastest first, and stops at the first one that fails:
${STEPS.map(([title], index) => `  ${index + 1}. ${title}`).join('\n')}

Exit codes: 0 all checks pass; 1 a check fails.`);

const results = [];
for (const [title, command, args] of STEPS) {
  console.log(`\n== ${title}`);
  const startedAt = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  const seconds = Number(((performance.now() - startedAt) / 1_000).toFixed(1));
  results.push({ step: title, seconds, ok: status === 0 });
  if (status !== 0) break;
}
console.log('');
console.table(results);
const passed = results.filter(({ ok }) => ok).length;
console.log(`${passed} of ${STEPS.length} steps passed.`);
process.exitCode = passed === STEPS.length ? 0 : 1;
