import { composeServices as composeWithApollo } from '@apollo/composition';
import {
  composeSchemaContract,
  composeServices as composeWithGuild,
  transformSupergraphToPublicSchema,
} from '@theguild/federation-composition';
import { ROUTER_COMPATIBILITY_VERSION_ONE, federateSubgraphs as composeWithCosmo } from '@wundergraph/composition';
import { Kind, buildASTSchema, isObjectType, isSpecifiedDirective, isTypeDefinitionNode, parse, print } from 'graphql';
import type { DocumentNode, FieldDefinitionNode, GraphQLSchema, InputValueDefinitionNode } from 'graphql';
import { describe, expect, test } from 'vitest';

import { TICKETS_SDL } from '../../../examples/clients/tickets.js';
import { CUSTOMERS_SDL } from '../../../examples/federation/customers.js';
import { readTypeDefs } from '../../../src/graphql/schema.js';

interface Named {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
}

interface Composition {
  readonly errors: readonly string[];
  /** What the composer warns of, each as its code, or as its message if it has no code. */
  readonly warnings: readonly string[];
  readonly supergraph: string;
  /** What a client of the router sees; undefined: there are errors. */
  readonly api: GraphQLSchema | undefined;
}

/** The API of a supergraph that The Guild's library composed. */
function publicApi(supergraphSdl: string): GraphQLSchema {
  return buildASTSchema(transformSupergraphToPublicSchema(parse(supergraphSdl)), { assumeValidSDL: true });
}

const FAILED = { warnings: [], supergraph: '', api: undefined };
const messagesOf = (errors: readonly { readonly message: string }[]): string[] => errors.map(({ message }) => message);

const COMPOSERS: Record<string, (subgraphs: Named[]) => Composition> = {
  Apollo: (subgraphs) => {
    const { errors, supergraphSdl, schema, hints } = composeWithApollo(subgraphs);
    if (errors !== undefined) return { ...FAILED, errors: messagesOf(errors) };
    return {
      errors: [],
      warnings: hints.flatMap(({ definition: { code, level } }) => (level.name === 'WARN' ? [code] : [])),
      supergraph: supergraphSdl,
      api: schema.toAPISchema().toGraphQLJSSchema(),
    };
  },
  'The Guild': (subgraphs) => {
    const { errors = [], supergraphSdl } = composeWithGuild(subgraphs);
    if (supergraphSdl === undefined) return { ...FAILED, errors: messagesOf(errors) };
    return {
      errors: messagesOf(errors),
      warnings: [],
      supergraph: supergraphSdl,
      api: publicApi(supergraphSdl),
    };
  },
  Cosmo: (subgraphs) => {
    const result = composeWithCosmo({
      subgraphs: subgraphs.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
      version: ROUTER_COMPATIBILITY_VERSION_ONE,
    });
    if (!result.success) return { ...FAILED, errors: messagesOf(result.errors) };
    return {
      errors: [],
      warnings: messagesOf(result.warnings),
      supergraph: print(result.federatedGraphAST),
      api: result.federatedGraphClientSchema,
    };
  },
};

const campaigns: Named = { name: 'campaigns', url: 'http://campaigns.example/graphql', typeDefs: readTypeDefs() };
const customers: Named = { name: 'customers', url: 'http://customers.example/graphql', typeDefs: parse(CUSTOMERS_SDL) };
const tickets: Named = { name: 'tickets', url: 'http://tickets.example/graphql', typeDefs: parse(TICKETS_SDL) };
/** A subgraph whose key field of Customer has a wrong name. */
const misspelt: Named = { ...customers, typeDefs: parse(CUSTOMERS_SDL.replaceAll('customerId', 'customerID')) };

/** The names of the types that subgraphs define, and those that every schema has. */
function definedTypes(subgraphs: readonly Named[]): Set<string> {
  const definitions = subgraphs.flatMap(({ typeDefs }) => typeDefs.definitions.filter(isTypeDefinitionNode));
  return new Set([...definitions.map(({ name }) => name.value), 'String', 'ID', 'Int', 'Boolean']);
}

/** The names of the types that a client sees, without those of introspection. */
function visibleTypes(api: GraphQLSchema | undefined): string[] {
  return Object.keys(api?.getTypeMap() ?? {}).filter((name) => !name.startsWith('__'));
}

