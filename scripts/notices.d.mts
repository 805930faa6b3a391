/** The parts of `package-lock.json` that the notices show. */
export interface LicensedPackages {
  /** By path, `node_modules/graphql`; the project has the empty path. `name`: only if the path has another one. */
  readonly packages: Readonly<
    Record<
      string,
      { readonly name?: string; readonly version?: string; readonly license?: string; readonly dev?: boolean }
    >
  >;
}

/** The text of `THIRD_PARTY_NOTICES.md`: each package of a production installation once, in alphabetical order. */
export function noticesOf(lockFile: LicensedPackages): string;
