import {
  GraphQLError,
  Kind,
  parse,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { MAX_TOKENS } from './server.js';

/**
 * Bounds of a document, each far above what a router or a person writes. They are checked before validation, whose work grows with the
 * square of some of them.
 */
const LIMITS = {
  depth: 25,
  aliases: 500,
  directives: 100,
  fragments: 100,
  /** Fields that stand twice in one selection set. */
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
function measure(document: DocumentNode): Counted | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const sizes = new Map<string, Size>();
  const counts: Record<Counted, number> = { depth: 0, aliases: 0, directives: 0, fragments: 0, repeated: 0, fields: 0 };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  counts.fragments = fragments.size;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    counts.directives += definition.directives?.length ?? 0;
    const size =
      definition.kind === Kind.FRAGMENT_DEFINITION
        ? sizeOfFragment(definition.name.value)
        : sizeOf(definition.selectionSet, 1);
    counts.depth = Math.max(counts.depth, size.depth);
    counts.fields = Math.max(counts.fields, size.fields);
  }
  return (Object.keys(LIMITS) as Counted[]).find((counted) => counts[counted] > LIMITS[counted]);

  function sizeOfFragment(name: string): Size {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    // A fragment that spreads itself is refused by validation; here it must only come to an end.
    sizes.set(name, { depth: 0, fields: 0 });
    const fragment = fragments.get(name);
    const size = fragment === undefined ? { depth: 0, fields: 0 } : sizeOf(fragment.selectionSet, 1);
    sizes.set(name, size);
    return size;
  }

  function sizeOf({ selections }: SelectionSetNode, level: number): Size {
    let depth = level;
    let fields = 0;
    const names = new Set<string>();
    if (level > LIMITS.depth) return { depth, fields };
    for (const selection of selections) {
      counts.directives += selection.directives?.length ?? 0;
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
      }
      if (selection.selectionSet !== undefined) {
        const size = sizeOf(selection.selectionSet, level + 1);
        depth = Math.max(depth, size.depth);
        fields += size.fields;
      }
    }
    return { depth, fields };
  }
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(`The document is too large. ${message}`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false },
  });
}
