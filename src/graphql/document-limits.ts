import {
  GraphQLError,
  Kind,
  parse,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type TypeNode,
  type ValueNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';

/** The longest document of a router, a batch of entities, has a few hundred tokens. */
export const MAX_TOKENS = 15_000;
/** graphql-js searches the document for the line of each error, so these two bound the time for many errors. */
const MAX_CHARACTERS = 100_000;
const MAX_LINES = 2_000;

/**
 * Limits of a document, each far above what a router or a person writes. They are checked before validation, whose time
 * grows with the square of some of them.
 */
const LIMITS = {
  operations: 50,
  fragments: 50,
  /** Nested selections, nested values and nested types, each counted by itself. */
  depth: 25,
  aliases: 500,
  /** Each record of a list repeats it, and so does the path of an error. */
  aliasLength: 200,
  directives: 100,
  /** Fields that a selection set has already, those of its inline fragments included. */
  repeated: 100,
  /** Fields of the largest operation, and the values of their arguments, with all fragments expanded. */
  fields: 20_000,
  /** Items of a list in an argument, except representations. Its field may be executed for each record. */
  items: 100,
  /** Characters of a text. Error messages repeat it. */
  text: 2_000,
  /** Pairs of fields that validation compares, about: fields of one name in a set, and the fields that they select. */
  comparisons: 20_000,
  /** Fields in `__schema` and `__type`, with all fragments expanded. The query of GraphiQL has about 250. */
  introspection: 500,
} as const;
type LimitName = keyof typeof LIMITS;
/** Limits that are checked before or while the document is parsed. */
type TextLimitName = 'characters' | 'lines' | 'tokens';

const LF = 0x0a;
const CR = 0x0d;

/** Total length of the accepted documents that are remembered, in characters. */
const REMEMBERED_CHARACTERS = 5_000_000;

export interface DocumentCheck {
  /** Returns the error of a document that exceeds a limit; undefined: the document may be parsed and validated. */
  check(query: string): GraphQLError | undefined;
  /** Drops the texts of the accepted documents, because they may hold personal data. */
  clear(): void;
}

export function createDocumentCheck(): DocumentCheck {
  const accepted = new LRUCache<string, true>({
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (_, query) => query.length,
  });

  return {
    check(query) {
      if (accepted.has(query)) return undefined;
      if (query.length > MAX_CHARACTERS) return limitExceeded('characters', MAX_CHARACTERS);
      if (hasMoreLines(query, MAX_LINES)) return limitExceeded('lines', MAX_LINES);
      let document: DocumentNode;
      try {
        document = parse(query, { maxLexicalTokens: MAX_TOKENS, noLocation: true });
      } catch (error) {
        // The parser is recursive, so a document that is nested thousands deep overflows its stack.
        if (!(error instanceof GraphQLError)) return limitExceeded('depth', LIMITS.depth);
        if (error.message.includes('Parsing aborted')) return limitExceeded('tokens', MAX_TOKENS);
        // A syntax error. Apollo Server parses the document again and reports it with its location.
        return undefined;
      }
      const exceeded = findExceeded(measure(document));
      if (exceeded !== undefined) return limitExceeded(exceeded, LIMITS[exceeded]);
      accepted.set(query, true);
      return undefined;
    },
    clear: () => accepted.clear(),
  };
}

/** What each limit counts, as its message names it. */
const UNITS: Readonly<Record<LimitName | TextLimitName, string>> = {
  characters: 'characters',
  lines: 'lines',
  operations: 'operations',
  fragments: 'fragments',
  depth: 'levels of nesting',
  aliases: 'aliases',
  aliasLength: 'characters in an alias',
  directives: 'directives',
  repeated: 'repeated fields',
  fields: 'fields and values with all fragments expanded',
  items: 'items in a list',
  text: 'characters in a text',
  comparisons: 'pairs of fields with the same name',
  introspection: 'introspection fields with all fragments expanded',
  tokens: 'tokens',
};

/** Whether a text has more than `max` lines, which end with LF, CR or both. */
function hasMoreLines(text: string, max: number): boolean {
  let lines = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== LF && code !== CR) continue;
    lines += 1;
    if (lines > max) return true;
    if (code === CR && text.charCodeAt(at + 1) === LF) at += 1;
  }
  return false;
}

