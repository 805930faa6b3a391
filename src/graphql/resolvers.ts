import { GraphQLScalarType, type GraphQLResolveInfo } from 'graphql';
import type { Answer } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import type { OperationContext } from './context.js';
import type { CampaignRecordResolvers, Resolvers } from './generated.js';
import { inSlices } from './in-slices.js';
import type { FoundRecord } from './loader.js';
import type { RecordIds } from './record-ids.js';
import { KEY_TEXTS, RECORD_TEXTS } from './response-size.js';

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
        const key = toKey(customerId, 'customerId');
        if (key === undefined) return null;
        responseLimit.consume([key], KEY_TEXTS, info);
        return { customerId: key };
      },
      campaignRecords: async ({ customerId }, args, context, info) =>
        toRecords(await context.loader.load({ ...args, customerId }), context, info),
    },
    Campaign: {
      async __resolveReference({ campaignId }, { responseLimit }, info) {
        const key = toKey(campaignId, 'campaignId');
        if (key === undefined) return null;
        responseLimit.consume([key], KEY_TEXTS, info);
        return { campaignId: key };
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
      const reference = ids.read(id);
      const found = reference === undefined ? undefined : await loader.loadRecord(reference);
      if (found === undefined) return null;
      responseLimit.consume([found.record], RECORD_TEXTS, info);
      return found;
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

/** @throws LookupFailure as `ResponseLimit.consume` */
async function toRecords(
  answer: Answer,
  context: OperationContext,
  info: GraphQLResolveInfo,
): Promise<(FoundRecord | Promise<FoundRecord>)[]> {
  await context.slices.next();
  const recordBytes = context.responseLimit.consume(answer.records, RECORD_TEXTS, info);
  return inSlices(answer.records, recordBytes, context, (record, index) => ({ record, answer, index }));
}

/**
 * The key of a representation as text. Some servers send an ID of digits as a number.
 *
 * @returns undefined if it is blank or of another type
 * @throws LookupFailure `bad-input` if it is a number that JSON may have changed
 */
function toKey(value: unknown, name: string): string | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const max = Number.MAX_SAFE_INTEGER.toLocaleString('en');
    const message = `${name} must be a text, or a whole number up to ${max}; got another number. Send it as a text.`;
    throw new LookupFailure('bad-input', { message });
  }
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}
