import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const LOG = fileURLToPath(new URL('../../../src/telemetry/log.ts', import.meta.url));

/** What a process with a log writes, and whether it loads the package for readable lines. */
function output(isTerminal: boolean): string {
  const script = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    createLog({ level: 'info', secrets: [] }).info('service.listening');
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(${JSON.stringify(LOG)}).cache);
    console.log(loaded.some((path) => path.includes('pino-pretty')) ? 'loaded' : 'not loaded');`;
  const preload = `data:text/javascript,process.stdout.isTTY=${String(isTerminal)}`;
  const node = ['--import', preload, '--import', 'tsx', '--input-type=module', '--eval', script];
  return spawnSync(process.execPath, node, { encoding: 'utf8', timeout: 20_000 }).stdout;
}

describe('The log', () => {
  it('has lines of JSON if stdout is no terminal, and does not load the package for readable ones', () => {
    const [line = '', loaded] = output(false).split('\n');
    expect(JSON.parse(line)).toMatchObject({ level: 'info', event: 'service.listening' });
    expect(loaded).toBe('not loaded');
  });

  it('has readable lines if stdout is a terminal', () => {
    const text = output(true);
    expect(text).toMatch(/^\[[\d:.]+\] .*INFO.*: The service listens/);
    expect(text.trimEnd().endsWith('\nloaded')).toBe(true);
  });
});
