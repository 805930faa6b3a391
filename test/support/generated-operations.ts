import fc from 'fast-check';
import {
  getNamedType,
  isEnumType,
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
import type { Request } from './executors.js';

/** Values that operations are made of. */
export interface Pools {
  readonly phones: readonly string[];
  readonly customerIds: readonly string[];
  readonly campaignIds: readonly string[];
  /** Ids of records, some of which no lookup finds. */
  readonly recordIds: readonly string[];
  /** Names of free columns, and others. */
  readonly names: readonly string[];
}

/**
 * Valid operations over a schema; most of them succeed. They have aliases, named and inline fragments that overlap,
 * unions, `@skip` and `@include` by literals and variables, variables with defaults, and representations.
 */
export function operationsOver(schema: GraphQLSchema, pools: Pools): fc.Arbitrary<Request> {
  // Numbers decide every choice of a document, so that it shrinks with them.
  const numbers = fc.array(fc.nat({ max: 9_999 }), { minLength: 50, maxLength: 500, size: 'max' });
  return numbers.map((choices) => new OperationWriter(schema, pools, choices).request());
}

const MAX_DEPTH = 6;
/** A fragment spreads only those that come later, so none spreads itself. */
const FRAGMENTS = ['Query', 'Customer', 'Campaign', 'CampaignRecord', 'CampaignOpt'].flatMap((typeName) =>
  ['A', 'B'].map((letter) => ({ name: `${typeName}${letter}`, typeName })),
);
/** One operation in so many reads the schema, which the text executor leaves to graphql-js. */
const INTROSPECTION_SHARE = 60;

interface Variable {
  readonly type: string;
  readonly value: unknown;
  /** The default in the document. */
  readonly defaultValue?: string;
}

class OperationWriter {
  readonly #schema: GraphQLSchema;
  readonly #pools: Pools;
  readonly #choices: readonly number[];
  readonly #variables = new Map<string, Variable>();
  readonly #spread = new Set<string>();
  #firstFragment = 0;
  #at = 0;
  #fields = 0;

  constructor(schema: GraphQLSchema, pools: Pools, choices: readonly number[]) {
    this.#schema = schema;
    this.#pools = pools;
    this.#choices = choices;
  }

  request(): Request {
    const root = this.#schema.getQueryType();
    if (root === undefined || root === null) throw new Error('The schema has no queries.');
    const texts = [this.#set(root, 0)];
    FRAGMENTS.forEach(({ name, typeName }, index) => {
      if (!this.#spread.has(name)) return;
      this.#firstFragment = index + 1;
      texts.push(`fragment ${name} on ${typeName} ${this.#set(this.#typeOf(typeName), MAX_DEPTH - 3)}`);
    });
    const head = [...this.#variables].map(
      ([name, { type, defaultValue }]) => `$${name}: ${type}${defaultValue === undefined ? '' : ` = ${defaultValue}`}`,
    );
    const variables = [...this.#variables].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]]));
    return {
      query: `query A${head.length > 0 ? `(${head.join(', ')})` : ''} ${texts.join(' ')}`,
      variables: Object.fromEntries(variables) as Record<string, unknown>,
    };
  }

  #typeOf(name: string): GraphQLObjectType {
    const type = this.#schema.getType(name);
    if (!isObjectType(type)) throw new Error(`The schema has no type ${name}.`);
    return type;
  }

  /** 0 when the choices are used up, so that every document ends. */
  #choose(below: number): number {
    const number = this.#choices[this.#at] ?? 0;
    this.#at += 1;
    return number % below;
  }

  #chance(share: number): boolean {
    return this.#choose(share) === 1;
  }

  #oneOf<Value>(values: readonly Value[]): Value {
    const value = values[this.#choose(values.length)];
    if (value === undefined) throw new Error('Expected values to choose from; there is none.');
    return value;
  }

  #set(type: GraphQLNamedType, depth: number): string {
    if (isUnionType(type)) {
      const parts = type.getTypes().map((one) => {
        const fragment = this.#chance(2) ? this.#spreadOf(one.name) : undefined;
        return fragment ?? `... on ${one.name}${this.#directive()} ${this.#set(one, depth + 1)}`;
      });
      return `{ __typename ${parts.join(' ')} }`;
    }
    if (!isObjectType(type)) throw new Error(`Expected a type with fields; got ${type.name}.`);
    const length = 1 + this.#choose(depth === 0 ? 3 : 6);
    return `{ ${Array.from({ length }, () => this.#selection(type, depth)).join(' ')} }`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    if (this.#chance(8))
      return `...${this.#chance(2) ? ` on ${type.name}` : ''}${this.#directive()} ${this.#set(type, depth)}`;
    const spread = this.#chance(6) ? this.#spreadOf(type.name) : undefined;
    return spread ?? this.#field(type, depth);
  }

  #spreadOf(typeName: string): string | undefined {
    const known = FRAGMENTS.slice(this.#firstFragment).filter((fragment) => fragment.typeName === typeName);
    if (known.length === 0) return undefined;
    const { name } = this.#oneOf(known);
    this.#spread.add(name);
    return `...${name}${this.#directive()}`;
  }

  #field(type: GraphQLObjectType, depth: number): string {
    this.#fields += 1;
    if (depth === 0 && this.#choose(INTROSPECTION_SHARE) === 1) return '__schema { queryType { name } }';
    const fields = Object.values(type.getFields());
    const field = this.#oneOf(fields);
    const inner = getNamedType(field.type);
    const isDeep = isObjectType(inner) || isUnionType(inner);
    if (this.#chance(10) || this.#fields > 300 || (isDeep && depth >= MAX_DEPTH)) {
      return `${this.#chance(2) ? 'type_name: ' : ''}__typename${this.#directive()}`;
    }
    const args = this.#arguments(field.args);
    // Fields of the same response name have the same parent, field and arguments, so they may be merged.
    const alias = args === '' && type.name !== 'Customer' ? '' : `${type.name}_${field.name}${wordOf(args)}: `;
    return `${alias}${field.name}${args}${this.#directive()}${isDeep ? ` ${this.#set(inner, depth + 1)}` : ''}`;
  }

  #directive(): string {
    if (!this.#chance(7)) return '';
    const name = this.#oneOf(['skip', 'include']);
    return ` @${name}(if: ${this.#oneOf([() => 'true', () => 'false', () => this.#condition(), () => this.#condition()])()})`;
  }

  #condition(): string {
    const index = this.#choose(4);
    const value = this.#chance(2);
    return this.#variable(
      `if${index}`,
      index < 2
        ? { type: 'Boolean!', value }
        : { type: 'Boolean', value: this.#chance(15) ? null : value || undefined, defaultValue: 'false' },
    );
  }

  /** The first use of a variable decides its value. */
  #variable(name: string, variable: Variable): string {
    if (!this.#variables.has(name)) this.#variables.set(name, variable);
    return `$${name}`;
  }

  #arguments(all: readonly GraphQLArgument[]): string {
    const given = all
      .filter(({ name, type }) => isNonNullType(type) || this.#isGiven(name))
      .map(({ name, type }) => `${name}: ${this.#value(name, type)}`);
    // Without a criterion a lookup is an error.
    const isSearch = all.some(({ name }) => name === 'phone') && all.some(({ name }) => name === 'campaignId');
    if (isSearch && !given.some((text) => /^(?:phone|customerId|campaignId): (?!null)/.test(text))) {
      given.push(`phone: ${JSON.stringify(this.#oneOf(this.#pools.phones))}`);
    }
    const unique = new Map(given.map((text) => [text.split(':')[0], text]));
    return unique.size === 0 ? '' : `(${[...unique.values()].join(', ')})`;
  }

  #isGiven(name: string): boolean {
    return name === 'maxAge' ? this.#chance(12) : this.#chance(3);
  }

  #value(name: string, type: GraphQLInputType): string {
    if (!isNonNullType(type) && this.#chance(25)) return 'null';
    if (name === 'representations') return this.#representations();
    const { literal, value } = this.#known(name, type);
    if (isNonNullType(type) || this.#chance(3)) return literal;
    const index = this.#choose(2);
    const typeName = String(type);
    if (index === 0) return this.#variable(`${name}0_${wordOf(typeName)}`, { type: typeName, value });
    return this.#variable(`${name}1_${wordOf(typeName)}`, {
      type: typeName,
      value: this.#chance(2) ? value : undefined,
      defaultValue: literal,
    });
  }

  #known(name: string, type: GraphQLInputType): { readonly literal: string; readonly value: unknown } {
    const named = getNamedType(type);
    if (isEnumType(named)) {
      const values = named.getValues().map((one) => one.name);
      if (!isListType(type)) return enumOf(this.#oneOf(values));
      const some = Array.from({ length: this.#choose(5) }, () => this.#oneOf(values));
      return { literal: `[${some.join(', ')}]`, value: some };
    }
    const { phones, customerIds, campaignIds, names } = this.#pools;
    switch (name) {
      case 'phone':
        return textOf(this.#oneOf(phones));
      case 'customerId':
        return textOf(this.#oneOf(customerIds));
      case 'campaignId':
        return textOf(this.#oneOf(campaignIds));
      case 'name':
        return textOf(this.#oneOf(names));
      case 'names': {
        const some = Array.from({ length: this.#choose(4) }, () => this.#oneOf(names));
        return { literal: JSON.stringify(some), value: some };
      }
      default:
        return this.#scalar(named.name);
    }
  }

  #scalar(typeName: string): { readonly literal: string; readonly value: unknown } {
    if (typeName === 'Boolean') return textOf(this.#chance(2));
    if (typeName === 'Int') return textOf(this.#oneOf([0, 60, 299, 2_147_483_647]));
    throw new Error(`Expected an argument with known values; got one of type ${typeName}.`);
  }

  #representations(): string {
    const list = Array.from({ length: this.#choose(6) }, () => this.#representation());
    if (this.#chance(3)) {
      const literals = list.map(
        (one) =>
          `{ ${Object.entries(one)
            .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
            .join(', ')} }`,
      );
      return `[${literals.join(', ')}]`;
    }
    return this.#variable(`representations${this.#choose(2)}`, { type: '[_Any!]!', value: list });
  }

  #representation(): Readonly<Record<string, unknown>> {
    const { customerIds, campaignIds, recordIds } = this.#pools;
    const kinds = [
      () => ({ __typename: 'Customer', customerId: this.#oneOf(customerIds) }),
      () => ({ __typename: 'Campaign', campaignId: this.#oneOf(campaignIds) }),
      () => ({ __typename: 'CampaignRecord', id: this.#oneOf(recordIds) }),
      () => ({ __typename: 'CampaignRecord', id: this.#oneOf(recordIds) }),
    ];
    // A type that the graph does not have is an error.
    return this.#chance(60) ? { __typename: 'Nobody', id: '1' } : this.#oneOf(kinds)();
  }
}

function textOf(value: unknown): { readonly literal: string; readonly value: unknown } {
  return { literal: JSON.stringify(value), value };
}

function enumOf(name: string): { readonly literal: string; readonly value: unknown } {
  return { literal: name, value: name };
}

/** A part of a GraphQL name that is equal for equal texts, and different for different ones. */
function wordOf(text: string): string {
  return Buffer.from(text).toString('hex');
}