function limitExceeded(name: LimitName | TextLimitName, limit: number): GraphQLError {
  const message = `The document is too large: it may have at most ${limit} ${UNITS[name]}. Split it.`;
  return new GraphQLError(message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false } });
}

type Counts = Record<LimitName, number>;

interface Measurement {
  readonly counts: Counts;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each fragment is measured once, however often it is spread. */
  readonly fragmentSizes: Map<string, FragmentSize>;
}

interface Size {
  readonly depth: number;
  readonly fields: number;
}

/** The fields with one response name in one set, with those of its fragments. */
interface NameUse {
  readonly fields: number;
  /** These fields, and those that they select. */
  readonly selected: number;
}
type Names = Map<string, NameUse>;

interface FragmentSize extends Size {
  readonly names: Names;
}

function findExceeded(counts: Counts): LimitName | undefined {
  return (Object.keys(LIMITS) as LimitName[]).find((name) => counts[name] > LIMITS[name]);
}

function measure({ definitions }: DocumentNode): Counts {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const counts: Counts = {
    operations: operations.length,
    // Definitions of types count too, and so do two fragments of one name: validation refuses them later, after work
    // for each of them.
    fragments: definitions.length - operations.length,
    depth: 0,
    aliases: 0,
    aliasLength: 0,
    directives: 0,
    repeated: 0,
    fields: 0,
    items: 0,
    text: 0,
    comparisons: 0,
    introspection: 0,
  };
  // The number of fragments bounds the recursion below, so nothing is measured if there are too many.
  if (findExceeded(counts) !== undefined) return counts;
  const measurement: Measurement = {
    counts,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    fragmentSizes: new Map(),
  };
  for (const operation of operations) measureOperation(measurement, operation);
  for (const [name, { directives }] of measurement.fragments) {
    measureDirectives(measurement, directives);
    addSize(measurement, sizeOfFragment(measurement, name));
  }
  return counts;
}

function measureOperation(measurement: Measurement, operation: OperationDefinitionNode): void {
  measureDirectives(measurement, operation.directives);
  for (const { type, defaultValue, directives } of operation.variableDefinitions ?? []) {
    measureDirectives(measurement, directives);
    addDepth(measurement, depthOfType(type));
    if (defaultValue !== undefined) measureValue(measurement, defaultValue, nameOfType(type) === '_Any');
  }
  addSize(measurement, sizeOfSet(measurement, operation.selectionSet, 1, new Map()));
}

function addSize(measurement: Measurement, { depth, fields }: Size): void {
  addDepth(measurement, depth);
  measurement.counts.fields = Math.max(measurement.counts.fields, fields);
}

function addDepth({ counts }: Measurement, depth: number): void {
  counts.depth = Math.max(counts.depth, depth);
}

function measureDirectives(measurement: Measurement, directives: readonly DirectiveNode[] = []): void {
  measurement.counts.directives += directives.length;
  for (const directive of directives) measureArguments(measurement, directive.arguments);
}

/** @returns the number of values in the arguments */
function measureArguments(measurement: Measurement, args: readonly ArgumentNode[] = []): number {
  let values = 0;
  for (const { name, value } of args) values += measureValue(measurement, value, name.value === 'representations');
  return values;
}

function sizeOfFragment(measurement: Measurement, name: string): FragmentSize {
  const { fragments, fragmentSizes } = measurement;
  const known = fragmentSizes.get(name);
  if (known !== undefined) return known;
  // Validation refuses a fragment that spreads itself. Here the entry only ends the recursion.
  const names: Names = new Map();
  let size: FragmentSize = { depth: 0, fields: 0, names: new Map() };
  fragmentSizes.set(name, size);
  const fragment = fragments.get(name);
  if (fragment !== undefined) size = { ...sizeOfSet(measurement, fragment.selectionSet, 1, names), names };
  fragmentSizes.set(name, size);
  return size;
}