describe.each(Object.entries(COMPOSERS))('%s composer', (_name, compose) => {
  test('composes the schema alone', () => {
    expect(compose([campaigns])).toMatchObject({ errors: [], warnings: [] });
  });

  test('composes it with a subgraph that owns the customers', () => {
    const { errors, supergraph } = compose([campaigns, customers]);
    expect(errors).toEqual([]);
    const customer = /^type Customer\b[^]*?^\}/m.exec(supergraph)?.[0];
    expect(customer).toContain('campaignRecords(');
    expect(customer).toContain('email');
  });

  test('composes it with both further subgraphs, and warns only of different descriptions', () => {
    const { errors, warnings, api } = compose([campaigns, customers, tickets]);
    expect(errors).toEqual([]);
    expect(warnings.filter((warning) => warning !== 'INCONSISTENT_DESCRIPTION')).toEqual([]);
    const fieldsOf = (name: string): string[] => {
      const type = api?.getType(name);
      return type === undefined || !('getFields' in type) ? [] : Object.keys(type.getFields());
    };
    expect(fieldsOf('Customer')).toEqual(expect.arrayContaining(['email', 'tickets', 'latestRecord', 'isInCampaign']));
    expect(fieldsOf('Campaign')).toEqual(expect.arrayContaining(['name', 'tickets', 'findRecords']));
    expect(fieldsOf('Query')).toEqual(expect.arrayContaining(['campaigns', 'wolkvoxStatus', 'customers', 'ticket']));
  });

  test('shows clients the types of the subgraphs, and no type or directive of a tool', () => {
    const subgraphs = [campaigns, customers, tickets];
    const { api } = compose(subgraphs);
    const expected = definedTypes(subgraphs);
    expect(expected.delete('CacheControlScope')).toBe(true);
    expect(visibleTypes(api).sort()).toEqual([...expected].sort());
    expect(api?.getDirectives().filter((directive) => !isSpecifiedDirective(directive))).toEqual([]);
    // Without @inaccessible clients would see it.
    const typeDefs = parse(print(campaigns.typeDefs).replace('CacheControlScope @inaccessible', 'CacheControlScope'));
    expect(visibleTypes(compose([{ ...campaigns, typeDefs }]).api)).toContain('CacheControlScope');
  });

  test('composes it with a subgraph that has its own types Opt, Phone and Address (defect 57)', () => {
    const typeDefs = parse(`${CUSTOMERS_SDL}
      extend type Query { phone: Phone address: Address opt: Opt }
      type Phone { kind: Int! } type Address { lines: [String!]! } type Opt { isSet: Boolean! }`);
    const { errors, supergraph } = compose([campaigns, { ...customers, typeDefs }]);
    expect(errors).toEqual([]);
    expect(supergraph).toMatch(/^type Phone\b/m);
  });

  test('refuses a subgraph with a misspelt key', () => {
    expect(compose([campaigns, misspelt]).errors.join('\n')).toMatch(/Customer/);
  });
});

/** The coordinates of fields and arguments, such as `Campaign.findRecords.phone`. */
function coordinatesOf(api: GraphQLSchema | undefined): Set<string> {
  const types = Object.values(api?.getTypeMap() ?? {}).filter(isObjectType);
  const fields = types.flatMap((type) =>
    Object.values(type.getFields()).map(({ name, args }) => [`${type.name}.${name}`, args] as const),
  );
  return new Set(fields.flatMap(([field, args]) => [field, ...args.map(({ name }) => `${field}.${name}`)]));
}

/** The coordinates of fields and arguments of the campaign subgraph that have the tag. */
function taggedCoordinates(tag: string): string[] {
  const hasTag = ({ directives = [] }: FieldDefinitionNode | InputValueDefinitionNode): boolean =>
    directives.some((directive) => print(directive) === `@tag(name: "${tag}")`);
  const types = campaigns.typeDefs.definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION);
  const fields = types.flatMap((type) =>
    (type.fields ?? []).map((field) => [`${type.name.value}.${field.name.value}`, field] as const),
  );
  return fields.flatMap(([coordinate, field]) => [
    ...(hasTag(field) ? [coordinate] : []),
    ...(field.arguments ?? []).filter(hasTag).map(({ name }) => `${coordinate}.${name.value}`),
  ]);
}

test('A contract without the tag pii has no personal field or argument, and joins the subgraphs all the same', () => {
  const subgraphs = [campaigns, customers, tickets];
  const personal = taggedCoordinates('pii');
  expect(personal.length).toBeGreaterThan(15);
  const all = coordinatesOf(COMPOSERS['The Guild']?.(subgraphs).api);
  expect(personal.filter((coordinate) => !all.has(coordinate))).toEqual([]);

  const filter = { include: new Set<string>(), exclude: new Set(['pii']) };
  const { supergraphSdl } = composeSchemaContract(subgraphs, filter, true);
  const visible = coordinatesOf(publicApi(supergraphSdl ?? ''));
  expect(personal.filter((coordinate) => visible.has(coordinate))).toEqual([]);
  expect([...visible]).toEqual(
    expect.arrayContaining([
      ...['Query.findCampaignRecords.campaignId', 'CampaignRecord.outcome', 'CampaignRecord.customer'],
      ...['Customer.campaignRecords', 'Customer.tickets', 'Campaign.name'],
    ]),
  );
});
