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
import { Choices } from './choices.js';
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
  return numbers.map((some) => new OperationWriter(schema, pools, some).request());
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
  readonly #choices: Choices;
  readonly #variables = new Map<string, Variable>();
  readonly #spread = new Set<string>();
  #firstFragment = 0;
  #fields = 0;

  constructor(schema: GraphQLSchema, pools: Pools, numbers: readonly number[]) {
    this.#schema = schema;
    this.#pools = pools;
    this.#choices = new Choices(numbers);
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

  #set(type: GraphQLNamedType, depth: number): string {
    if (isUnionType(type)) {
      const parts = type.getTypes().map((one) => {
        const fragment = this.#choices.once(2) ? this.#spreadOf(one.name) : undefined;
        return fragment ?? `... on ${one.name}${this.#directive()} ${this.#set(one, depth + 1)}`;
      });
      return `{ __typename ${parts.join(' ')} }`;
    }
    if (!isObjectType(type)) throw new Error(`Expected a type with fields; got ${type.name}.`);
    const length = 1 + this.#choices.below(depth === 0 ? 3 : 6);
    return `{ ${Array.from({ length }, () => this.#selection(type, depth)).join(' ')} }`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    if (this.#choices.once(8))
      return `...${this.#choices.once(2) ? ` on ${type.name}` : ''}${this.#directive()} ${this.#set(type, depth)}`;
    const spread = this.#choices.once(6) ? this.#spreadOf(type.name) : undefined;
    return spread ?? this.#field(type, depth);
  }

  #spreadOf(typeName: string): string | undefined {
    const known = FRAGMENTS.slice(this.#firstFragment).filter((fragment) => fragment.typeName === typeName);
    if (known.length === 0) return undefined;
    const { name } = this.#choices.oneOf(known);
    this.#spread.add(name);
    return `...${name}${this.#directive()}`;
  }

  #field(type: GraphQLObjectType, depth: number): string {
    this.#fields += 1;
    if (depth === 0 && this.#choices.once(INTROSPECTION_SHARE)) return '__schema { queryType { name } }';
    const fields = Object.values(type.getFields());
    const field = this.#choices.oneOf(fields);
    const inner = getNamedType(field.type);
    const isDeep = isObjectType(inner) || isUnionType(inner);
    if (this.#choices.once(10) || this.#fields > 300 || (isDeep && depth >= MAX_DEPTH)) {
      return `${this.#choices.once(2) ? 'type_name: ' : ''}__typename${this.#directive()}`;
    }
    const args = this.#arguments(field.args);
    // Fields of the same response name have the same parent, field and arguments, so they may be merged.
    const alias = args === '' && type.name !== 'Customer' ? '' : `${type.name}_${field.name}${wordOf(args)}: `;
    return `${alias}${field.name}${args}${this.#directive()}${isDeep ? ` ${this.#set(inner, depth + 1)}` : ''}`;
  }

  #directive(): string {
    if (!this.#choices.once(7)) return '';
    const name = this.#choices.oneOf(['skip', 'include']);
    return ` @${name}(if: ${this.#choices.oneOf([() => 'true', () => 'false', () => this.#condition(), () => this.#condition()])()})`;
  }

  #condition(): string {
    const index = this.#choices.below(4);
    const value = this.#choices.once(2);
    return this.#variable(
      `if${index}`,
      index < 2
        ? { type: 'Boolean!', value }
        : { type: 'Boolean', value: this.#choices.once(15) ? null : value || undefined, defaultValue: 'false' },
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
      given.push(`phone: ${JSON.stringify(this.#choices.oneOf(this.#pools.phones))}`);
    }
    const unique = new Map(given.map((text) => [text.split(':')[0], text]));
    return unique.size === 0 ? '' : `(${[...unique.values()].join(', ')})`;
  }

  #isGiven(name: string): boolean {
    return name === 'maxAge' ? this.#choices.once(12) : this.#choices.once(3);
  }

  #value(name: string, type: GraphQLInputType): string {
    if (!isNonNullType(type) && this.#choices.once(25)) return 'null';
    if (name === 'representations') return this.#representations();
    const { literal, value } = this.#known(name, type);
    if (isNonNullType(type) || this.#choices.once(3)) return literal;
    const index = this.#choices.below(2);
    const typeName = String(type);
    if (index === 0) return this.#variable(`${name}0_${wordOf(typeName)}`, { type: typeName, value });
    return this.#variable(`${name}1_${wordOf(typeName)}`, {
      type: typeName,
      value: this.#choices.once(2) ? value : undefined,
      defaultValue: literal,
    });
  }

  #known(name: string, type: GraphQLInputType): { readonly literal: string; readonly value: unknown } {
    const named = getNamedType(type);
    if (isEnumType(named)) {
      const values = named.getValues().map((one) => one.name);
      if (!isListType(type)) return enumOf(this.#choices.oneOf(values));
      const some = Array.from({ length: this.#choices.below(5) }, () => this.#choices.oneOf(values));
      return { literal: `[${some.join(', ')}]`, value: some };
    }
    const { phones, customerIds, campaignIds, names } = this.#pools;
    switch (name) {
      case 'phone':
        return textOf(this.#choices.oneOf(phones));
      case 'customerId':
        return textOf(this.#choices.oneOf(customerIds));
      case 'campaignId':
        return textOf(this.#choices.oneOf(campaignIds));
      case 'name':
        return textOf(this.#choices.oneOf(names));
      case 'names': {
        const some = Array.from({ length: this.#choices.below(4) }, () => this.#choices.oneOf(names));
        return { literal: JSON.stringify(some), value: some };
      }
      default:
        return this.#scalar(named.name);
    }
  }

  #scalar(typeName: string): { readonly literal: string; readonly value: unknown } {
    if (typeName === 'Boolean') return textOf(this.#choices.once(2));
    if (typeName === 'Int') return textOf(this.#choices.oneOf([0, 60, 299, 2_147_483_647]));
    throw new Error(`Expected an argument with known values; got one of type ${typeName}.`);
  }

  #representations(): string {
    const list = Array.from({ length: this.#choices.below(6) }, () => this.#representation());
    if (this.#choices.once(3)) {
      const literals = list.map(
        (one) =>
          `{ ${Object.entries(one)
            .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
            .join(', ')} }`,
      );
      return `[${literals.join(', ')}]`;
    }
    return this.#variable(`representations${this.#choices.below(2)}`, { type: '[_Any!]!', value: list });
  }

  #representation(): Readonly<Record<string, unknown>> {
    const { customerIds, campaignIds, recordIds } = this.#pools;
    const kinds = [
      () => ({ __typename: 'Customer', customerId: this.#choices.oneOf(customerIds) }),
      () => ({ __typename: 'Campaign', campaignId: this.#choices.oneOf(campaignIds) }),
      () => ({ __typename: 'CampaignRecord', id: this.#choices.oneOf(recordIds) }),
      () => ({ __typename: 'CampaignRecord', id: this.#choices.oneOf(recordIds) }),
    ];
    // A type that the graph does not have is an error.
    return this.#choices.once(60) ? { __typename: 'Nobody', id: '1' } : this.#choices.oneOf(kinds)();
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
