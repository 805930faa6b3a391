import { GraphQLScalarType, type GraphQLResolveInfo } from 'graphql';
import type { Answer } from '../records/source.js';
import type { Resolvers } from './generated.js';
import type { FoundRecord } from './loader.js';
import type { RecordIds } from './record-id.js';
import type { ResponseSize } from './size.js';

/** The graph's fields: each chooses a key and loads. */
export function createResolvers(ids: RecordIds): Resolvers {
  return {
    Query: {
      findCampaignRecords: async (_, wanted, { loader, size }, info) => admitted(await loader.load(wanted), size, info),
    },
    CampaignRecord: {
      async __resolveReference({ id }, { loader, size }, info) {
        size.admit(1, info);
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
      opts: ({ record }) =>
        record.opts.map((value, index) => ({ position: index + 1, name: `opt${index + 1}`, value })),
      phones: ({ record }) => record.phones,
      address: ({ record }) => record.address,
      date: ({ record }) => record.date,
      calls: ({ record }) => record.calls,
      connId: ({ record }) => record.connId,
      result: ({ record }) => record.result,
      outcome: ({ record }) => record.outcome,
      fetchedAt: ({ answer }) => new Date(answer.fetchedAt).toISOString(),
    },
    Customer: {
      // A stub that costs nothing: only its records are asked for, and only by those who want them.
      async __resolveReference({ customerId }, { size }, info) {
        size.admit(1, info);
        const key = keyOf(customerId);
        return key === undefined ? null : { customerId: key };
      },
      campaignRecords: async ({ customerId }, wanted, { loader, size }, info) =>
        admitted(await loader.load({ ...wanted, customerId }), size, info),
    },
    Campaign: {
      async __resolveReference({ campaignId }, { size }, info) {
        size.admit(1, info);
        const key = keyOf(campaignId);
        return key === undefined ? null : { campaignId: key };
      },
      findRecords: async ({ campaignId }, wanted, { loader, size }, info) =>
        admitted(await loader.load({ ...wanted, campaignId }), size, info),
    },
    DateTime: new GraphQLScalarType<never, string>({
      name: 'DateTime',
      serialize(value) {
        if (typeof value !== 'string') throw new TypeError(`Expected a text of RFC 3339; came ${typeof value}.`);
        return value;
      },
      parseValue() {
        throw new TypeError('DateTime stands in answers only.');
      },
    }),
  };
}

/** The records of an answer, where the response has room for them. */
function admitted(answer: Answer, size: ResponseSize, info: GraphQLResolveInfo): FoundRecord[] {
  size.admit(answer.records.length, info);
  return found(answer);
}

function found(answer: Answer): FoundRecord[] {
  return answer.records.map((record, index) => ({ record, answer, index }));
}

/** A representation's key as text; some servers send an ID that is made of digits as a number. Undefined: blank, or none. */
function keyOf(given: unknown): string | undefined {
  const text = typeof given === 'number' ? String(given) : given;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}
