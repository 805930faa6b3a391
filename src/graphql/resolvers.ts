import { GraphQLScalarType, type GraphQLResolveInfo } from 'graphql';
import type { Answer } from '../core/answer.js';
import type { OperationContext } from './context.js';
import type { CampaignRecordResolvers, Resolvers } from './generated.js';
import type { FoundRecord } from './loader.js';
import type { RecordIds } from './record-ids.js';

/**
 * The resolvers of the graph. Each one chooses a key and loads. Every `__resolveReference` is async, so that it
 * rejects.
 */
export function createResolvers(ids: RecordIds): Resolvers {
  return {
    Query: {
      findCampaignRecords: async (_, args, context, info) => toRecords(await context.loader.load(args), context, info),
    },
    CampaignRecord: campaignRecordResolvers(ids),
    Customer: {
      // The customer is not looked up: only its records are, if the query selects them.
      async __resolveReference({ customerId }, { responseLimit }, info) {
        responseLimit.consume(1, info);
        const key = toKey(customerId);
        return key === undefined ? null : { customerId: key };
      },
      campaignRecords: async ({ customerId }, args, context, info) =>
        toRecords(await context.loader.load({ ...args, customerId }), context, info),
    },
    Campaign: {
      async __resolveReference({ campaignId }, { responseLimit }, info) {
        responseLimit.consume(1, info);
        const key = toKey(campaignId);
        return key === undefined ? null : { campaignId: key };
      },
      findRecords: async ({ campaignId }, args, context, info) =>
        toRecords(await context.loader.load({ ...args, campaignId }), context, info),
    },
    DateTime: new GraphQLScalarType<never, string>({
      name: 'DateTime',
      serialize(value) {
        if (typeof value !== 'string') throw new TypeError(`DateTime must be a text of RFC 3339; got ${typeof value}.`);
        return value;
      },
      parseValue() {
        throw new TypeError('DateTime cannot be an input.');
      },
    }),
  };
}

function campaignRecordResolvers(ids: RecordIds): CampaignRecordResolvers {
  return {
    async __resolveReference({ id }, { loader, responseLimit }, info) {
      responseLimit.consume(1, info);
      const reference = ids.read(id);
      if (reference === undefined) return null;
      const answer = await loader.loadLookup(reference.lookup);
      const index = reference.locate(answer);
      const record = answer.records[index];
      return record === undefined ? null : { record, answer, index };
    },
    id: ({ answer, index }) => ids.idOf(answer, index),
    campaignId: ({ record }) => record.campaignId,
    campaign: ({ record: { campaignId } }) => (campaignId === '' ? null : { campaignId }),
    customerId: ({ record }) => record.customerId,
    customer: ({ record: { customerId } }) => (customerId === null ? null : { customerId }),
    customerName: ({ record }) => record.customerName,
    customerLastName: ({ record }) => record.customerLastName,
    opts: ({ record }) => record.opts.map((value, index) => ({ position: index + 1, name: `opt${index + 1}`, value })),
    phones: ({ record }) => record.phones,
    address: ({ record }) => record.address,
    date: ({ record }) => record.date,
    calls: ({ record }) => record.calls,
    connId: ({ record }) => record.connId,
    result: ({ record }) => record.result,
    outcome: ({ record }) => record.outcome,
    fetchedAt: ({ answer }) => new Date(answer.sentAt).toISOString(),
  };
}

/** @throws LookupFailure `response-too-large` if the response has no room for the records of the answer */
function toRecords(answer: Answer, { responseLimit }: OperationContext, info: GraphQLResolveInfo): FoundRecord[] {
  responseLimit.consume(answer.records.length, info);
  return answer.records.map((record, index) => ({ record, answer, index }));
}

/**
 * The key of a representation as text. Some servers send an ID of digits as a number. Undefined: blank or of another
 * type.
 */
function toKey(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}
