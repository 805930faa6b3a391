import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { isUnionType, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LookupFailure } from '../core/failure.js';
import type { RecordIds } from './record-ids.js';
import { createResolvers } from './resolvers.js';

/** The folder of the SDL. It has the same position beside `src` and `dist`. */
const SCHEMA_FOLDER = new URL('../../schema/', import.meta.url);

/** Reads the SDL from `schema/*.graphql`. */
export function readTypeDefs(): DocumentNode {
  const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.graphql'));
  return parse(files.map((name) => readFileSync(new URL(name, SCHEMA_FOLDER), 'utf8')).join('\n'));
}

export function createSchema(ids: RecordIds): GraphQLSchema {
  return rejectUnknownEntities(buildSubgraphSchema([{ typeDefs: readTypeDefs(), resolvers: createResolvers(ids) }]));
}

/**
 * Lets each representation of an unknown type fail by itself. The federation library throws at the first one. The whole
 * list fails then, and the rejections of lookups that have started are not handled, which ends the process.
 */
function rejectUnknownEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const union = schema.getType('_Entity');
  const resolve = field?.resolve;
  if (field === undefined || resolve === undefined || !isUnionType(union)) {
    throw new Error('The schema must have entities; none has an @key.');
  }
  const names = new Set(union.getTypes().map(({ name }) => name));
  const isKnown = (representation: unknown): boolean =>
    typeof representation === 'object' &&
    representation !== null &&
    '__typename' in representation &&
    typeof representation.__typename === 'string' &&
    names.has(representation.__typename);
  field.resolve = (source, args: { readonly representations: readonly unknown[] }, context, info) => {
    const known = args.representations.filter(isKnown);
    const resolved = (resolve(source, { ...args, representations: known }, context, info) as unknown[]).values();
    return args.representations.map((representation) =>
      isKnown(representation) ? resolved.next().value : Promise.reject(unknownEntity([...names])),
    );
  };
  return schema;
}

function unknownEntity(names: readonly string[]): LookupFailure {
  const message = `The __typename of a representation must be one of ${names.join(', ')}; got another value.`;
  return new LookupFailure('bad-input', { message });
}
