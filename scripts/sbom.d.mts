/** The parts of `package-lock.json` that the SBOM is compared with. */
export interface LockFile {
  /** By path, `node_modules/graphql`; the project has the empty path. `name`: only if the path has another one. */
  readonly packages: Readonly<
    Record<string, { readonly name?: string; readonly version?: string; readonly dev?: boolean }>
  >;
}

/** The parts of a CycloneDX document that are checked. */
export interface Sbom {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly {
      readonly expression?: string;
      readonly license?: { readonly id?: string; readonly name?: string };
    }[];
  }[];
}

/** The packages that `npm ci --omit=dev` installs, as `name@version`. A package with several copies is one of them. */
export function productionPackages(lockFile: LockFile): Set<string>;

/** What is wrong with an SBOM: packages that it lacks or that are not installed, and licences that are not allowed. */
export function findProblems(sbom: Sbom, lockFile: LockFile): string[];
