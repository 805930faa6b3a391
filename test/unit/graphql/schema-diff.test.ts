import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  DangerousChangeType,
  Kind,
  findBreakingChanges,
  findDangerousChanges,
  parse,
  visit,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { readTypeDefs } from '../../../src/graphql/schema.js';

/** The SDL of version 0.1.0. */
const OLD = parse(readFileSync(new URL('campaigns-0.1.0.graphql', import.meta.url), 'utf8'));
/** Value types that collided with types of other subgraphs. Nothing else may break a client of 0.1.0. */
const RENAMED = new Map([
  ['Opt', 'CampaignOpt'],
  ['Phone', 'CampaignPhone'],
  ['Address', 'CampaignAddress'],
]);

const renamed = visit(OLD, {
  Name: (node) => ({ ...node, value: RENAMED.get(node.value) ?? node.value }),
});

/** The changes for clients. Directives of federation are no part of a supergraph's API. */
function breakingChanges(from: GraphQLSchema, to: GraphQLSchema): string[] {
  return findBreakingChanges(from, to)
    .map(({ description }) => description)
    .filter((description) => !description.startsWith('federation__'));
}

const build = (typeDefs: DocumentNode): GraphQLSchema => buildSubgraphSchema({ typeDefs });
const current = build(readTypeDefs());

describe('The schema, compared with that of 0.1.0', () => {
  it('has three renamed types, and otherwise no change that breaks clients', () => {
    expect(breakingChanges(build(renamed), current)).toEqual([]);
    expect(breakingChanges(build(OLD), current)).toEqual([
      ...[...RENAMED.keys()].map((name) => `${name} was removed.`),
      'CampaignRecord.opts changed type from [Opt!]! to [CampaignOpt!]!.',
      'CampaignRecord.phones changed type from [Phone!]! to [CampaignPhone!]!.',
      'CampaignRecord.address changed type from Address to CampaignAddress.',
    ]);
  });

  it('has further optional arguments, and no value that clients do not know in a type of 0.1.0', () => {
    const changes = findDangerousChanges(build(renamed), current).map(({ type }) => type);
    expect(new Set(changes)).toEqual(new Set([DangerousChangeType.OPTIONAL_ARG_ADDED]));
  });

  it('has the entities and keys of 0.1.0', () => {
    const keysOf = (document: DocumentNode): string[] =>
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.OBJECT_TYPE_DEFINITION
          ? (definition.directives ?? []).flatMap(({ name, arguments: [fields] = [] }) =>
              name.value === 'key' && fields?.value.kind === Kind.STRING
                ? [`${definition.name.value} ${fields.value.value}`]
                : [],
            )
          : [],
      );
    expect(keysOf(OLD)).toEqual(['CampaignRecord id', 'Customer customerId', 'Campaign campaignId']);
    expect(keysOf(readTypeDefs())).toEqual(keysOf(OLD));
  });
});
