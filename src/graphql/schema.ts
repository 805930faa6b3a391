import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/resolverMap.js';
import { LookupFailure } from '../records/failure.js';
import { isUnionType, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
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
  return refuseForeignEntities(buildSubgraphSchema({ typeDefs: readTypeDefs(), resolvers }));
}

/**
 * Lets a representation of a type that is no entity here fail by itself. Federation throws for the whole list at the first one, and
 * leaves the lookups of those before it to themselves: nobody would hear of their failures, and that ends a process.
 */
function refuseForeignEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const union = schema.getType('_Entity');
  const resolve = field?.resolve;
  if (field === undefined || resolve === undefined || !isUnionType(union)) {
    throw new Error('Expected a schema with entities; it has none.');
  }
  const names = new Set(union.getTypes().map(({ name }) => name));
  const isOurs = (one: unknown): boolean =>
    typeof one === 'object' &&
    one !== null &&
    '__typename' in one &&
    typeof one.__typename === 'string' &&
    names.has(one.__typename);
  field.resolve = (source, args: { readonly representations: readonly unknown[] }, context, info) => {
    const ours = args.representations.filter(isOurs);
    const resolved = (resolve(source, { ...args, representations: ours }, context, info) as unknown[]).values();
    return args.representations.map((one) =>
      isOurs(one) ? resolved.next().value : Promise.reject(foreignEntity([...names])),
    );
  };
  return schema;
}

function foreignEntity(names: readonly string[]): LookupFailure {
  return new LookupFailure(
    'BAD_USER_INPUT',
    `representations: expected one of the __typenames ${names.join(', ')}; came another.`,
  );
}
