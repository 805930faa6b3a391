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
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { Choices } from '../support/choices.js';

/** The body of a GraphQL request. Most are valid. */
export interface GeneratedRequest {
  readonly query: string;
  readonly variables: unknown;
  readonly operationName: string | undefined;
}

const { inSeveralCampaigns, severalPhones, nobody } = EXAMPLES;
const TEXTS = [
  ...[inSeveralCampaigns.phone, inSeveralCampaigns.customerId, ...severalPhones.phones],
  ...[nobody.phone, nobody.customerId, '4821', '+57 (306) 482-1975'],
  ...['', ' ', 'abc', '0', '__proto__', 'CC 1\u0000', '9'.repeat(200), 'ñandú 𝄞'],
];
const VALUES = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...TEXTS) },
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 31, [], {}, [['a']], { a: { b: 1 } }),
  fc.string(),
);

/** Requests over a schema: fields, aliases, arguments, variables, fragments and directives; some are not valid. */
export function requestsOver(schema: GraphQLSchema): fc.Arbitrary<GeneratedRequest> {
  const query = schema.getQueryType();
  if (query === undefined || query === null) throw new Error('The schema has no queries.');
  // Numbers decide every choice of a document, so that it shrinks with them.
  const numbers = fc.array(fc.nat({ max: 999 }), { minLength: 1, maxLength: 120 });
  const valid = numbers.map((some) => new DocumentWriter(schema, some, true).document(query));
  const invalid = numbers.map((some) => new DocumentWriter(schema, some, false).document(query));
  const piece = fc.constantFrom('{', '}', '(', '"', '$', '...', '@', '!', '#', '\\', ':', '');
  const broken = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(), piece), { minLength: 1, maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((before, [position, inserted]) => {
        const at = position % (before.length + 1);
        return before.slice(0, at) + inserted + before.slice(at + (inserted === '' ? 3 : 0));
      }, text),
    );
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        query: valid,
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
        query: fc.oneof({ weight: 4, arbitrary: invalid }, { weight: 3, arbitrary: broken }, fc.string()),
        variables: fc.oneof(
          { weight: 4, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), VALUES) },
          fc.constantFrom<unknown>(undefined, null, [], 'a', 5),
        ),
        operationName: fc.constantFrom(undefined, undefined, 'A', 'B', ''),
      }),
    },
  );
}

const MAX_DEPTH = 7;
/** The variable for arguments of each type. */
const VARIABLES: Readonly<Record<string, string>> = { String: '$a', ID: '$b', Int: '$c' };

/** Writes one document. An invalid one has some unknown fields, undefined variables and the like. */
class DocumentWriter {
  readonly #schema: GraphQLSchema;
  readonly #choices: Choices;
  readonly #isValid: boolean;
  readonly #used = new Set<string>();
  #aliases = 0;

  constructor(schema: GraphQLSchema, numbers: readonly number[], isValid: boolean) {
    this.#schema = schema;
    this.#choices = new Choices(numbers);
    this.#isValid = isValid;
  }

  document(root: GraphQLObjectType): string {
    const body = this.#selections(root, 0);
    const variables = [...this.#used].map((type) => `${VARIABLES[type] ?? '$e'}: ${type}`);
    if (!this.#isValid)
      variables.push(...['$d: Boolean!', '$e: [_Any!]! = 1', '$a: Nothing'].filter(() => this.#choices.once(5)));
    const head = variables.length > 0 ? `query A(${variables.join(', ')}) ` : '';
    const record = this.#schema.getType('CampaignRecord');
    const fragment =
      !this.#isValid && this.#choices.once(2) ? ` fragment F on CampaignRecord ${this.#selections(record, 4)}` : '';
    return `${head}${body}${fragment}`;
  }

  #selections(type: GraphQLNamedType | undefined, depth: number): string {
    if (isUnionType(type)) {
      const some = type.getTypes().filter(() => this.#choices.once(2));
      return `{ __typename ${some.map((one) => `... on ${one.name} ${this.#selections(one, depth + 1)}`).join(' ')} }`;
    }
    if (!isObjectType(type)) return '{ __typename }';
    return `{ ${Array.from({ length: 1 + this.#choices.below(4) }, () => this.#selection(type, depth)).join(' ')} }`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const kind = this.#choices.below(20);
    if (kind === 1) return `... on ${type.name} { __typename }`;
    if (!this.#isValid && kind > 15)
      return ['...F', 'noSuchField', '__typename @skip(if: $d)', '@', 'id { id }'][kind - 16] ?? '';
    const fields = Object.values(type.getFields());
    const field = fields[this.#choices.below(fields.length)];
    const inner = field === undefined ? undefined : getNamedType(field.type);
    const isDeep = isObjectType(inner) || isUnionType(inner);
    if (field === undefined || (isDeep && depth >= MAX_DEPTH)) return '__typename';
    const alias = this.#isValid ? `x${(this.#aliases += 1)}` : `x${this.#choices.below(5)}`;
    const directive = this.#choices.once(12) ? ' @include(if: true)' : '';
    return `${alias}: ${field.name}${this.#arguments(field.args)}${directive} ${isDeep ? this.#selections(inner, depth + 1) : ''}`;
  }

  #arguments(all: readonly GraphQLArgument[]): string {
    const given = all
      .filter(({ type }) => isNonNullType(type) || this.#choices.once(2))
      .map(({ name, type }) => `${name}: ${this.#value(type)}`);
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  #value(type: GraphQLInputType, isNullable = true): string {
    if (isNonNullType(type)) return this.#value(type.ofType, false);
    if (isListType(type))
      return `[${Array.from({ length: this.#choices.below(4) }, () => this.#value(type.ofType)).join(', ')}]`;
    const { name } = getNamedType(type);
    const variable = VARIABLES[name];
    if (variable !== undefined && (isNullable || !this.#isValid) && this.#choices.once(6)) {
      this.#used.add(name);
      return variable;
    }
    if (isNullable && this.#choices.once(15)) return 'null';
    if (name === 'Int') return `${[0, 60, -1, 2_147_483_647][this.#choices.below(4)] ?? 0}`;
    if (name === '_Any') return this.#representation();
    return JSON.stringify(TEXTS[this.#choices.below(TEXTS.length)] ?? '');
  }

  #representation(): string {
    const typename = ['Customer', 'Campaign', 'CampaignRecord', 'CampaignOpt', 'Nobody'][this.#choices.below(5)] ?? '';
    const key = { Customer: 'customerId', Campaign: 'campaignId' }[typename] ?? 'id';
    return `{ __typename: "${typename}", ${key}: ${JSON.stringify(TEXTS[this.#choices.below(TEXTS.length)] ?? '')} }`;
  }
}
