import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readProject, section } from '../docs/tables.js';

const PAGE = readProject('docs/runbook.md');
const PREPARATION = commandsIn('## Before you start').join('\n');

/** The service that the commands ask. */
export interface Confirmed {
  readonly url: string;
  readonly metricsToken: string;
  /** The log, a JSON line per event. */
  readonly logFile: string;
  readonly requestId?: string;
}

/** The headings of the sections of a part, such as `## Alerts`. */
export function sectionsOf(part: string): readonly string[] {
  return [...section(PAGE, part).matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
}

/** The commands of a section, such as `### WolkvoxHangs`. They are one line each. */
export function commandsIn(heading: string): readonly string[] {
  const [, block] = /^```sh\n([\s\S]*?)^```$/m.exec(section(PAGE, heading)) ?? [];
  if (block === undefined) throw new Error(`The section "${heading}" of docs/runbook.md has no commands.`);
  return block.trim().split('\n');
}

const execute = promisify(execFile);

/**
 * Runs a command of the runbook as an operator does, and returns what it prints.
 *
 * @throws Error if the command writes to stderr
 */
export async function runCommand(
  command: string,
  { url, metricsToken, logFile, requestId = '' }: Confirmed,
): Promise<string> {
  // grep ends with 1 if it finds nothing.
  const script = [PREPARATION, 'log() { cat "$LOG_FILE"; }', `${command} || true`].join('\n');
  const { stdout, stderr } = await execute('/bin/sh', ['-c', script], {
    env: {
      PATH: process.env['PATH'] ?? '',
      SUBGRAPH: url,
      METRICS_TOKEN: metricsToken,
      LOG_FILE: logFile,
      REQUEST_ID: requestId,
    },
  });
  if (stderr !== '') throw new Error(`The command failed: ${command}\n${stderr}`);
  return stdout;
}
