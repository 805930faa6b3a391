import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { isUnionType, parse, type DocumentNode, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { LookupFailure } from '../core/failure.js';
import type { OperationContext } from './context.js';
import { inSlices } from './in-slices.js';
import type { RecordIds } from './record-ids.js';
import { createResolvers } from './resolvers.js';

/** The folder of the SDL. It has the same position beside `src` and `dist`. */
const SCHEMA_FOLDER = new URL('../../schema/', import.meta.url);

/** Reads the SDL from `schema/*.graphql`. */
export function readTypeDefs(): DocumentNode {
  const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.graphql'));
  return parse(files.map((name) => readFileSync(new URL(name, SCHEMA_FOLDER), 'utf8')).join('\n'));
}

/** The work for a representation, its lookup included, is about that for this many bytes of a response. */
const REPRESENTATION_BYTES = 4_000;

export function createSchema(ids: RecordIds): GraphQLSchema {
  const schema = buildSubgraphSchema([{ typeDefs: readTypeDefs(), resolvers: createResolvers(ids) }]);
  resolveEntitiesInSlices(schema);
  limitServiceField(schema);
  return schema;
}

/**
 * Resolves the representations of `_entities` in time slices, each one by itself. The federation library resolves all
 * of them in one go, and throws at the first unknown type. The whole list fails then, and the rejections of lookups
 * that have started are not handled, which ends the process.
 */
function resolveEntitiesInSlices(schema: GraphQLSchema): void {
  const union = schema.getType('_Entity');
  if (!isUnionType(union)) throw new Error('The schema must have entities; none has an @key.');
  const names = new Set(union.getTypes().map(({ name }) => name));
  const isKnown = (representation: unknown): boolean =>
    typeof representation === 'object' &&
    representation !== null &&
    '__typename' in representation &&
    typeof representation.__typename === 'string' &&
    names.has(representation.__typename);
  wrapResolver(schema, '_entities', (resolve) => (source, args, context, info) => {
    const { representations } = args as { readonly representations: readonly unknown[] };
    return inSlices(representations, REPRESENTATION_BYTES, context, async (representation) => {
      if (!isKnown(representation)) throw unknownEntity([...names]);
      const [entity] = (await resolve(source, { representations: [representation] }, context, info)) as unknown[];
      return entity;
    });
  });
}

/** Counts the SDL of `_service`, 12 kB, for the response limit. */
function limitServiceField(schema: GraphQLSchema): void {
  wrapResolver(schema, '_service', (resolve) => async (source, args, context, info) => {
    const service = (await resolve(source, args, context, info)) as { readonly sdl: string };
    context.responseLimit.consume([service], { sdl: ({ sdl }) => sdl.length }, info);
    return service;
  });
}

type Resolver = GraphQLFieldResolver<unknown, OperationContext>;

/** Puts a resolver around that of a field which the federation library adds to the query type. */
function wrapResolver(schema: GraphQLSchema, name: string, wrap: (resolve: Resolver) => Resolver): void {
  const field = schema.getQueryType()?.getFields()[name];
  if (field?.resolve === undefined) throw new Error(`The schema must have the field ${name}; it has none.`);
  field.resolve = wrap(field.resolve);
}

function unknownEntity(names: readonly string[]): LookupFailure {
  const message = `The __typename of a representation must be one of ${names.join(', ')}; got another value.`;
  return new LookupFailure('bad-input', { message });
}
