import { readProject } from '../docs/tables.js';

export interface Instruction {
  readonly name: string;
  /** Flags such as `--from=build`, by name. */
  readonly flags: Readonly<Record<string, string>>;
  readonly rest: string;
}

/** A stage: the instructions from one FROM to the next one. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const KNOWN = [
  'ARG',
  'CMD',
  'COPY',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'RUN',
  'STOPSIGNAL',
  'USER',
  'WORKDIR',
];

/**
 * Reads the Dockerfile of the project, as far as it uses the language.
 *
 * @throws Error if it has an unknown instruction
 */
export function readDockerfile(text = readProject('Dockerfile')): {
  readonly args: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
} {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const args = new Map<string, string>();
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of lines.map(readInstruction)) {
    const { name, rest } = instruction;
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [image = '', , alias] = rest.split(' ');
      stages.push({ image: withArgs(image, args), name: alias, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (name === 'ARG') args.set(...readPair(rest));
    else throw new Error(`Expected FROM before ${name}.`);
  }
  return { args, stages };
}

function readInstruction(line: string): Instruction {
  const [name = '', ...words] = line.split(' ');
  if (!KNOWN.includes(name)) throw new Error(`The Dockerfile has the unknown instruction "${name}".`);
  const isFlag = (word: string): boolean => word.startsWith('--');
  const count = words.findIndex((word) => word !== '' && !isFlag(word));
  return {
    name,
    flags: Object.fromEntries(
      words
        .slice(0, count)
        .filter(isFlag)
        .map((word) => readPair(word.slice(2))),
    ),
    rest: words.slice(count).join(' ').trim(),
  };
}

/** The command of CMD, or of HEALTHCHECK, in its form of a JSON array. */
export function readCommand({ rest }: Instruction): readonly string[] {
  return JSON.parse(rest.replace(/^CMD /, '')) as readonly string[];
}

/** The variables of ENV instructions. */
export function readVariables({ instructions }: Stage): Readonly<Record<string, string>> {
  const pairs = instructions.filter(({ name }) => name === 'ENV').flatMap(({ rest }) => rest.split(/ +/));
  return Object.fromEntries(pairs.map(readPair));
}

/** Only instructions of this name. */
export function named(stage: Stage | undefined, name: string): readonly Instruction[] {
  return stage?.instructions.filter((instruction) => instruction.name === name) ?? [];
}

/** Where COPY instructions copy from and to. Paths are relative to the project and to the image's working folder. */
export function readCopies(
  stage: Stage,
): readonly { readonly from: string; readonly stage: string | undefined; readonly to: string }[] {
  return named(stage, 'COPY').flatMap(({ rest, flags }) => {
    const paths = rest.split(' ');
    const target = paths.at(-1) ?? '';
    return paths.slice(0, -1).map((path) => {
      const from = path.replace(/^\/app\//, '');
      const isFolder = target.endsWith('/');
      return { from, stage: flags['from'], to: isFolder ? `${target}${from.split('/').at(-1) ?? ''}` : target };
    });
  });
}

function withArgs(text: string, args: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => args.get(name) ?? '');
}

function readPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).replaceAll(/^"|"$/g, '')];
}
