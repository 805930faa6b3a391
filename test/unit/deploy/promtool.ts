import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findTool } from '../../../scripts/setup.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs promtool in the folder of the project, and returns its exit code and everything that it writes. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly output: string } {
  const program = findTool('promtool');
  if (program === undefined) throw new Error('promtool is not installed: run node scripts/setup.mjs.');
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
