/**
 * Executes an operation and writes its JSON at once.
 *
 * graphql-js builds a tree of objects, with several promises and objects for each field, and `JSON.stringify` turns it
 * into text. This executor compiles the operation to functions, one for each selected field, that write the text of a
 * value. No code is generated: the functions are closures over the field's resolver, its name in the response and the
 * function for its type. They are kept, so an operation is compiled once.
 *
 * It covers success only. `execute` returns undefined if anything is unusual: an error of a resolver, null for a field
 * that must not be null, a value of an unexpected type, introspection, wrong variables, a response that is too large,
 * many lookups to wait for. The caller then lets graphql-js execute the operation from its start, with the same
 * context, whose loader holds the answers that are known and the lookups that are under way. So only graphql-js decides
 * about errors.
 *
 * What a document means is decided by functions of graphql-js in both ways: they collect the fields of a selection
 * (fragments, `@skip`, `@include`, fields of the same name), and coerce arguments, and variables that are not texts.
 *
 * The text of an immutable object, such as a record of an answer, is kept for the next operation that selects the same
 * fields of it (`TextCache`). A long one is kept as bytes, and a placeholder stands for it (`LongTexts`).
 */
import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLIncludeDirective,
  GraphQLInt,
  GraphQLSkipDirective,
  GraphQLString,
  Kind,
  OperationTypeNode,
  getArgumentValues,
  getNullableType,
  getVariableValues,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  print,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import type { OperationContext, Resolver } from './context.js';
import { isPromise, type MaybePromise } from './maybe-promise.js';
import { LOOKUP_SIZE, PART_SIZE } from './parts.js';
import { isImmutable } from './record-lists.js';
import type { ExecutableSchema } from './schema.js';
import type { TextCache } from './text-cache.js';

export interface TextExecutor {
  /**
   * The JSON of the response's `data`, with the placeholders of long texts; undefined: graphql-js must execute the
   * operation. It never rejects.
   */
  execute(request: TextRequest): Promise<string | undefined>;
  /** Drops the compiled operations. Their arguments may hold personal data. */
  clear(): void;
}

export interface TextRequest {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: OperationContext;
}

/** More loads in an operation are left to graphql-js, which counts them for the response limit. */
const MAX_LOADS = 6_000;
/**
 * After an operation has started more lookups, the next field that must wait leaves it to graphql-js. The calls take
 * longer than both executions, and some of them often fail, so that graphql-js would execute the operation in any case.
 */
const MAX_LOOKUPS = 100;
/** Values that an operation may wait for. Each record of a list may wait for its campaign under several names. */
const MAX_WAITS = 10_000;
/** A kept text with more characters is kept as bytes. To put bytes into a response takes longer for a shorter one. */
const LONG_CHARACTERS = 10_000;
/** The response limit is asked each time this many characters were written. */
const COUNTED_CHARACTERS = 50_000;
/** A larger operation takes too long to compile. It is left to graphql-js. */
const MAX_FIELDS = 5_000;
/** The compiled fields that are kept, of all operations together. A field needs about a kilobyte. */
const MAX_COMPILED_FIELDS = 20_000;

/** One execution. */
interface Run {
  readonly context: OperationContext;
  readonly variables: Variables;
  /** Characters that were written. */
  written: number;
  /** Characters that the response limit has counted. */
  counted: number;
  /** Values that were waited for. */
  waits: number;
  /** The time that was spent, as the number of characters that can be written in it. */
  work: number;
  /** `work` and `written` of the last item of a list that was written after a wait. */
  itemSize: number;
  /** The part that has started last. Undefined: the first one. */
  part: Promise<void> | undefined;
  /** When `work` and `written` together reach this, the part ends. */
  partEnd: number;
  /** Of the text cache, when the operation began. */
  readonly generation: number;
  /** graphql-js executes the operation now, so nothing may be written or counted any more. */
  hasEnded: boolean;
}

