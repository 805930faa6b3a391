/**
 * `npm run soak` and `npm run chaos`: run a trial, print its tables, write them to reports/, and end with 1 where something was that must
 * not be.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';
import { soak } from './soak.js';
import type { TrialReport } from './soak.js';

const USAGE = `soak  [--minutes 5] [--replicas 3] [--seed 1] [--redis-percent 25]
chaos [--minutes 5] [--replicas 3] [--seed 1]`;
const REPORTS = new URL('../../reports/', import.meta.url);

interface Arguments {
  readonly trial: string;
  readonly minutes: number;
  readonly replicas: number;
  readonly seed: number;
  readonly redisPercent: number;
}

function readArguments(): Arguments {
  const option = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: option('5'), replicas: option('3'), seed: option('1'), 'redis-percent': option('25') },
  });
  const [trial = ''] = positionals;
  const given = {
    ...{ trial, minutes: Number(values.minutes), replicas: Number(values.replicas) },
    ...{ seed: Number(values.seed), redisPercent: Number(values['redis-percent']) },
  };
  const isRight =
    ['soak', 'chaos'].includes(trial) &&
    given.minutes > 0 &&
    given.replicas > 1 &&
    given.seed >= 0 &&
    given.redisPercent >= 0;
  if (!isRight) throw new Error(`Expected one of\n${USAGE}`);
  return given;
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

function write(trial: string, { markdown, violations, diary }: TrialReport): void {
  mkdirSync(REPORTS, { recursive: true });
  const verdict = violations.length === 0 ? 'No violation.' : `**Violations:**\n\n${violations.join('\n')}`;
  writeFileSync(new URL(`${trial}.md`, REPORTS), `${markdown}\n\n${verdict}\n`);
  writeFileSync(new URL(`${trial}-diary.txt`, REPORTS), `${diary}\n`);
  process.stdout.write(
    `\n${markdown}\n\n${verdict}\n\nAlso in reports/${trial}.md; what happened when in reports/${trial}-diary.txt\n`,
  );
}

try {
  const { trial, ...options } = readArguments();
  const report = await (trial === 'soak' ? soak({ ...options, say }) : chaos({ ...options, say }));
  write(trial, report);
  process.exitCode = report.violations.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
