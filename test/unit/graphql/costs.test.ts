/**
 * Routers reject operations whose estimated cost is above a limit. The cost comes from `@cost` and `@listSize`. Two
 * routers say how they compute it:
 *
 * - Apollo Router 2, "Demand Control" (https://www.apollographql.com/docs/graphos/routing/security/demand-control)
 * - Cosmo Router 0.294 and later, "Cost Control" (https://cosmo-docs.wundergraph.com/router/security/cost-control)
 *
 * Both have the same rule for what this schema uses: a field costs its weight and the costs of its selections, times
 * the assumed size if it is a list. The weight is that of `@cost`, else 1 for an object and 0 for a scalar or an enum.
 * They differ in where they read the two directives, and in what they do with arguments and paging, which have no
 * weights here. The routers are no npm packages, so the rule is below; the examples of both pages check it.
 */
import { readdirSync } from 'node:fs';
import { composeServices as composeWithApollo } from '@apollo/composition';
import {
  ROUTER_COMPATIBILITY_VERSION_ONE,
  federateSubgraphs as composeWithCosmo,
  type Costs,
} from '@wundergraph/composition';
import {
  Kind,
  buildASTSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  parse,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { CUSTOMERS_SDL } from '../../../examples/federation/customers.js';
import { TICKETS_SDL } from '../../../examples/clients/tickets.js';
import { readProject } from '../docs/tables.js';

/** What a router knows of the costs, by coordinates such as `Query.campaigns`. */
interface Rules {
  readonly schema: GraphQLSchema;
  readonly weights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, number>;
}

/** The size of a list without `@listSize`, and the limit of an operation, as both pages configure them. */
const LIST_SIZE = 10;
const LIMIT = 1_000;

function costOf({ schema, weights, listSizes }: Rules, document: DocumentNode): number {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return costOfSelections(operation?.selectionSet, schema.getQueryType());

  function costOfSelections(set: SelectionSetNode | undefined, parent: GraphQLNamedType | null | undefined): number {
    const costs = (set?.selections ?? []).map((selection) => {
      if (selection.kind === Kind.FIELD) return costOfField(selection, parent);
      const part = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      const type = part?.typeCondition === undefined ? parent : schema.getType(part.typeCondition.name.value);
      return costOfSelections(part?.selectionSet, type);
    });
    return costs.reduce((sum, cost) => sum + cost, 0);
  }

  function costOfField({ name, selectionSet }: FieldNode, parent: GraphQLNamedType | null | undefined): number {
    if (name.value === '__typename') return 0;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name.value] : undefined;
    if (field === undefined) throw new Error(`${parent?.name}.${name.value} must be a field of the schema.`);
    const type = getNamedType(field.type);
    const coordinate = `${parent?.name}.${name.value}`;
    const size = isListType(getNullableType(field.type)) ? (listSizes.get(coordinate) ?? LIST_SIZE) : 1;
    const weight = weights.get(coordinate) ?? (isCompositeType(type) ? 1 : 0);
    return size * (weight + costOfSelections(selectionSet, type));
  }
}

/** Names and SDLs of subgraphs. */
type Subgraphs = readonly (readonly [name: string, sdl: string])[];

/** Apollo Router reads the directives of the supergraph. */
function rulesOfApollo(subgraphs: Subgraphs): Rules {
  const services = subgraphs.map(([name, sdl]) => ({ name, url: `http://${name}.example`, typeDefs: parse(sdl) }));
  const { supergraphSdl, errors } = composeWithApollo(services);
  if (supergraphSdl === undefined) throw new Error(`The subgraphs do not compose: ${errors[0]?.message}`);
  const typeDefs = parse(supergraphSdl);
  const numbers = (directive: string, argument: string): Map<string, number> =>
    new Map(
      typeDefs.definitions.flatMap((type) =>
        type.kind !== Kind.OBJECT_TYPE_DEFINITION
          ? []
          : (type.fields ?? []).flatMap(({ name, directives = [] }) => {
              const found = directives.find((each) => each.name.value === directive);
              return found === undefined ? [] : [[`${type.name.value}.${name.value}`, numberIn(found, argument)]];
            }),
      ),
    );
  return {
    schema: buildASTSchema(typeDefs, { assumeValidSDL: true }),
    weights: numbers('cost', 'weight'),
    listSizes: numbers('listSize', 'assumedSize'),
  };
}

function numberIn({ name, arguments: list = [] }: ConstDirectiveNode, argument: string): number {
  const value = list.find((each) => each.name.value === argument)?.value;
  if (value?.kind !== Kind.INT) throw new Error(`@${name.value} must have ${argument}, a whole number.`);
  return Number(value.value);
}

