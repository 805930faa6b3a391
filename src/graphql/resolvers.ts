import { GraphQLScalarType } from 'graphql';
import { LookupFailure } from '../core/failure.js';
import type { CampaignRecordResolvers, Resolvers } from './generated.js';
import { recordsOf, type CampaignKey, type CustomerKey } from './loader.js';
import { mapValue } from './maybe-promise.js';
import type { RecordIds } from './record-ids.js';

/**
 * The resolvers of the graph. Each one chooses a key and loads. A value that is known is returned without a promise.
 * No resolver reads the fourth argument (`info`), so that the text executor can call them.
 */
export function createResolvers(ids: RecordIds): Resolvers {
  return {
    Query: {
      findCampaignRecords: (_, args, { loader }) => mapValue(loader.load(args), recordsOf),
    },
    CampaignRecord: campaignRecordResolvers(ids),
    Customer: {
      // The customer is not looked up: only its records are, if the query selects them.
      __resolveReference: ({ customerId }) => customerOf(toKey(customerId, 'customerId')),
      campaignRecords: ({ customerId }, args, { loader }) => mapValue(loader.load({ ...args, customerId }), recordsOf),
    },
    Campaign: {
      __resolveReference: ({ campaignId }) => campaignOf(toKey(campaignId, 'campaignId')),
      findRecords: ({ campaignId }, args, { loader }) => mapValue(loader.load({ ...args, campaignId }), recordsOf),
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
    __resolveReference({ id }, { loader }) {
      const reference = ids.read(id);
      return reference === undefined ? null : mapValue(loader.loadRecord(reference), (found) => found ?? null);
    },
    id: ({ answer, index }) => ids.idOf(answer, index),
    campaignId: ({ record }) => record.campaignId,
    campaign: ({ record }) => campaignOf(record.campaignId),
    customerId: ({ record }) => record.customerId,
    customer: ({ record }) => customerOf(record.customerId),
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

function customerOf(customerId: string | null): CustomerKey | null {
  return customerId === null ? null : { __typename: 'Customer', customerId };
}

/** @param campaignId blank if Wolkvox left it out */
function campaignOf(campaignId: string | null): CampaignKey | null {
  return campaignId === null || campaignId === '' ? null : { __typename: 'Campaign', campaignId };
}

/**
 * The key of a representation as text. Some servers send an ID of digits as a number.
 *
 * @returns null if it is blank or of another type
 * @throws LookupFailure `bad-input` if it is a number that JSON may have changed
 */
function toKey(value: unknown, name: string): string | null {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const max = Number.MAX_SAFE_INTEGER.toLocaleString('en');
    const message = `${name} must be a text, or a whole number up to ${max}; got another number. Send it as a text.`;
    throw new LookupFailure('bad-input', { message });
  }
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text : null;
}
