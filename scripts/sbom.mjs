/**
 * `npm run sbom`: writes the software bill of materials of a production installation to `reports/sbom.cdx.json`
 * (CycloneDX, made by npm from the lock file), compares it with the lock file and checks the licences. It works without
 * a network.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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

/** Other licences, each accepted for one package. docs/decisions/0017-licences.md has the reasons. */
const ACCEPTED_LICENCES = new Map([['@apollo/federation-internals', 'Elastic-2.0']]);

/**
 * The packages that `npm ci --omit=dev` installs, as `name@version`. A package with several copies is one of them.
 *
 * @param {import('./sbom.mjs').LockFile} lockFile
 * @returns {Set<string>}
 */
export function productionPackages({ packages }) {
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return new Set(
    installed.map(([path, { name, version }]) => `${name ?? path.split('node_modules/').at(-1)}@${version}`),
  );
}

/**
 * What is wrong with an SBOM: packages that it lacks or that are not installed, and licences that are not allowed.
 *
 * @param {import('./sbom.mjs').Sbom} sbom
 * @param {import('./sbom.mjs').LockFile} lockFile
 * @returns {string[]}
 */
export function findProblems({ components }, lockFile) {
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const installed = productionPackages(lockFile);
  return [
    ...[...installed].filter((id) => !listed.has(id)).map((id) => `${id}: installed in production, but not listed`),
    ...[...listed].filter((id) => !installed.has(id)).map((id) => `${id}: listed, but not installed in production`),
    ...components
      .filter((component) => !isAllowed(component))
      .map((component) => `${component.name}@${component.version}: the licence ${licenceOf(component)} is not allowed`),
  ];
}

/** `A OR B` is allowed if one of them is, `A AND B` if both are. */
function isAllowed(component) {
  const licence = licenceOf(component);
  if (ACCEPTED_LICENCES.get(component.name) === licence) return true;
  return licence
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(' OR ').some((one) => ALLOWED_LICENCES.has(one.trim())));
}

/** One SPDX expression. CycloneDX has an expression, SPDX ids, or names that the package has chosen itself. */
function licenceOf({ licenses = [] }) {
  const texts = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return texts.length === 0 || texts.some((text) => !text) ? 'unknown' : texts.join(' AND ');
}

/**
 * Lets npm read a lock file without the packages for development. `npm sbom --omit dev` leaves out every package that a
 * package for development needs as well.
 */
function createSbom(manifest, lockFile) {
  const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
  const write = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content));
  try {
    const withoutDevelopment = Object.entries(lockFile.packages).filter(([, { dev }]) => dev !== true);
    const packages = Object.fromEntries(withoutDevelopment);
    write('package.json', { ...manifest, devDependencies: {} });
    write('package-lock.json', {
      ...lockFile,
      packages: { ...packages, '': { ...packages[''], devDependencies: {} } },
    });
    const args = 'sbom --sbom-format cyclonedx --sbom-type application --package-lock-only'.split(' ');
    const { status, stdout, stderr } = spawnSync('npm', args, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 100_000_000,
    });
    if (status !== 0) throw new Error(`npm sbom failed with exit code ${status}:\n${stderr}`);
    const sbom = JSON.parse(stdout);
    // npm takes the name of the folder.
    sbom.metadata.component.name = manifest.name;
    return sbom;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns the exit code. */
function main() {
  const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const lockFile = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8'));
  const sbom = createSbom(manifest, lockFile);
  mkdirSync(`${ROOT}reports`, { recursive: true });
  writeFileSync(ROOT + REPORT, `${JSON.stringify(sbom, null, 2)}\n`);

  const { components } = sbom;
  console.log(
    `${manifest.name} ${manifest.version} has ${components.length} runtime packages. They are listed in ${REPORT}.`,
  );
  const licences = components.map(licenceOf);
  const table = [...new Set(licences)].map((licence) => ({
    licence,
    packages: licences.filter((one) => one === licence).length,
  }));
  console.table(table.sort((one, other) => other.packages - one.packages));
  const problems = findProblems(sbom, lockFile);
  if (problems.length === 0) return 0;
  console.error(`The SBOM has ${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  return 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  readOptions(`Usage: npm run sbom [-- --help | --version]
Writes the software bill of materials of a production installation to ${REPORT} and prints the licences.

Exit codes: 0 all is allowed; 1 it differs from the lock file, or scripts/sbom.mjs does not allow a licence.`);
  process.exitCode = main();
}