/**
 * @param level the depth of this set, 1 for that of an operation or a fragment
 * @param names of the fields in the same set; an inline fragment shares those of the set around it
 */
function sizeOfSet(measurement: Measurement, { selections }: SelectionSetNode, level: number, names: Names): Size {
  let depth = level;
  let fields = 0;
  const isTooLarge = level > LIMITS.depth || measurement.counts.comparisons > LIMITS.comparisons;
  if (isTooLarge) return { depth, fields };
  for (const selection of selections) {
    measureDirectives(measurement, selection.directives);
    const size = sizeOfSelection(measurement, selection, level, names);
    depth = Math.max(depth, size.depth);
    fields += size.fields;
  }
  return { depth, fields };
}

function sizeOfSelection(measurement: Measurement, selection: SelectionNode, level: number, names: Names): Size {
  switch (selection.kind) {
    case Kind.FRAGMENT_SPREAD: {
      const size = sizeOfFragment(measurement, selection.name.value);
      for (const [name, use] of size.names) addName(measurement, names, name, use);
      return { depth: level - 1 + size.depth, fields: size.fields };
    }
    case Kind.INLINE_FRAGMENT:
      return sizeOfSet(measurement, selection.selectionSet, level + 1, names);
    case Kind.FIELD:
      return sizeOfField(measurement, selection, level, names);
  }
}

function sizeOfField(measurement: Measurement, field: FieldNode, level: number, names: Names): Size {
  const { counts } = measurement;
  const name = field.alias?.value ?? field.name.value;
  if (field.alias !== undefined) {
    counts.aliases += 1;
    counts.aliasLength = Math.max(counts.aliasLength, name.length);
  }
  if (names.has(name)) counts.repeated += 1;
  const values = measureArguments(measurement, field.arguments);
  const inner =
    field.selectionSet === undefined
      ? { depth: level, fields: 0 }
      : sizeOfSet(measurement, field.selectionSet, level + 1, new Map());
  addName(measurement, names, name, { fields: 1, selected: 1 + inner.fields });
  if (['__schema', '__type'].includes(field.name.value)) counts.introspection += inner.fields;
  return { depth: inner.depth, fields: 1 + values + inner.fields };
}

/** Validation compares each field with the earlier ones of the same name, and what they select. */
function addName({ counts }: Measurement, names: Names, name: string, { fields, selected }: NameUse): void {
  const earlier = names.get(name) ?? { fields: 0, selected: 0 };
  counts.comparisons += earlier.fields * selected;
  names.set(name, { fields: earlier.fields + fields, selected: earlier.selected + selected });
}

/**
 * @param isOfRepresentations its lists may be long
 * @returns the number of values in it
 */
function measureValue(measurement: Measurement, value: ValueNode, isOfRepresentations: boolean, level = 0): number {
  const { counts } = measurement;
  addDepth(measurement, level);
  if (level > LIMITS.depth) return 1;
  let values = 1;
  if (value.kind === Kind.STRING) counts.text = Math.max(counts.text, value.value.length);
  if (value.kind === Kind.LIST) {
    if (!isOfRepresentations) counts.items = Math.max(counts.items, value.values.length);
    for (const item of value.values) values += measureValue(measurement, item, isOfRepresentations, level + 1);
  } else if (value.kind === Kind.OBJECT) {
    for (const field of value.fields) values += measureValue(measurement, field.value, isOfRepresentations, level + 1);
  }
  return values;
}

function nameOfType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOfType(type.type);
}

function depthOfType(type: TypeNode): number {
  let depth = 0;
  for (let inner = type; inner.kind !== Kind.NAMED_TYPE; inner = inner.type) depth += 1;
  return depth;
}
