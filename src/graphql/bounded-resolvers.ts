import {
  getNamedType,
  isListType,
  isObjectType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { OperationContext, Resolver } from './context.js';
import type { CampaignKey, CustomerKey, FoundRecord } from './entities.js';
import { mapValue, settle, type MaybePromise } from './maybe-promise.js';
import { LOOKUP_SIZE, afterPart, inParts } from './parts.js';
import { KEY_TEXTS, RECORD_TEXTS } from './response-size.js';

type FullResolver = GraphQLFieldResolver<unknown, OperationContext>;

/** The size of the work to estimate the text of a record, and to prepare it for its part. */
const ESTIMATE_SIZE = 50;

/**
 * Puts bounds around the resolvers whose values graphql-js would resolve in one go, however large the response is:
 * lists of records, entities, and the SDL. Each value is counted for the response limit before graphql-js resolves what
 * the query selects of it. Lookups and long lists are resolved in parts.
 *
 * @returns the resolvers of the schema before that
 */
export function boundResponses(schema: GraphQLSchema): ReadonlyMap<GraphQLField<unknown, unknown>, Resolver> {
  const resolvers = new Map<GraphQLField<unknown, unknown>, Resolver>();
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  for (const type of types) {
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (resolve === undefined) continue;
      resolvers.set(field, resolve as Resolver);
      field.resolve = boundField(field, isLookup(type, field) ? inPart(resolve) : resolve);
    }
  }
  return resolvers;
}

/** The types whose fields with arguments may cause a lookup. */
const LOOKUP_TYPES: readonly string[] = ['Query', 'Customer', 'Campaign'];

function isLookup({ name }: GraphQLObjectType, { args }: GraphQLField<unknown, unknown>): boolean {
  return args.length > 0 && LOOKUP_TYPES.includes(name);
}

function inPart(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    afterPart(context.parts.take(LOOKUP_SIZE), () => resolve(source, args, context, info));
}

function boundField(field: GraphQLField<unknown, unknown>, resolve: FullResolver): FullResolver {
  const { name } = getNamedType(field.type);
  switch (name) {
    case 'CampaignRecord':
      return isListType(field.type) ? boundRecords(resolve) : boundEntity(resolve);
    case 'Campaign':
      return isListType(field.type) ? boundCampaigns(resolve) : resolve;
    case '_Entity':
      return boundEntities(resolve);
    case '_Service':
      return boundService(resolve);
    default:
      return resolve;
  }
}

function boundRecords(resolve: FullResolver): FullResolver {
  return (source, args, context, info) => {
    const bound = (records: readonly FoundRecord[]): unknown => {
      const texts = records.map(({ record }) => record);
      const recordBytes = context.responseLimit.consume(texts, RECORD_TEXTS, info);
      return inParts(records, recordBytes, context.parts, (record) => record);
    };
    return mapValue(resolve(source, args, context, info) as MaybePromise<readonly FoundRecord[]>, (records) =>
      afterPart(context.parts.take(records.length * ESTIMATE_SIZE), () => bound(records)),
    );
  };
}

function boundCampaigns(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    mapValue(resolve(source, args, context, info) as MaybePromise<readonly CampaignKey[]>, (campaigns) => {
      const keys = campaigns.map(({ campaignId }) => campaignId);
      const campaignBytes = context.responseLimit.consume(keys, KEY_TEXTS, info);
      return inParts(campaigns, campaignBytes, context.parts, (campaign) => campaign);
    });
}

function boundEntity(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    mapValue(resolve(source, args, context, info) as MaybePromise<Entity | null>, (entity) => {
      if (entity !== null) consumeEntity(entity, context, info);
      return entity;
    });
}

function boundEntities(resolve: FullResolver): FullResolver {
  return async (source, args, context, info) => {
    const entities = (await resolve(source, args, context, info)) as readonly unknown[];
    const consume = (entity: Entity | null): Entity | null => {
      if (entity !== null) consumeEntity(entity, context, info);
      return entity;
    };
    return entities.map((entity) => settle(() => mapValue(entity as MaybePromise<Entity | null>, consume)));
  };
}

type Entity = FoundRecord | CustomerKey | CampaignKey;

function consumeEntity(entity: Entity, { responseLimit }: OperationContext, info: GraphQLResolveInfo): void {
  switch (entity.__typename) {
    case 'CampaignRecord':
      responseLimit.consume([entity.record], RECORD_TEXTS, info);
      break;
    case 'Customer':
      responseLimit.consume([entity.customerId], KEY_TEXTS, info);
      break;
    case 'Campaign':
      responseLimit.consume([entity.campaignId], KEY_TEXTS, info);
      break;
  }
}

/** The SDL has 12 kB, and each alias repeats it. */
function boundService(resolve: FullResolver): FullResolver {
  return async (source, args, context, info) => {
    const service = (await resolve(source, args, context, info)) as { readonly sdl: string };
    context.responseLimit.consume([service], { sdl: ({ sdl }) => sdl.length }, info);
    return service;
  };
}
