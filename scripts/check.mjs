// `npm test`: everything that must hold, in the order of how fast it fails, with a summary at the end.
import { spawnSync } from 'node:child_process';

const STEPS = [
  ['what the tests need', 'node', ['scripts/setup.mjs']],
  ['generated types are fresh', 'graphql-codegen', ['--config', 'codegen.yml', '--check']],
  ['lint', 'eslint', ['.']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['tests', 'vitest', ['run']],
  ['API tests on Node 24', 'node', ['scripts/node24.mjs']],
];

const results = [];
for (const [title, command, args] of STEPS) {
  console.log(`\n== ${title}`);
  const startedAt = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  results.push({ step: title, seconds: Number(((performance.now() - startedAt) / 1000).toFixed(1)), ok: status === 0 });
  if (status !== 0) break;
}
console.log('');
console.table(results);
const failed = results.filter(({ ok }) => !ok).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
