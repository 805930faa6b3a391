import {
  getNamedType,
  getNullableType,
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
import { isPromise, settle, type MaybePromise } from './maybe-promise.js';
import { LOOKUP_SIZE, afterPart, inParts, type Parts } from './parts.js';
import { KEY_TEXTS, RECORD_TEXTS, type TextLengths } from './response-size.js';

type FullResolver = GraphQLFieldResolver<unknown, OperationContext>;

/** The size of the work to begin a list, or to refuse it. */
const LIST_SIZE = 1_000;
/** The size of the work to estimate the text of an item, and to prepare it for its part. */
const ESTIMATE_SIZE = 50;
/** The size of the work for a field of a campaign that has waited for the list of campaigns. */
const INFO_SIZE = 200;

/**
 * Puts bounds around the resolvers whose values graphql-js would resolve in one go, however large the response is:
 * lists, entities and the SDL. Each value is counted for the response limit before graphql-js resolves what
 * the query selects of it. Lookups, long lists, and values that many fields may wait for are resolved in parts.
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
      field.resolve = boundField(type, field, isLookup(type, field) ? inPart(resolve) : resolve);
    }
  }
  return resolvers;
}

/** The types whose fields with arguments may cause a lookup. */
const LOOKUP_TYPES: readonly string[] = ['Query', 'Customer', 'Campaign'];

function isLookup({ name }: GraphQLObjectType, { args }: GraphQLField<unknown, unknown>): boolean {
  return args.length > 0 && LOOKUP_TYPES.includes(name);
}

/** Starts a lookup in a part. */
function inPart(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    afterPart(context.parts.take(LOOKUP_SIZE), () => resolve(source, args, context, info));
}

/** Maps a value. A failure of a call goes on in parts, because many fields may have waited for the call. */
function afterWait<Value, Result>(
  value: MaybePromise<Value>,
  parts: Parts,
  map: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  if (!isPromise(value)) return map(value);
  return value.then(map, async (error: unknown) => {
    await parts.take(LOOKUP_SIZE);
    throw error;
  });
}

function delayFailure(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    afterWait(resolve(source, args, context, info), context.parts, (value) => value);
}

/** What the list of campaigns says of one. Many fields may wait for the list. */
function delayInfo(resolve: FullResolver): FullResolver {
  return (source, args, context, info) => {
    const { parts } = context;
    const value = resolve(source, args, context, info);
    if (!isPromise(value)) return value;
    return afterWait(value, parts, (known) => afterPart(parts.take(INFO_SIZE), () => known));
  };
}

function boundField(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  resolve: FullResolver,
): FullResolver {
  const { name } = getNamedType(field.type);
  switch (name) {
    case 'CampaignRecord':
      return isList(field)
        ? boundList(resolve, (found) => (found as FoundRecord).record, RECORD_TEXTS)
        : boundEntity(resolve);
    case 'Campaign':
      return isList(field)
        ? boundList(resolve, (campaign) => (campaign as CampaignKey).campaignId, KEY_TEXTS)
        : resolve;
    case 'WolkvoxClient':
    case 'WolkvoxOperationUse':
      return boundList(resolve, (item) => item, {});
    case '_Entity':
      return boundEntities(resolve);
    case '_Service':
      return boundService(resolve);
    default:
      if (isLookup(type, field)) return delayFailure(resolve);
      return type.name === 'Campaign' ? delayInfo(resolve) : resolve;
  }
}

function isList({ type }: GraphQLField<unknown, unknown>): boolean {
  return isListType(getNullableType(type));
}

/** @param read the value of an item whose texts are measured */
function boundList<Item>(
  resolve: FullResolver,
  read: (item: unknown) => Item,
  textLengths: TextLengths<Item>,
): FullResolver {
  return (source, args, context, info) => {
    const { parts, responseLimit } = context;
    const list = resolve(source, args, context, info) as MaybePromise<readonly unknown[]>;
    return afterWait(list, parts, (items) =>
      afterPart(parts.take(LIST_SIZE + items.length * ESTIMATE_SIZE), () => {
        const itemBytes = responseLimit.consume(items.map(read), textLengths, info);
        return inParts(items, itemBytes, parts, (item) => item);
      }),
    );
  };
}

function boundEntity(resolve: FullResolver): FullResolver {
  return (source, args, context, info) =>
    afterWait(resolve(source, args, context, info) as MaybePromise<Entity | null>, context.parts, (entity) =>
      consumeEntity(entity, context, info),
    );
}

function boundEntities(resolve: FullResolver): FullResolver {
  return async (source, args, context, info) => {
    const entities = (await resolve(source, args, context, info)) as readonly unknown[];
    const consume = (entity: Entity | null): MaybePromise<Entity | null> => consumeEntity(entity, context, info);
    return entities.map((entity) =>
      settle(() => afterWait(entity as MaybePromise<Entity | null>, context.parts, consume)),
    );
  };
}

type Entity = FoundRecord | CustomerKey | CampaignKey;

/** Counts an entity, and gives it in its part. */
function consumeEntity(
  entity: Entity | null,
  { responseLimit, parts }: OperationContext,
  info: GraphQLResolveInfo,
): MaybePromise<Entity | null> {
  if (entity === null) return null;
  const bytes =
    entity.__typename === 'CampaignRecord'
      ? responseLimit.consume([entity.record], RECORD_TEXTS, info)
      : responseLimit.consume([keyOfEntity(entity)], KEY_TEXTS, info);
  return afterPart(parts.take(bytes), () => entity);
}

function keyOfEntity(entity: CustomerKey | CampaignKey): string {
  return entity.__typename === 'Customer' ? entity.customerId : entity.campaignId;
}

/** The SDL has 12 kB, and each alias repeats it. */
function boundService(resolve: FullResolver): FullResolver {
  return async (source, args, context, info) => {
    const service = (await resolve(source, args, context, info)) as { readonly sdl: string };
    context.responseLimit.consume([service], { sdl: ({ sdl }) => sdl.length }, info);
    return service;
  };
}
