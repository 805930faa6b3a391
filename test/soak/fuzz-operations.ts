import fc from 'fast-check';
import {
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { EXAMPLES } from '../../src/simulator/cast.js';

/** A request as a client may send it: mostly a valid operation, in some part perhaps not. */
export interface GeneratedRequest {
  readonly query: string;
  readonly variables: unknown;
  readonly operationName: string | undefined;
}

const { inSeveralCampaigns, severalPhones, nobody } = EXAMPLES;
const TEXTS = [
  inSeveralCampaigns.phone,
  inSeveralCampaigns.customerId,
  ...severalPhones.phones,
  nobody.phone,
  nobody.customerId,
  '4821',
  '+57 (306) 482-1975',
  '',
  ' ',
  'abc',
  '0',
  '__proto__',
  'CC 1\u0000',
  '9'.repeat(200),
  'ñandú 𝄞',
];
const VALUES = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...TEXTS) },
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 31, [], {}, [['a']], { a: { b: 1 } }),
  fc.string(),
);

/** Operations over a schema: fields, aliases, arguments, variables, fragments and directives, and now and then a broken text. */
export function requestsOver(schema: GraphQLSchema): fc.Arbitrary<GeneratedRequest> {
  const query = schema.getQueryType();
  if (query === undefined || query === null) throw new Error('Expected a schema with queries.');
  // Made of a stream of numbers, so that a document is as deep and wide as they say, and shrinks with them.
  const numbers = fc.array(fc.nat({ max: 999 }), { minLength: 1, maxLength: 120 });
  const sound = numbers.map((each) => new Writer(schema, each, true).document(query));
  const unsound = numbers.map((each) => new Writer(schema, each, false).document(query));
  const piece = fc.constantFrom('{', '}', '(', '"', '$', '...', '@', '!', '#', '\\', ':', '');
  const broken = fc
    .tuple(sound, fc.array(fc.tuple(fc.nat(), piece), { minLength: 1, maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((before, [place, inserted]) => {
        const at = place % (before.length + 1);
        return before.slice(0, at) + inserted + before.slice(at + (inserted === '' ? 3 : 0));
      }, text),
    );
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        query: sound,
        variables: fc.record({
          a: fc.option(fc.constantFrom(...TEXTS)),
          b: fc.option(fc.constantFrom(...TEXTS)),
          c: fc.option(fc.integer({ min: -1, max: 1_000 })),
        }),
        operationName: fc.constant(undefined),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        query: fc.oneof({ weight: 4, arbitrary: unsound }, { weight: 3, arbitrary: broken }, fc.string()),
        variables: fc.oneof(
          { weight: 4, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), VALUES) },
          fc.constantFrom<unknown>(undefined, null, [], 'a', 5),
        ),
        operationName: fc.constantFrom(undefined, undefined, 'A', 'B', ''),
      }),
    },
  );
}

const DEEPEST = 7;
/** The variable that stands for an argument of each type. */
const VARIABLES: Readonly<Record<string, string>> = { String: '$a', ID: '$b', Int: '$c' };

/** Writes one document, led by numbers. A sound one is valid; another one has in places what must not be there. */
class Writer {
  readonly #schema: GraphQLSchema;
  readonly #numbers: readonly number[];
  readonly #isSound: boolean;
  readonly #used = new Set<string>();
  #at = 0;
  #aliases = 0;

  constructor(schema: GraphQLSchema, numbers: readonly number[], isSound: boolean) {
    this.#schema = schema;
    this.#numbers = numbers;
    this.#isSound = isSound;
  }

  document(root: GraphQLObjectType): string {
    const body = this.#selections(root, 0);
    const variables = [...this.#used].map((type) => `${VARIABLES[type] ?? '$e'}: ${type}`);
    if (!this.#isSound)
      variables.push(...['$d: Boolean!', '$e: [_Any!]! = 1', '$a: Nothing'].filter(() => this.#draw(5) === 1));
    const head = variables.length > 0 ? `query A(${variables.join(', ')}) ` : '';
    const record = this.#schema.getType('CampaignRecord');
    const fragment =
      !this.#isSound && this.#draw(2) === 1 ? ` fragment F on CampaignRecord ${this.#selections(record, 4)}` : '';
    return `${head}${body}${fragment}`;
  }

  /** Zeros when the numbers are used up, so that everything comes to an end. */
  #draw(below: number): number {
    const number = this.#numbers[this.#at] ?? 0;
    this.#at += 1;
    return number % below;
  }

  #selections(type: GraphQLNamedType | undefined, depth: number): string {
    if (isUnionType(type)) {
      const some = type.getTypes().filter(() => this.#draw(2) === 1);
      return `{ __typename ${some.map((one) => `... on ${one.name} ${this.#selections(one, depth + 1)}`).join(' ')} }`;
    }
    if (!isObjectType(type)) return '{ __typename }';
    return `{ ${Array.from({ length: 1 + this.#draw(4) }, () => this.#selection(type, depth)).join(' ')} }`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const kind = this.#draw(20);
    if (kind === 1) return `... on ${type.name} { __typename }`;
    if (!this.#isSound && kind > 15)
      return ['...F', 'noSuchField', '__typename @skip(if: $d)', '@', 'id { id }'][kind - 16] ?? '';
    const fields = Object.values(type.getFields());
    const field = fields[this.#draw(fields.length)];
    const inner = field === undefined ? undefined : getNamedType(field.type);
    const isDeep = isObjectType(inner) || isUnionType(inner);
    if (field === undefined || (isDeep && depth >= DEEPEST)) return '__typename';
    const alias = this.#isSound ? `x${(this.#aliases += 1)}` : `x${this.#draw(5)}`;
    const directive = this.#draw(12) === 1 ? ' @include(if: true)' : '';
    return `${alias}: ${field.name}${this.#arguments(field.args)}${directive} ${isDeep ? this.#selections(inner, depth + 1) : ''}`;
  }

  #arguments(all: readonly GraphQLArgument[]): string {
    const given = all
      .filter(({ type }) => isNonNullType(type) || this.#draw(2) === 1)
      .map(({ name, type }) => `${name}: ${this.#value(type)}`);
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  #value(type: GraphQLInputType, isNullable = true): string {
    if (isNonNullType(type)) return this.#value(type.ofType, false);
    if (isListType(type))
      return `[${Array.from({ length: this.#draw(4) }, () => this.#value(type.ofType)).join(', ')}]`;
    const { name } = getNamedType(type);
    const variable = VARIABLES[name];
    if (variable !== undefined && (isNullable || !this.#isSound) && this.#draw(6) === 1) {
      this.#used.add(name);
      return variable;
    }
    if (isNullable && this.#draw(15) === 1) return 'null';
    if (name === 'Int') return `${[0, 60, -1, 2_147_483_647][this.#draw(4)] ?? 0}`;
    if (name === '_Any') return this.#representation();
    return JSON.stringify(TEXTS[this.#draw(TEXTS.length)] ?? '');
  }

  #representation(): string {
    const typename = ['Customer', 'Campaign', 'CampaignRecord', 'Opt', 'Nobody'][this.#draw(5)] ?? '';
    const key = { Customer: 'customerId', Campaign: 'campaignId' }[typename] ?? 'id';
    return `{ __typename: "${typename}", ${key}: ${JSON.stringify(TEXTS[this.#draw(TEXTS.length)] ?? '')} }`;
  }
}
