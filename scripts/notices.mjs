/**
 * `node scripts/notices.mjs`: writes `THIRD_PARTY_NOTICES.md`, the packages of a production installation with their
 * licences, from the lock file. A test fails if the file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readOptions } from './command-line.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FILE = 'THIRD_PARTY_NOTICES.md';

/**
 * The text of the file.
 *
 * @param {import('./notices.mjs').LicensedPackages} lockFile
 * @returns {string}
 */
export function noticesOf({ packages }) {
  const rows = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(
      ([path, { name = path.split('node_modules/').at(-1), version, license = 'unknown' }]) =>
        `| ${name} | ${version} | ${license} |`,
    );
  return `# Third-party notices

A production installation (\`npm ci --omit=dev\`) has these packages. Most of them have the text of their licence in their folder of
\`node_modules\`; the others name it in their \`package.json\`. [Decision 0017](docs/decisions/0017-licences.md) says which licences are allowed.

\`node scripts/notices.mjs\` writes this page from \`package-lock.json\`.

| package | version | licence |
|---|---|---|
${[...new Set(rows)].sort().join('\n')}
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  readOptions(`Usage: node scripts/notices.mjs [--help | --version]
Writes ${FILE} from package-lock.json.`);
  writeFileSync(ROOT + FILE, noticesOf(JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8'))));
}
