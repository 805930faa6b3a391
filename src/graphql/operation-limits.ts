import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

/** The representations of all `_entities` fields of an operation. A router's batches are much smaller. */
export const MAX_REPRESENTATIONS = 2_000;

type Variables = Readonly<Record<string, unknown>>;

/**
 * Refuses an operation whose variables or representations cannot be served, before anything is resolved.
 *
 * @throws GraphQLError with the code BAD_USER_INPUT
 */
export function checkOperation(operation: OperationDefinitionNode, document: DocumentNode, variables: Variables): void {
  checkNumbers(variables);
  checkRepresentations(countRepresentations(operation, document, variables));
}

/** JSON parsers round large numbers, and graphql-js accepts them for an ID: another person would be looked up. */
function checkNumbers(variables: Variables): void {
  for (const value of Object.values(variables)) {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) continue;
    const max = Number.MAX_SAFE_INTEGER.toLocaleString('en');
    throw badUserInput(`A number in the variables must be at most ${max}; got a larger one. Send it as a text.`);
  }
}

function checkRepresentations(count: number): void {
  if (count <= MAX_REPRESENTATIONS) return;
  const max = MAX_REPRESENTATIONS.toLocaleString('en');
  const message = `The _entities fields of an operation may have at most ${max} representations together`;
  throw badUserInput(`${message}; got ${count.toLocaleString('en')}. Send several operations.`);
}

function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
}

/** `@skip` and `@include` are ignored. Fields with the same response name are one field. */
function countRepresentations(
  { selectionSet, variableDefinitions = [] }: OperationDefinitionNode,
  { definitions }: DocumentNode,
  variables: Variables,
): number {
  const counts = new Map<string, number>();
  const spread = new Set<string>();
  let defaults: ReadonlyMap<string, ValueNode | undefined> | undefined;
  countIn(selectionSet);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);

  /** `_entities` is a field of the query type only, so the fields' own selections need not be searched. */
  function countIn({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) countIn(selection.selectionSet);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) countInFragment(selection.name.value);
      else if (selection.name.value === '_entities') {
        const [representations] = selection.arguments ?? [];
        counts.set(selection.alias?.value ?? '_entities', lengthOf(representations?.value));
      }
    }
  }

  function countInFragment(name: string): void {
    // A fragment that is spread again adds no field.
    if (spread.has(name)) return;
    spread.add(name);
    for (const definition of definitions) {
      const isSpread = definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name;
      if (isSpread) countIn(definition.selectionSet);
    }
  }

  function lengthOf(value: ValueNode | undefined): number {
    if (value?.kind === Kind.LIST) return value.values.length;
    if (value?.kind !== Kind.VARIABLE) return 1;
    const name = value.name.value;
    // A variable may have the name of a property that all objects have, such as `constructor`.
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (given !== undefined) return Array.isArray(given) ? given.length : 1;
    defaults ??= new Map(variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]));
    return lengthOf(defaults.get(name));
  }
}
