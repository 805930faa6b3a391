import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LookupFailure } from '../core/failure.js';
import { readLookup, type Criteria, type Lookup } from '../core/lookup.js';

/** What the user can correct. The message holds nothing of what was given. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export interface Options {
  readonly customerId: string | undefined;
  readonly phone: string | undefined;
  readonly campaignId: string | undefined;
  /** A file with the three. */
  readonly person: string | undefined;
  readonly output: string;
  readonly yes: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

const KNOWN = {
  'customer-id': { type: 'string' },
  phone: { type: 'string' },
  'campaign-id': { type: 'string' },
  person: { type: 'string' },
  output: { type: 'string' },
  yes: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const;

/** By the error code of parseArgs. Its own messages repeat what was given, which may be a person's phone. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_PARSE_ARGS_UNKNOWN_OPTION: 'Unknown option.',
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: 'Unexpected argument.',
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: 'An option has no value, or has one although it takes none.',
};

/** @throws OptionError that names the known options */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({ args: [...args], options: KNOWN });
    return {
      customerId: values['customer-id'],
      phone: values.phone,
      campaignId: values['campaign-id'],
      person: values.person,
      output: values.output ?? 'probe.json',
      yes: values.yes ?? false,
      help: values.help ?? false,
      version: values.version ?? false,
    };
  } catch (error) {
    const code = error instanceof TypeError && 'code' in error ? String(error.code) : '';
    const names = Object.keys(KNOWN).map((name) => `--${name}`);
    throw new OptionError(`${PROBLEMS[code] ?? 'Wrong options.'} The known options are ${names.join(', ')}.`);
  }
}

/** What a file of `--person` may have. */
const PERSON_FIELDS = ['customerId', 'phone', 'campaignId'] as const;
type Person = { readonly [Field in (typeof PERSON_FIELDS)[number]]?: string };

/**
 * The known person of the options, and of the file that they name. An option replaces the value of the file.
 *
 * @returns undefined if no option names a person
 * @throws OptionError if the file cannot be read or has other fields
 */
export function readGiven({ customerId, phone, campaignId, person }: Options): Criteria | undefined {
  if ([customerId, phone, campaignId, person].every((value) => value === undefined)) return undefined;
  const ofFile = person === undefined ? {} : readPersonFile(person);
  return {
    customerId: customerId ?? ofFile.customerId,
    phone: phone ?? ofFile.phone,
    campaignId: campaignId ?? ofFile.campaignId,
  };
}

/**
 * Cleans and checks the known person as the service does.
 *
 * @throws OptionError that names what was expected
 */
export function readPerson(criteria: Criteria, countryCode: string | undefined): Partial<Lookup> {
  const isBlank = Object.values(criteria).every((value: string | null | undefined) => (value ?? '').trim() === '');
  if (isBlank) return {};
  try {
    return readLookup(criteria, countryCode);
  } catch (error) {
    if (error instanceof LookupFailure) throw new OptionError(`The person cannot be used: ${error.message}`);
    throw error;
  }
}

function readPersonFile(path: string): Person {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The error of the parser quotes the file.
    throw new OptionError('--person: the file cannot be read, or is not JSON.');
  }
  if (isPerson(content)) return content;
  throw new OptionError(
    '--person: expected an object with the texts customerId, phone and campaignId, or some of them.',
  );
}

function isPerson(content: unknown): content is Person {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return false;
  return Object.entries(content).every(
    ([name, value]) => PERSON_FIELDS.some((field) => field === name) && typeof value === 'string',
  );
}