type Variables = Readonly<Record<string, unknown>>;
/** Writes a value. */
type Write = (value: unknown, run: Run) => MaybePromise<string>;

/** What a selection is compiled to. */
interface Compiled {
  readonly write: Write;
  /**
   * The selection as a text, equal for selections that are written equally. Undefined if a field depends on something
   * else than an immutable object, so that its text may change.
   */
  readonly selection: string | undefined;
}

/** Ends an execution. It is one object, because an error with a stack takes time. */
const FALL_BACK = new Error('graphql-js must execute the operation.');

export function createTextExecutor(executable: ExecutableSchema, texts: TextCache): TextExecutor {
  const operations = new WeakMap<OperationDefinitionNode, KnownOperation>();
  const compiled = new LRUCache<string, CompiledOperation>({
    maxSize: MAX_COMPILED_FIELDS,
    sizeCalculation: ({ fields }) => fields,
  });
  let lastId = 0;

  function knownOperation({ document, operation }: TextRequest): KnownOperation {
    let known = operations.get(operation);
    if (known === undefined) {
      lastId += 1;
      const variables = variablesOf(operation);
      known = { id: lastId, variables, conditions: conditionsIn(document, variables) };
      operations.set(operation, known);
    }
    return known;
  }

  /** An operation is compiled once for each combination of the variables of `@skip` and `@include`. */
  function writerOf(request: TextRequest, { id, conditions }: KnownOperation, variables: Variables): Write {
    // Null is an error, unlike false.
    const key = `${id} ${conditions.map((name) => String(variables[name])).join(' ')}`;
    let known = compiled.get(key);
    if (known === undefined) {
      known = compileOperation(executable, texts, request, variables);
      compiled.set(key, known);
    }
    return known.write;
  }

  function start(request: TextRequest): { readonly write: Write; readonly run: Run } {
    const known = knownOperation(request);
    const variables = coerceVariables(executable.schema, known.variables, request.variables);
    const run: Run = {
      context: request.context,
      variables,
      written: 0,
      counted: 0,
      waits: 0,
      work: 0,
      itemSize: LOOKUP_SIZE,
      part: undefined,
      partEnd: PART_SIZE,
      generation: texts.generation(),
      hasEnded: false,
    };
    return { write: writerOf(request, known, variables), run };
  }

  return {
    async execute(request) {
      let run: Run | undefined;
      try {
        const started = start(request);
        run = started.run;
        const text = await started.write(undefined, run);
        count(run);
        return text;
      } catch {
        // graphql-js gets the same error and reports it.
        if (run !== undefined) run.hasEnded = true;
        request.context.responseLimit.reset();
        request.context.longTexts.clear();
        return undefined;
      }
    },
    clear: () => compiled.clear(),
  };
}

/** What is computed once for an operation. */
interface KnownOperation {
  readonly id: number;
  readonly variables: readonly Variable[];
  /** The variables of `@skip` and `@include`: true, false, null or undefined. */
  readonly conditions: readonly string[];
}

interface CompiledOperation {
  readonly write: Write;
  /** How many fields were compiled. */
  readonly fields: number;
}

interface Variable {
  readonly name: string;
  /** As in the document, `ID!`. */
  readonly type: string;
  readonly definition: VariableDefinitionNode;
  /** Whether graphql-js would not change a value, and accepts it. */
  readonly isPlain: (value: unknown) => boolean;
}

function variablesOf({ variableDefinitions = [] }: OperationDefinitionNode): Variable[] {
  return variableDefinitions.map((definition) => {
    const type = print(definition.type);
    return { name: definition.variable.name.value, type, definition, isPlain: PLAIN_VALUES.get(type) ?? isNever };
  });
}

const isNever = (): boolean => false;
const isText = (value: unknown): boolean => typeof value === 'string';
const PLAIN_VALUES: ReadonlyMap<string, Variable['isPlain']> = new Map([
  ...['ID', 'ID!', 'String', 'String!'].map((type) => [type, isText] as const),
  ['[_Any!]!', (value) => Array.isArray(value) && !value.includes(null)],
]);