/** Cosmo Router reads the directives of each subgraph from its execution configuration. */
function rulesOfCosmo(subgraphs: Subgraphs): Rules {
  const result = composeWithCosmo({
    subgraphs: subgraphs.map(([name, sdl]) => ({ name, url: `http://${name}.example`, definitions: parse(sdl) })),
    version: ROUTER_COMPATIBILITY_VERSION_ONE,
  });
  if (!result.success) throw new Error(`The subgraphs do not compose: ${result.errors[0]?.message}`);
  const numbers = (read: (costs: Costs) => Iterable<readonly [string, number | undefined]>): Map<string, number> =>
    new Map(
      [...result.subgraphConfigBySubgraphName.values()]
        .flatMap(({ costs }) => (costs === undefined ? [] : [...read(costs)]))
        .flatMap(([coordinate, value]) => (value === undefined ? [] : [[coordinate, value]])),
    );
  return {
    schema: result.federatedGraphClientSchema,
    weights: numbers(({ fieldWeights }) => [...fieldWeights].map(([at, { weight }]) => [at, weight])),
    listSizes: numbers(({ listSizes }) => [...listSizes].map(([at, { assumedSize }]) => [at, assumedSize])),
  };
}

const CAMPAIGNS_SDL = readProject('schema/campaigns.graphql');

/** The rules of both routers for the supergraph of the demo, with this SDL for the campaigns. */
function rulesFor(campaignsSdl: string): (readonly [router: string, rules: Rules])[] {
  const subgraphs = [
    ['campaigns', campaignsSdl],
    ['customers', CUSTOMERS_SDL],
    ['tickets', TICKETS_SDL],
  ] as const;
  return [
    ['Apollo Router', rulesOfApollo(subgraphs)],
    ['Cosmo Router', rulesOfCosmo(subgraphs)],
  ];
}

/** The operations of a folder. A router computes no cost of an operation that only routers send. */
function operationsIn(folder: string): string[] {
  return readdirSync(new URL(`../../../${folder}`, import.meta.url))
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => readProject(`${folder}${name}`))
    .filter((text) => !text.includes('_entities'));
}

it.each([
  // Objects cost 1, scalars cost nothing.
  ['{ book { title author { name } publisher { address { city } } } }', 4],
  // A list costs its size times the same.
  ['{ listed { title author { name } publisher { address { city } } } }', 20],
  // The size also multiplies the weight of the list.
  ['{ weighted { title } }', 100],
  ['{ one: weightedBook { title author { name } } ...Two } fragment Two on Query { book { title } }', 12],
])('The rule gives %s the cost that the pages of the routers explain', (operation, cost) => {
  const sdl = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"])
    type Query {
      book: Book
      weightedBook: Book @cost(weight: 10)
      listed: [Book] @listSize(assumedSize: 5)
      weighted: [Book] @cost(weight: 10)
    }
    type Book { title: String author: Author publisher: Publisher }
    type Author { name: String }
    type Publisher { address: Address }
    type Address { city: String }
  `;
  expect(costOf(rulesOfApollo([['books', sdl]]), parse(operation))).toBe(cost);
  expect(costOf(rulesOfCosmo([['books', sdl]]), parse(operation))).toBe(cost);
});

describe.each(rulesFor(CAMPAIGNS_SDL))('%s', (_, rules) => {
  const cost = (operation: string): number => costOf(rules, parse(operation));

  it('has a weight for every field that may cause a call for each parent, and a size for every list', () => {
    expect(Object.fromEntries(rules.weights)).toMatchObject({
      'Query.findCampaignRecords': 10,
      'Customer.campaignRecords': 10,
      'Customer.latestRecord': 10,
      'Customer.isInCampaign': 10,
      'Campaign.findRecords': 10,
    });
    const lists = Object.values(buildASTSchema(parse(CAMPAIGNS_SDL), { assumeValidSDL: true }).getTypeMap())
      .filter(isObjectType)
      .flatMap((type) => Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as const))
      .filter(([, field]) => isListType(getNullableType(field.type)))
      .map(([coordinate]) => coordinate)
      .filter((coordinate) => !coordinate.startsWith('__'));
    expect(lists.length).toBeGreaterThan(5);
    expect([...rules.listSizes.keys()].sort()).toEqual(lists.sort());
  });

  it('accepts every named operation with the limit that its page shows', () => {
    const costs = operationsIn('operations/').map(cost);
    expect(costs.length).toBeGreaterThan(5);
    expect(Math.min(...costs)).toBeGreaterThan(0);
    expect(Math.max(...costs)).toBeLessThan(LIMIT);
    expect(readProject('docs/routers.md')).toContain(`cost at most ${Math.max(...costs)} `);
    for (const operation of operationsIn('examples/federation/queries/')) expect(cost(operation)).toBeLessThan(LIMIT);
  });

  it('gives an operation a higher cost if it may cause more calls', () => {
    const customers = (selection: string): number => cost(`{ customers { ${selection} } }`);
    expect(customers('name')).toBe(10);
    expect(customers('campaign: isInCampaign(campaignId: "1")')).toBe(110);
    expect(customers('latestRecord { id }')).toBe(110);
    expect(customers('campaignRecords { id }')).toBe(510);
    expect(cost('{ campaigns { name findRecords { id } } }')).toBeGreaterThan(LIMIT);
  });
});

it('A weight of 100 would be too much for the limit', () => {
  const heavy = CAMPAIGNS_SDL.replaceAll('@cost(weight: 10)', '@cost(weight: 100)');
  for (const [, rules] of rulesFor(heavy)) {
    const costs = operationsIn('operations/').map((operation) => costOf(rules, parse(operation)));
    expect(Math.max(...costs)).toBeGreaterThan(LIMIT);
  }
});
