/** The command line of the scripts: every one answers `--help` and `--version` and refuses unknown options. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** By the error code of parseArgs. Its own messages repeat what was given, which may be a person's phone. */
const PROBLEMS = {
  ERR_PARSE_ARGS_UNKNOWN_OPTION: 'Unknown option.',
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: 'Unexpected argument.',
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: 'An option has no value, or has one although it takes none.',
};

/**
 * Reads the options of the command line. With `--help`, `--version` or a wrong option it prints a message and ends the
 * process.
 *
 * @param {string} help shown by `--help`
 * @param {Record<string, { type: 'string' | 'boolean', multiple?: boolean }>} options the options of the script
 * @param {string[]} args what was given
 * @returns {Record<string, string | boolean | string[] | undefined>} the values by option
 */
export function readOptions(help, options = {}, args = process.argv.slice(2)) {
  const known = { ...options, help: { type: 'boolean' }, version: { type: 'boolean' } };
  let values;
  try {
    ({ values } = parseArgs({ args, options: known }));
  } catch (error) {
    const names = Object.keys(known).map((name) => `--${name}`);
    console.error(`${PROBLEMS[error.code] ?? 'Wrong options.'} The known options are ${names.join(', ')}.`);
    process.exit(1);
  }
  if (values.help) console.log(help);
  else if (values.version) console.log(readVersion());
  else return values;
  process.exit(0);
}

function readVersion() {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