/** A value that graphql-js would not change is not coerced. Coercion takes 3% of a small request. */
function coerceVariables(schema: GraphQLSchema, variables: readonly Variable[], inputs: Variables): Variables {
  // Without a prototype, because a variable may have the name __proto__.
  const coerced = Object.create(null) as Record<string, unknown>;
  const others: VariableDefinitionNode[] = [];
  for (const { name, definition, isPlain } of variables) {
    const value = inputs[name];
    if (isPlain(value)) coerced[name] = value;
    else others.push(definition);
  }
  if (others.length === 0) return coerced;
  return Object.assign(coerced, getVariableValues(schema, others, inputs, { maxErrors: 1 }).coerced ?? fallBack());
}

/**
 * The Boolean variables of an operation that `@skip` and `@include` name anywhere in its document. Another operation of
 * the document may name a variable that is a text here.
 */
function conditionsIn(document: DocumentNode, variables: readonly Variable[]): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: args = [] }) {
      if (name.value !== GraphQLSkipDirective.name && name.value !== GraphQLIncludeDirective.name) return;
      for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return variables.filter(({ name, type }) => names.has(name) && /^Boolean!?$/.test(type)).map(({ name }) => name);
}

/** What the functions below need in common. */
interface Compilation extends ExecutableSchema {
  readonly texts: TextCache;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  /** Only those of `@skip` and `@include` are read. */
  readonly variables: Variables;
  /** How many fields were compiled. */
  fields: number;
}

type Fields = ReadonlyMap<string, readonly FieldNode[]>;

function compileOperation(
  executable: ExecutableSchema,
  texts: TextCache,
  { document, operation }: TextRequest,
  variables: Variables,
): CompiledOperation {
  const { schema } = executable;
  const type = schema.getQueryType();
  if (operation.operation !== OperationTypeNode.QUERY || !type) return LEFT_TO_GRAPHQL_JS;
  const compilation: Compilation = { ...executable, texts, fragments: fragmentsOf(document), variables, fields: 0 };
  const fields = collectFields(schema, compilation.fragments, variables, type, operation.selectionSet);
  const { write } = compileObject(compilation, type, fields);
  return compilation.fields > MAX_FIELDS ? LEFT_TO_GRAPHQL_JS : { write, fields: compilation.fields + 1 };
}

const LEFT_TO_GRAPHQL_JS: CompiledOperation = { write: fallBack, fields: 1 };

function compileObject(compilation: Compilation, type: GraphQLObjectType, fields: Fields): Compiled {
  const compiled = [...fields].map(([name, nodes]) => compileField(compilation, type, name, nodes));
  const selections = compiled.map(({ selection }) => selection);
  return {
    write: createObjectWriter(compiled),
    selection: selections.includes(undefined) ? undefined : `{${selections.join(' ')}}`,
  };
}

interface CompiledField extends Compiled {
  /** The field's name in the response, quoted, and a colon. */
  readonly label: string;
}

function compileField(
  compilation: Compilation,
  parent: GraphQLObjectType,
  responseName: string,
  nodes: readonly FieldNode[],
): CompiledField {
  const label = `"${responseName}":`;
  const name = nodes[0]?.name.value ?? '';
  if (name === '__typename') {
    return { label, write: createLeafWriter(() => `"${parent.name}"`), selection: `${responseName}:__typename` };
  }
  const field = parent.getFields()[name];
  compilation.fields += 1;
  // Introspection has fields that no type has.
  if (field === undefined || compilation.fields > MAX_FIELDS) return { label, write: fallBack, selection: undefined };
  const resolve = compilation.resolvers.get(field) ?? propertyResolver(name);
  const readArguments = compileArguments(field, nodes);
  const value = compileType(compilation, field.type, nodes);
  const isConstant = compilation.constantFields.has(field) && !nodes.some(hasVariable);
  return {
    label,
    write(source, run) {
      if (!isConstant && field.args.length > 0) countLoad(run);
      const resolved = resolve(source, readArguments(run.variables), run.context);
      return isPromise(resolved) ? writeLater(resolved, value.write, run) : value.write(resolved, run);
    },
    selection: isConstant ? selectionOf(responseName, nodes, value.selection) : undefined,
  };
}

