import {
  GraphQLError,
  Kind,
  parse,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
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
  /** Fields of the largest operation, with all fragments expanded. */
  fields: 20_000,
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
  fields: 'fields with all fragments expanded',
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
  readonly fragmentSizes: Map<string, Size>;
}

interface Size {
  readonly depth: number;
  readonly fields: number;
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
    if (defaultValue !== undefined) addDepth(measurement, depthOfValue(defaultValue));
  }
  addSize(measurement, sizeOfSet(measurement, operation.selectionSet, 1, new Set()));
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

function measureArguments(measurement: Measurement, args: readonly ArgumentNode[] = []): void {
  for (const { value } of args) addDepth(measurement, depthOfValue(value));
}

function sizeOfFragment(measurement: Measurement, name: string): Size {
  const { fragments, fragmentSizes } = measurement;
  const known = fragmentSizes.get(name);
  if (known !== undefined) return known;
  // Validation refuses a fragment that spreads itself. Here the entry only ends the recursion.
  let size: Size = { depth: 0, fields: 0 };
  fragmentSizes.set(name, size);
  const fragment = fragments.get(name);
  if (fragment !== undefined) size = sizeOfSet(measurement, fragment.selectionSet, 1, new Set());
  fragmentSizes.set(name, size);
  return size;
}

/**
 * @param level the depth of this set, 1 for that of an operation or a fragment
 * @param names the response names of the fields in the same set; an inline fragment shares those of the set around it
 */
function sizeOfSet(
  measurement: Measurement,
  { selections }: SelectionSetNode,
  level: number,
  names: Set<string>,
): Size {
  let depth = level;
  let fields = 0;
  if (level > LIMITS.depth) return { depth, fields };
  for (const selection of selections) {
    measureDirectives(measurement, selection.directives);
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const size = sizeOfFragment(measurement, selection.name.value);
      depth = Math.max(depth, level - 1 + size.depth);
      fields += size.fields;
      continue;
    }
    if (selection.kind === Kind.FIELD) {
      measureField(measurement, selection, names);
      fields += 1;
    }
    if (selection.selectionSet !== undefined) {
      const innerNames = selection.kind === Kind.FIELD ? new Set<string>() : names;
      const size = sizeOfSet(measurement, selection.selectionSet, level + 1, innerNames);
      depth = Math.max(depth, size.depth);
      fields += size.fields;
      if (isIntrospection(selection)) measurement.counts.introspection += size.fields;
    }
  }
  return { depth, fields };
}

function isIntrospection(selection: FieldNode | InlineFragmentNode): boolean {
  return selection.kind === Kind.FIELD && ['__schema', '__type'].includes(selection.name.value);
}

function measureField(measurement: Measurement, field: FieldNode, names: Set<string>): void {
  const { counts } = measurement;
  const name = field.alias?.value ?? field.name.value;
  if (field.alias !== undefined) {
    counts.aliases += 1;
    counts.aliasLength = Math.max(counts.aliasLength, name.length);
  }
  if (names.has(name)) counts.repeated += 1;
  names.add(name);
  measureArguments(measurement, field.arguments);
}

/** The number of nested lists and objects. Stops just beyond the limit. */
function depthOfValue(value: ValueNode, level = 0): number {
  if (level > LIMITS.depth) return level;
  let depth = level;
  if (value.kind === Kind.LIST) {
    for (const item of value.values) depth = Math.max(depth, depthOfValue(item, level + 1));
  } else if (value.kind === Kind.OBJECT) {
    for (const field of value.fields) depth = Math.max(depth, depthOfValue(field.value, level + 1));
  }
  return depth;
}

function depthOfType(type: TypeNode): number {
  let depth = 0;
  for (let inner = type; inner.kind !== Kind.NAMED_TYPE; inner = inner.type) depth += 1;
  return depth;
}
