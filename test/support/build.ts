import { execFileSync } from 'node:child_process';

/** Builds `dist` before the tests: some start the service as it is started outside, and must not meet an older one. */
export default function build(): void {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
}