/** @param inner the selection of the field's value */
function selectionOf(
  responseName: string,
  [node]: readonly FieldNode[],
  inner: string | undefined,
): string | undefined {
  if (node === undefined || inner === undefined) return undefined;
  const args = (node.arguments ?? []).map(print).join(',');
  return `${responseName}:${node.name.value}(${args})${inner}`;
}

/** The arguments of a field. They are read once if they have no variable. */
function compileArguments(
  field: GraphQLField<unknown, unknown>,
  [node]: readonly FieldNode[],
): (variables: Variables) => Variables {
  if (node === undefined || field.args.length === 0) return () => NO_ARGUMENTS;
  if (hasVariable(node)) return (variables) => getArgumentValues(field, node, variables);
  const known = getArgumentValues(field, node);
  return () => known;
}

const NO_ARGUMENTS: Variables = {};

function hasVariable({ arguments: args = [] }: FieldNode): boolean {
  let found = false;
  for (const arg of args) {
    visit(arg, {
      Variable() {
        found = true;
      },
    });
  }
  return found;
}

/** As in graphql-js, but a method is not called. */
function propertyResolver(name: string): Resolver {
  return (source) => (source as Readonly<Record<string, unknown>>)[name];
}

function compileType(compilation: Compilation, type: GraphQLOutputType, nodes: readonly FieldNode[]): Compiled {
  const isRequired = isNonNullType(type);
  const { write, selection } = compileValue(compilation, isRequired ? type.ofType : type, nodes);
  return {
    write(value, run) {
      if (value !== null && value !== undefined) return write(value, run);
      return isRequired ? fallBack() : writeNull(value, run);
    },
    selection,
  };
}

function compileValue(compilation: Compilation, type: GraphQLOutputType, nodes: readonly FieldNode[]): Compiled {
  if (isLeafType(type)) return { write: createLeafWriter(leafText(type)), selection: '' };
  if (isListType(type)) return compileList(compilation, type.ofType, nodes);
  if (isObjectType(type)) return keepTexts(compilation, compileObjectType(compilation, type, nodes));
  if (!isAbstractType(type)) return { write: fallBack, selection: undefined };
  const writers = new Map<unknown, Write>();
  for (const objectType of compilation.schema.getPossibleTypes(type)) {
    writers.set(objectType.name, compileValue(compilation, objectType, nodes).write);
  }
  return {
    write: (value, run) => (writers.get((value as Typed).__typename) ?? fallBack)(value, run),
    selection: undefined,
  };
}

/** The text of an immutable list is kept as a whole, and not those of its items. */
function compileList(compilation: Compilation, itemType: GraphQLOutputType, nodes: readonly FieldNode[]): Compiled {
  const objectType = getNullableType(itemType);
  if (!isObjectType(objectType)) {
    const { write, selection } = compileType(compilation, itemType, nodes);
    return { write: createListWriter(write), selection };
  }
  const item = compileObjectType(compilation, objectType, nodes);
  const writeWhole = keepTexts(compilation, { ...item, write: createListWriter(item.write) }).write;
  const writeItems = createListWriter(keepTexts(compilation, item).write);
  return {
    write: (value, run) => (isImmutable(value) ? writeWhole : writeItems)(value, run),
    selection: item.selection,
  };
}

function compileObjectType(compilation: Compilation, type: GraphQLObjectType, nodes: readonly FieldNode[]): Compiled {
  const { schema, fragments, variables } = compilation;
  return compileObject(compilation, type, collectSubfields(schema, fragments, variables, type, nodes));
}

