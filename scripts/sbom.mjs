/**
 * `npm run sbom`: writes the software bill of materials of the runtime dependencies to `reports/sbom.cdx.json`
 * (CycloneDX, made by npm from the lock file) and prints their licences. It works without a network.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readOptions } from './command-line.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const REPORT = 'reports/sbom.cdx.json';

/** Licences that require attribution at most. Review a licence before you add it. */
const ALLOWED_LICENCES = new Set([
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

readOptions(`Usage: npm run sbom [-- --help | --version]
Writes the software bill of materials of the runtime dependencies to ${REPORT} and prints their licences.
The exit code is 1 if a licence is not on the list in scripts/sbom.mjs.`);

const sbom = readSbom();
const packagesByLicence = new Map();
const refused = [];
for (const { name, version, licenses = [] } of sbom.components) {
  const licence = licenceOf(licenses);
  packagesByLicence.set(licence, (packagesByLicence.get(licence) ?? 0) + 1);
  if (!isAllowed(licence)) refused.push(`  ${name}@${version}: ${licence}`);
}

mkdirSync(`${ROOT}reports`, { recursive: true });
writeFileSync(ROOT + REPORT, `${JSON.stringify(sbom, null, 2)}\n`);
const { name, version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
console.log(`${name} ${version} has ${sbom.components.length} runtime packages. They are listed in ${REPORT}.`);
const table = [...packagesByLicence].map(([licence, packages]) => ({ licence, packages }));
console.table(table.sort((one, other) => other.packages - one.packages));
if (refused.length > 0) {
  console.error(`These licences are not on the list in scripts/sbom.mjs:\n${refused.join('\n')}`);
  process.exitCode = 1;
}

function readSbom() {
  const args = 'sbom --sbom-format cyclonedx --sbom-type application --omit dev --package-lock-only'.split(' ');
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 100_000_000 });
  if (status !== 0) throw new Error(`npm sbom failed with exit code ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

/** One SPDX expression. CycloneDX has an expression, SPDX ids, or names that the package has chosen itself. */
function licenceOf(licenses) {
  const texts = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return texts.length === 0 || texts.some((text) => !text) ? 'unknown' : texts.join(' AND ');
}

/** `A OR B` is allowed if one of them is, `A AND B` if both are. */
function isAllowed(licence) {
  return licence
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(' OR ').some((one) => ALLOWED_LICENCES.has(one.trim())));
}
