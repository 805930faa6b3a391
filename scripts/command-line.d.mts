interface Option {
  readonly type: 'string' | 'boolean';
  /** The option may be given several times. Its value is a list then. */
  readonly multiple?: boolean;
}

type Value<Known extends Option> = Known extends { readonly type: 'boolean' }
  ? boolean
  : Known extends { readonly multiple: true }
    ? string[]
    : string;

/**
 * Reads the options of the command line. With `--help`, `--version` or a wrong option it prints a message and ends the
 * process.
 *
 * @param args what was given; by default the arguments of the process
 */
export function readOptions<Options extends Readonly<Record<string, Option>> = Record<string, never>>(
  help: string,
  options?: Options,
  args?: string[],
): { readonly [Name in keyof Options]?: Value<Options[Name]> };