/** A value of an abstract type. */
interface Typed {
  readonly __typename?: unknown;
}

function createObjectWriter(fields: readonly CompiledField[]): Write {
  const labels = fields.map(({ label }, index) => (index === 0 ? label : `,${label}`));
  const writers = fields.map(({ write }) => write);
  const labelsLength = labels.join('').length + 2;

  return (value, run) => {
    run.written += labelsLength;
    let text = '{';
    for (let index = 0; index < writers.length; index += 1) {
      const piece = writers[index]?.(value, run) ?? fallBack();
      if (typeof piece !== 'string') return writeRest(value, run, text, index, piece);
      text += (labels[index] ?? '') + piece;
      countIfDue(run);
    }
    return `${text}}`;
  };

  /** The rest of an object, from a field that must be waited for. */
  function writeRest(value: unknown, run: Run, text: string, from: number, piece: Promise<string>): Promise<string> {
    const pieces: MaybePromise<string>[] = [text, labels[from] ?? '', piece];
    for (let index = from + 1; index < writers.length; index += 1) {
      pieces.push(labels[index] ?? '', writers[index]?.(value, run) ?? fallBack());
      countIfDue(run);
    }
    pieces.push('}');
    return join(pieces);
  }
}

/** A long list is written in parts. */
function createListWriter(writeItem: Write): Write {
  return (value, run) => {
    if (!Array.isArray(value)) return fallBack();
    const items = value as readonly unknown[];
    // Brackets and commas.
    run.written += items.length + 1;
    return writeItems(items, 0, run);
  };

  /** Many items may be known at once after a wait, so each one takes room in a part. */
  function writeLateItem(value: unknown, run: Run): MaybePromise<string> {
    const part = run.context.parts.take(run.itemSize);
    if (part !== undefined) return writeLater(part, () => writeInPart(value, part, run), run);
    return isPartOver(run) ? writeLater(pause(run), () => writeNow(value, run), run) : writeNow(value, run);
  }

  /** The items of a part may be larger than those before, by which their room was taken. */
  function writeInPart(value: unknown, part: Promise<void>, run: Run): MaybePromise<string> {
    if (run.part !== part) startPart(run, part);
    return isPartOver(run) ? writeLateItem(value, run) : writeNow(value, run);
  }

  function writeNow(value: unknown, run: Run): MaybePromise<string> {
    const before = run.work + run.written;
    const text = writeItem(value, run);
    run.itemSize = run.work + run.written - before;
    return text;
  }

  /** The text from an item on, with the bracket or comma before it. */
  function writeItems(items: readonly unknown[], from: number, run: Run): MaybePromise<string> {
    const pieces: MaybePromise<string>[] = [from === 0 ? '[' : ','];
    let isComplete = true;
    for (let index = from; index < items.length; index += 1) {
      if (index > from && isPartOver(run)) {
        pieces.push(writeLater(pause(run), () => writeItems(items, index, run), run));
        return join(pieces);
      }
      if (index > from) pieces.push(',');
      const item = items[index];
      const piece = isPromise(item) ? writeLater(item, writeLateItem, run) : writeItem(item, run);
      if (typeof piece !== 'string') isComplete = false;
      pieces.push(typeof piece === 'string' ? flatten(piece) : piece);
      countIfDue(run);
    }
    // They are joined with the brackets, because to add those to a long text would make a copy of it.
    pieces.push(']');
    return isComplete ? (pieces as string[]).join('') : join(pieces);
  }
}

/**
 * V8 stores a text that was added up as a tree, which takes several times the memory of its characters. To read one of
 * them makes V8 copy them into one piece.
 */
function flatten(text: string): string {
  return Number.isNaN(text.charCodeAt(0)) ? '' : text;
}

function isPartOver({ work, written, partEnd }: Run): boolean {
  return work + written >= partEnd;
}

function startPart(run: Run, part: Promise<void>): void {
  run.part = part;
  run.partEnd = run.work + run.written + PART_SIZE;
}

