import { readFile, stat } from 'node:fs/promises';
import { toCanonicalCampaignId } from '../core/lookup.js';
import { OPT_NAMES, OPT_TYPES, type OptLabel, type OptType } from '../core/opt-labels.js';

/**
 * The file has no more bytes. They are enough for all opts of 500 campaigns. They are checked in about 15 ms, and the
 * process handles no request meanwhile.
 */
export const MAX_FILE_BYTES = 300_000;
/** A longer label does not fit into the heading of a column. The bounds are our own. */
const MAX_LABEL_CHARACTERS = 60;
/** The length of a label in JavaScript, where a visible character may count more than once. */
export const MAX_LABEL_LENGTH = 4 * MAX_LABEL_CHARACTERS;
/** As in the criteria of a lookup. */
const CAMPAIGN_ID = /^[0-9]{1,10}$/;
const VISIBLE_CHARACTERS = new Intl.Segmenter();
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The labels of opt1 to opt12 in order, always twelve. */
export type Columns = readonly OptLabel[];

/** The content of a file. */
export interface LabelTable {
  /** Those of a campaign without an entry of its own. */
  readonly default: Columns;
  /** By campaign id, without leading zeros. */
  readonly campaigns: ReadonlyMap<string, Columns>;
}

/** What a file holds, or everything that is wrong with it. Each problem names the JSON path, and no value. */
export type LabelFile = { readonly table: LabelTable } | { readonly problems: readonly string[] };

/** Reads and checks a file. */
export async function readLabelFile(path: string): Promise<LabelFile> {
  let bytes: Buffer;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return { problems: ['the path does not lead to a file.'] };
    if (stats.size > MAX_FILE_BYTES) return { problems: [`the file has more than ${MAX_FILE_BYTES / 1_000} kB.`] };
    bytes = await readFile(path);
  } catch (error) {
    return { problems: [`the file cannot be read (${codeOf(error)}).`] };
  }
  return parseLabels(bytes);
}

/** Checks the content of a file: JSON in UTF-8, with or without a byte order mark. */
export function parseLabels(bytes: Uint8Array): LabelFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problems: ['the file is not text in UTF-8.'] };
  }
  try {
    return checkLabels(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problems: [`the file is not valid JSON${lineOf(error, text)}.`] };
  }
}

/** One column of a campaign, and the entry of the file that describes it. */
interface Column extends OptLabel {
  readonly path: Path;
}

/** The keys that lead to a value of the file. */
type Path = readonly string[];

function checkLabels(json: unknown): LabelFile {
  const problems: string[] = [];
  const add: AddProblem = (path, problem) => problems.push(`${showPath(path)}: ${problem}`);
  const root = new Map<string, unknown>([['default', {}], ['campaigns', {}], ...entriesOf(json, [], add)]);
  for (const key of root.keys()) {
    if (key !== 'default' && key !== 'campaigns') add([key], 'unknown key; expected default or campaigns.');
  }
  const blank = OPT_NAMES.map((): Column => ({ label: null, type: null, path: [] }));
  const defaults = readColumns(root.get('default'), ['default'], blank, add);
  const campaigns = new Map<string, Columns>();
  for (const [id, value] of entriesOf(root.get('campaigns'), ['campaigns'], add)) {
    const path = ['campaigns', id];
    if (!CAMPAIGN_ID.test(id) || toCanonicalCampaignId(id) !== id) {
      add(path, 'expected a campaign id of 1 to 10 digits without leading zeros.');
    }
    campaigns.set(id, freeze(readColumns(value, path, defaults, add)));
  }
  return problems.length > 0 ? { problems } : { table: { default: freeze(defaults), campaigns } };
}

type AddProblem = (path: Path, problem: string) => void;

/** The columns that an object of the file describes. It replaces those of `inherited` one by one. */
function readColumns(value: unknown, path: Path, inherited: readonly Column[], add: AddProblem): Column[] {
  const columns = [...inherited];
  for (const [name, entry] of entriesOf(value, path, add)) {
    const index = OPT_NAMES.indexOf(name);
    if (index < 0) add([...path, name], 'unknown key; expected opt1 to opt12.');
    else columns[index] = readColumn(entry, [...path, name], add);
  }
  checkNames(columns, inherited, add);
  return columns;
}

function readColumn(value: unknown, path: Path, add: AddProblem): Column {
  let label: string | null = null;
  let type: OptType | null = null;
  for (const [key, given] of entriesOf(value, path, add)) {
    if (key === 'label' && isLabel(given)) label = given;
    else if (key === 'type' && isType(given)) type = given;
    else add([...path, key], EXPECTED.get(key) ?? 'unknown key; expected label or type.');
  }
  return { label, type, path };
}

const EXPECTED: ReadonlyMap<string, string> = new Map([
  [
    'label',
    `expected one line of 1 to ${MAX_LABEL_CHARACTERS} visible characters, without spaces at the beginning and the end.`,
  ],
  ['type', `expected one of ${OPT_TYPES.join(', ')}.`],
]);

function isLabel(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.trim() !== value) return false;
  if (value.length > MAX_LABEL_LENGTH || CONTROL_OR_FORMAT.test(value)) return false;
  return value.length <= MAX_LABEL_CHARACTERS || [...VISIBLE_CHARACTERS.segment(value)].length <= MAX_LABEL_CHARACTERS;
}

function isType(value: unknown): value is OptType {
  return OPT_TYPES.some((type) => type === value);
}

/**
 * A name must lead to one column. So a label differs from those of the other columns, and `opt3` labels no other column
 * than opt3. Two labels of `inherited` are not compared again.
 */
function checkNames(columns: readonly Column[], inherited: readonly Column[], add: AddProblem): void {
  const names = columns.map(({ label }) => (label === null ? undefined : foldName(label)));
  columns.forEach((column, index) => {
    const name = names[index];
    if (column === inherited[index] || name === undefined) return;
    const path = [...column.path, 'label'];
    const named = OPT_NAMES.indexOf(name);
    if (named >= 0 && named !== index) add(path, `expected another text than ${name}, the name of another column.`);
    const other = columns.find((each, at) => names[at] === name && (at < index || each === inherited[at]));
    if (other !== undefined) {
      add(path, `expected another label than that of ${showPath(other.path)}, which the campaign has, too.`);
    }
  });
}

/** A name in the form that is compared: upper and lower case are equal, and so are both encodings of an accent. */
export function foldName(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

function freeze(columns: readonly Column[]): Columns {
  return Object.freeze(columns.map(({ label, type }) => Object.freeze({ label, type })));
}

function entriesOf(value: unknown, path: Path, add: AddProblem): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  add(path, 'expected an object.');
  return [];
}

/** `campaigns.4821.opt3.label`. A key with other characters than letters, digits and dashes is quoted. */
function showPath(path: Path): string {
  if (path.length === 0) return 'the file';
  return path.map((key) => (/^[\w-]{1,40}$/.test(key) ? key : JSON.stringify(key.slice(0, 40)))).join('.');
}

/** The message of the error itself may hold a part of the file. */
function lineOf({ message }: SyntaxError, text: string): string {
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  return position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
