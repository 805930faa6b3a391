/**
 * Reads the options of the command line. With `--help`, `--version` or a wrong option it prints a message and ends the
 * process.
 */
export function readOptions<Name extends string = never>(
  help: string,
  options?: Readonly<Record<Name, { readonly type: 'string' }>>,
): Partial<Record<Name, string>>;
