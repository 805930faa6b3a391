import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { isObjectType, parse, type DocumentNode, type GraphQLField, type GraphQLSchema } from 'graphql';
import { LookupFailure } from '../core/failure.js';
import { boundResponses } from './bounded-resolvers.js';
import type { OperationContext, Resolver } from './context.js';
import { settle } from './maybe-promise.js';
import { inParts } from './parts.js';
import { createResolvers, type ResolverOptions } from './resolvers.js';

/** The folder of the SDL. It has the same position beside `src` and `dist`. */
const SCHEMA_FOLDER = new URL('../../schema/', import.meta.url);

/** Reads the SDL from `schema/*.graphql`. */
export function readTypeDefs(): DocumentNode {
  const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.graphql'));
  return parse(files.map((name) => readFileSync(new URL(name, SCHEMA_FOLDER), 'utf8')).join('\n'));
}

export interface ExecutableSchema {
  /** For graphql-js. Its resolvers estimate the response and do long work in parts. */
  readonly schema: GraphQLSchema;
  /** The resolvers of the schema without this. A field that is not in the map has the default resolver. */
  readonly resolvers: ReadonlyMap<GraphQLField<unknown, unknown>, Resolver>;
  /** Fields whose values depend only on their arguments and on an immutable object, as `isImmutable` defines it. */
  readonly constantFields: ReadonlySet<GraphQLField<unknown, unknown>>;
}

/** A record, and the types inside it. */
const RECORD_TYPES: readonly string[] = ['CampaignRecord', 'CampaignOpt', 'CampaignPhone', 'CampaignAddress'];
/** The keys of the other entities, which a record holds. */
const KEY_FIELDS: readonly string[] = ['customerId', 'campaignId'];

export function createSchema(options: ResolverOptions): ExecutableSchema {
  const resolvers = createResolvers(options);
  const schema = buildSubgraphSchema([{ typeDefs: readTypeDefs(), resolvers }]);
  const { CampaignRecord, Customer, Campaign } = resolvers;
  const entities = schema.getQueryType()?.getFields()['_entities'];
  if (entities === undefined) throw new Error('The schema must have the field _entities; no type has an @key.');
  entities.resolve = createEntitiesResolver({ CampaignRecord, Customer, Campaign });
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const constantFields = types.flatMap((type) =>
    Object.values(type.getFields()).filter(({ name }) => RECORD_TYPES.includes(type.name) || KEY_FIELDS.includes(name)),
  );
  return {
    schema,
    resolvers: boundResponses(schema),
    constantFields: new Set(constantFields),
  };
}

/** It does not read `info` either. */
type ReferenceResolver = (representation: unknown, context: OperationContext) => unknown;
type References = Readonly<Record<string, { readonly __resolveReference?: unknown } | undefined>>;

/** The size of the work for a representation, its lookup included. */
const REPRESENTATION_SIZE = 10_000;

/**
 * Resolves the representations of `_entities` in parts, each one by itself. The resolver of the federation
 * library resolves all of them in one go, and throws at the first unknown type. The whole list fails then, and the
 * rejections of lookups that have started are not handled, which ends the process.
 */
function createEntitiesResolver(types: References): Resolver {
  const names = Object.keys(types);
  const resolversOf = new Map(Object.entries(types));
  const resolveEntity = (representation: unknown, context: OperationContext): unknown => {
    const resolve = resolversOf.get(typeNameOf(representation))?.__resolveReference;
    if (typeof resolve !== 'function') throw unknownEntity(names);
    return (resolve as ReferenceResolver)(representation, context);
  };
  return (_, args, context) => {
    const { representations } = args as { readonly representations: readonly unknown[] };
    return inParts(representations, REPRESENTATION_SIZE, context.parts, (representation) =>
      settle(() => resolveEntity(representation, context)),
    );
  };
}

/** @returns a blank text if a representation names no type */
function typeNameOf(representation: unknown): string {
  const hasName = typeof representation === 'object' && representation !== null && '__typename' in representation;
  return hasName && typeof representation.__typename === 'string' ? representation.__typename : '';
}

function unknownEntity(names: readonly string[]): LookupFailure {
  const message = `The __typename of a representation must be one of ${names.join(', ')}; got another value.`;
  return new LookupFailure('bad-input', { message });
}
