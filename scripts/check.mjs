/** `npm test`: runs every check, and stops when one fails. */
import { spawn } from 'node:child_process';
import { readOptions } from './command-line.mjs';

/** The steps of a group run at the same time: each of them uses one core. */
const GROUPS = [
  [['Install the programs that the tests need', 'node', ['scripts/setup.mjs']]],
  [['Install the gateways and the libraries of clients that the tests run', 'node', ['scripts/packages.mjs']]],
  [
    ['Compare the generated types with the schema', 'graphql-codegen', ['--config', 'codegen.yml', '--check']],
    ['Check the format', 'prettier', ['--check', '--log-level', 'warn', '.']],
    ['Check the types', 'tsc', ['-p', 'tsconfig.json']],
    ['Lint', 'eslint', ['.']],
  ],
  [['Run the tests', 'vitest', ['run']]],
  [['Run tests on other versions of Node', 'node', ['scripts/node-versions.mjs']]],
];
const STEPS = GROUPS.flat();

readOptions(`Usage: npm test [-- --help | --version]
Runs every check, and stops when one fails:
${STEPS.map(([title], index) => `  ${index + 1}. ${title}`).join('\n')}

Exit codes: 0 all checks pass; 1 a check fails.`);

const results = [];
for (const group of GROUPS) {
  results.push(...(await Promise.all(group.map((step) => run(step, group.length > 1)))));
  if (results.some(({ ok }) => !ok)) break;
}
console.log('');
console.table(results);
const passed = results.filter(({ ok }) => ok).length;
console.log(`${passed} of ${STEPS.length} steps passed.`);
process.exitCode = passed === STEPS.length ? 0 : 1;

/** Runs a step. The output of a step that has others beside it is printed when the step has ended. */
async function run([title, command, args], hasOthers) {
  const startedAt = performance.now();
  if (!hasOthers) console.log(`\n== ${title}`);
  const child = spawn(command, args, { stdio: hasOthers ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
    // The program cannot be started.
    child.once('error', ({ message }) => {
      console.error(message);
      resolve(1);
    });
  });
  if (hasOthers) console.log(`\n== ${title}\n${output.trimEnd()}`);
  return { step: title, seconds: Number(((performance.now() - startedAt) / 1_000).toFixed(1)), ok: code === 0 };
}
