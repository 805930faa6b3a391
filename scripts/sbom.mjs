/**
 * `npm run sbom`: what the service is made of. Writes the software bill of materials of its runtime dependencies to
 * `reports/sbom.cdx.json` (CycloneDX, by npm from the lock file), lists their licences, and ends with code 1 where one is not on the list
 * below or not known. Works without a network.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const REPORT = 'reports/sbom.cdx.json';

/** Licences that ask for no more than to be named. Another one is looked at by a person before it comes in. */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
]);

const sbom = readSbom();
const licences = new Map();
const refused = [];
for (const { name, version, licenses = [] } of sbom.components) {
  const licence = licenceOf(licenses);
  licences.set(licence, (licences.get(licence) ?? 0) + 1);
  if (!isAllowed(licence)) refused.push(`${name}@${version}: ${licence}`);
}

mkdirSync(`${ROOT}reports`, { recursive: true });
writeFileSync(ROOT + REPORT, `${JSON.stringify(sbom, null, 2)}\n`);
const { name, version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
console.log(`${name} ${version}: ${sbom.components.length} packages at run time, in ${REPORT}`);
console.table([...licences].sort(([, a], [, b]) => b - a).map(([licence, packages]) => ({ licence, packages })));
if (refused.length > 0) {
  console.error(
    `Licences that are not on the list of scripts/sbom.mjs:\n${refused.map((line) => `  ${line}`).join('\n')}`,
  );
  process.exitCode = 1;
}

function readSbom() {
  const args = [
    'sbom',
    '--sbom-format',
    'cyclonedx',
    '--sbom-type',
    'application',
    '--omit',
    'dev',
    '--package-lock-only',
  ];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 100_000_000 });
  if (status !== 0) throw new Error(`npm sbom ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

/** CycloneDX has an SPDX id, an expression, or the package's own words. */
function licenceOf(licenses) {
  const texts = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return texts.length === 0 || texts.some((text) => !text) ? 'unknown' : texts.join(' AND ');
}

/** One of several alternatives serves; of several that hold together, each must. */
function isAllowed(licence) {
  return licence
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(' OR ').some((one) => ALLOWED.has(one.trim())));
}
