import {
  GraphQLError,
  Kind,
  parse,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type TypeNode,
  type ValueNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { MAX_TOKENS } from './server.js';

/**
 * Bounds of a document, each far above what a router or a person writes. They are checked before validation, whose work grows with the
 * square of some of them.
 */
const LIMITS = {
  operations: 50,
  fragments: 50,
  /** Of selections, of values and of types, each by itself. */
  depth: 25,
  aliases: 500,
  directives: 100,
  /** Fields that stand more than once in one selection set, inline fragments written out. */
  repeated: 100,
  /** Fields after all fragments are written out. */
  fields: 20_000,
} as const;
type Counted = keyof typeof LIMITS;

/** Documents that passed before need no second look. */
const REMEMBERED_CHARACTERS = 5_000_000;

/** Says why a document must not run, or undefined where it may go on to be parsed and validated. */
export type Guard = (query: string) => GraphQLError | undefined;

export function createGuard(): Guard {
  const passed = new LRUCache<string, true>({
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (_, query) => query.length,
  });

  return (query) => {
    if (passed.has(query)) return undefined;
    let document: DocumentNode;
    try {
      document = parse(query, { maxLexicalTokens: MAX_TOKENS, noLocation: true });
    } catch (error) {
      // The parser is recursive: what is nested thousands deep ends its stack.
      if (!(error instanceof GraphQLError)) return refusal(`depth: expected at most ${LIMITS.depth}; came more.`);
      if (error.message.includes('Parsing aborted')) {
        return refusal(`tokens: expected at most ${MAX_TOKENS}; came more.`);
      }
      // What cannot be parsed is answered as such, with its place in the document, by whoever parses it next.
      return undefined;
    }
    const exceeded = measure(document);
    if (exceeded !== undefined) return refusal(`${exceeded}: expected at most ${LIMITS[exceeded]}; came more.`);
    passed.set(query, true);
    return undefined;
  };
}

interface Size {
  readonly depth: number;
  readonly fields: number;
}

/** The first bound that the document passes. Each fragment is measured once, however often it is spread. */
function measure({ definitions }: DocumentNode): Counted | undefined {
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const counts: Record<Counted, number> = {
    operations: operations.length,
    // By definitions, not by names: two of one name are refused later, after work for both.
    fragments: definitions.length - operations.length,
    depth: 0,
    aliases: 0,
    directives: 0,
    repeated: 0,
    fields: 0,
  };
  const sizes = new Map<string, Size>();
  // These two come first: they bound how deep the functions below can call themselves.
  if (exceeded() !== undefined) return exceeded();
  for (const { variableDefinitions = [], directives, selectionSet } of operations) {
    countDirectives(directives);
    for (const variable of variableDefinitions) {
      countDirectives(variable.directives);
      deepen(depthOfType(variable.type));
      if (variable.defaultValue !== undefined) deepen(depthOfValue(variable.defaultValue));
    }
    note(sizeOf(selectionSet, 1, new Set()));
  }
  for (const [name, { directives }] of fragments) {
    countDirectives(directives);
    note(sizeOfFragment(name));
  }
  return exceeded();

  function exceeded(): Counted | undefined {
    return (Object.keys(LIMITS) as Counted[]).find((counted) => counts[counted] > LIMITS[counted]);
  }

  function note({ depth, fields }: Size): void {
    deepen(depth);
    counts.fields = Math.max(counts.fields, fields);
  }

  function deepen(depth: number): void {
    counts.depth = Math.max(counts.depth, depth);
  }

  function countDirectives(directives: readonly DirectiveNode[] = []): void {
    counts.directives += directives.length;
    for (const directive of directives) measureValues(directive.arguments);
  }

  function measureValues(values: readonly ArgumentNode[] = []): void {
    for (const { value } of values) deepen(depthOfValue(value));
  }

  function sizeOfFragment(name: string): Size {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    // A fragment that spreads itself is refused by validation; here it must only come to an end.
    sizes.set(name, { depth: 0, fields: 0 });
    const fragment = fragments.get(name);
    const size = fragment === undefined ? { depth: 0, fields: 0 } : sizeOf(fragment.selectionSet, 1, new Set());
    sizes.set(name, size);
    return size;
  }

  /** @param names of the fields that stand in the same set, around an inline fragment */
  function sizeOf({ selections }: SelectionSetNode, level: number, names: Set<string>): Size {
    let depth = level;
    let fields = 0;
    if (level > LIMITS.depth) return { depth, fields };
    for (const selection of selections) {
      countDirectives(selection.directives);
      let inner = names;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const size = sizeOfFragment(selection.name.value);
        depth = Math.max(depth, level - 1 + size.depth);
        fields += size.fields;
        continue;
      }
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        if (selection.alias !== undefined) counts.aliases += 1;
        if (names.has(name)) counts.repeated += 1;
        names.add(name);
        fields += 1;
        inner = new Set();
        measureValues(selection.arguments);
      }
      if (selection.selectionSet !== undefined) {
        const size = sizeOf(selection.selectionSet, level + 1, inner);
        depth = Math.max(depth, size.depth);
        fields += size.fields;
      }
    }
    return { depth, fields };
  }
}

/** How deep lists and objects are nested, counted to just beyond the bound. */
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

function refusal(message: string): GraphQLError {
  return new GraphQLError(`The document is too large. ${message}`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false },
  });
}
