interface Option {
  readonly type: 'string' | 'boolean';
}

/**
 * Reads the options of the command line. With `--help`, `--version` or a wrong option it prints a message and ends the
 * process.
 */
export function readOptions<Options extends Readonly<Record<string, Option>> = Record<string, never>>(
  help: string,
  options?: Options,
): { readonly [Name in keyof Options]?: Options[Name]['type'] extends 'boolean' ? boolean : string };
