import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/resolverMap.js';
import { parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { RecordLoader } from './loader.js';
import type { RecordIds } from './record-id.js';
import { createResolvers } from './resolvers.js';
import type { ResponseSize } from './size.js';

/** What the resolvers of one operation share. */
export interface OperationContext {
  readonly loader: RecordLoader;
  readonly size: ResponseSize;
}

/** The folder of the SDL, beside `src` and `dist` alike. */
const SCHEMA_FOLDER = new URL('../../schema/', import.meta.url);

/** The contract as it stands in `schema/*.graphql`. */
export function readTypeDefs(): DocumentNode {
  const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.graphql'));
  return parse(files.map((name) => readFileSync(new URL(name, SCHEMA_FOLDER), 'utf8')).join('\n'));
}

export function createSchema(ids: RecordIds): GraphQLSchema {
  // The library types resolvers for any context at all; the generated types are the stricter ones.
  const resolvers = createResolvers(ids) as GraphQLResolverMap<unknown>;
  return buildSubgraphSchema({ typeDefs: readTypeDefs(), resolvers });
}