/** Waits for a part of its own. */
async function pause(run: Run): Promise<void> {
  const part = run.context.parts.next();
  await part;
  startPart(run, part);
}

function countLoad(run: Run): void {
  run.work += LOOKUP_SIZE;
  if (run.work > MAX_LOADS * LOOKUP_SIZE) fallBack();
}

function countIfDue(run: Run): void {
  if (run.written - run.counted > COUNTED_CHARACTERS) count(run);
}

function count(run: Run): void {
  run.context.responseLimit.add(run.written - run.counted);
  run.counted = run.written;
}

/** Keeps the text of an immutable object or list. Others are written each time. */
function keepTexts({ texts }: Compilation, { write, selection }: Compiled): Compiled {
  if (selection === undefined) return { write, selection };
  const keep = (value: object, text: string, { generation, context: { longTexts } }: Run): string => {
    // The text may hold long texts itself.
    const filled = longTexts.fill(text);
    const stored = filled.length > LONG_CHARACTERS && typeof filled === 'string' ? Buffer.from(filled) : filled;
    texts.put(value, selection, stored, generation);
    return typeof stored === 'string' ? stored : longTexts.add(stored);
  };
  return {
    selection,
    write(value, run) {
      if (!isImmutable(value)) return write(value, run);
      const known = texts.get(value, selection);
      if (known !== undefined) {
        run.written += known.length;
        return typeof known === 'string' ? known : run.context.longTexts.add(known);
      }
      const text = write(value, run);
      return isPromise(text)
        ? writeLater(text, (written) => keep(value, written as string, run), run)
        : keep(value, text, run);
    },
  };
}

function createLeafWriter(toText: (value: unknown) => string): Write {
  return (value, run) => {
    const text = toText(value);
    run.written += text.length;
    return text;
  };
}

/** Values that graphql-js would convert, or refuse, are left to it. */
function leafText(type: GraphQLLeafType): (value: unknown) => string {
  if (isEnumType(type)) {
    const names = new Map<unknown, string>(type.getValues().map(({ name, value }) => [value, `"${name}"`]));
    return (value) => names.get(value) ?? fallBack();
  }
  switch (type.name) {
    case GraphQLInt.name:
      return (value) => (Number.isInteger(value) && Math.abs(value as number) < 2 ** 31 ? String(value) : fallBack());
    case GraphQLBoolean.name:
      return (value) => (typeof value === 'boolean' ? String(value) : fallBack());
    case GraphQLString.name:
    case GraphQLID.name:
      return (value) => (typeof value === 'string' ? quote(value) : fallBack());
    default:
      return (value) => {
        const text = type.serialize(value);
        return typeof text === 'string' ? quote(text) : fallBack();
      };
  }
}

/** A character that JSON may write in another way: a quote, a backslash, a control character or half of a pair. */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Writes the value of a promise, unless the execution has ended meanwhile. */
function writeLater(promise: Promise<unknown>, write: Write, run: Run): Promise<string> {
  run.waits += 1;
  if (run.waits > MAX_WAITS || run.context.loader.lookupsStarted() > MAX_LOOKUPS) {
    promise.catch(ignore);
    fallBack();
  }
  return later(promise, (value) => (run.hasEnded ? fallBack() : write(value, run)));
}

/** The mapped value of a promise. Its rejection may be handled after another field has ended the execution. */
function later<Value, Result>(promise: Promise<Value>, map: (value: Value) => MaybePromise<Result>): Promise<Result> {
  const result = promise.then(map);
  result.catch(ignore);
  return result;
}

function join(pieces: readonly MaybePromise<string>[]): Promise<string> {
  return later(Promise.all(pieces as Promise<string>[]), (texts) => texts.join(''));
}

function writeNull(_: unknown, run: Run): string {
  run.written += 4;
  return 'null';
}

function fallBack(): never {
  throw FALL_BACK;
}

function ignore(): void {
  // graphql-js executes the operation, and reports what fails.
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}
