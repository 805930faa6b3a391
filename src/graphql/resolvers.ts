import { GraphQLScalarType } from 'graphql';
import { campaignIn, type CampaignInfo } from '../core/campaign.js';
import { LookupFailure } from '../core/failure.js';
import { checkLength, toCanonicalCampaignId } from '../core/lookup.js';
import { OPT_NAMES, type OptLabel, type OptLabels } from '../core/opt-labels.js';
import type { ServiceStatus } from '../core/status.js';
import type { OperationContext } from './context.js';
import type {
  CampaignRecordResolvers,
  CampaignResolvers,
  QueryResolvers,
  Resolvers,
  WolkvoxStatus,
} from './generated.js';
import type { CampaignKey, CustomerKey, FoundRecord } from './entities.js';
import type { LoadArguments, RecordLoader } from './loader.js';
import { mapValue, type MaybePromise } from './maybe-promise.js';
import type { RecordIds } from './record-ids.js';
import { checkListArguments, latestOf, selectRecords, type ListArguments } from './record-lists.js';

export interface ResolverOptions {
  readonly ids: RecordIds;
  readonly labels: OptLabels;
  readonly readStatus: () => ServiceStatus;
}

/**
 * The resolvers of the graph. Each one chooses a key and loads. A value that is known is returned without a promise.
 * No resolver reads the fourth argument (`info`), so that the text executor can call them.
 */
export function createResolvers(options: ResolverOptions): Resolvers {
  const statuses = new WeakMap<RecordLoader, WolkvoxStatus>();
  return {
    Query: {
      ...queryResolvers,
      wolkvoxStatus(_, __, { loader }) {
        loader.preventCaching();
        // An operation may ask hundreds of times.
        const status = statuses.get(loader) ?? statusOf(options.readStatus());
        statuses.set(loader, status);
        return status;
      },
    },
    CampaignRecord: campaignRecordResolvers(options),
    Customer: {
      // The customer is not looked up: only its records are, if the query selects them.
      __resolveReference: ({ customerId }) => customerOf(toKey(customerId, 'customerId')),
      campaignRecords: ({ customerId }, args, { loader }) =>
        loadRecords(loader, { customerId, campaignId: args.campaignId, maxAge: args.maxAge }, args),
      latestRecord: ({ customerId }, { campaignId, maxAge }, { loader }) =>
        mapValue(loader.load({ customerId, campaignId, maxAge }), (answer) => latestOf(answer) ?? null),
      isInCampaign({ customerId }, { campaignId, maxAge }, { loader }) {
        checkLength('campaignId', campaignId);
        if (campaignId.trim() === '') {
          throw new LookupFailure('bad-input', {
            message: 'campaignId must be the number of a campaign; it is blank.',
          });
        }
        return mapValue(loader.load({ customerId, campaignId, maxAge }), ({ records }) => records.length > 0);
      },
    },
    Campaign: campaignResolvers,
    // Lists with a resolver are bounded (`boundResponses`).
    WolkvoxStatus: { clients: ({ clients }) => clients },
    WolkvoxClient: { operations: ({ operations }) => operations },
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

const queryResolvers: QueryResolvers = {
  findCampaignRecords: (_, args, { loader }) => loadRecords(loader, args, args),
  campaigns: (_, { status }, { loader }) =>
    mapValue(loader.loadCampaigns(), ({ campaigns }) =>
      campaigns
        .filter((campaign) => status === null || status === undefined || campaign.status === status)
        .map(({ campaignId }) => ({ __typename: 'Campaign', campaignId })),
    ),
};

function statusOf({ version, circuit, queue, dailyQuota, redis, clients }: ServiceStatus): WolkvoxStatus {
  const { limit, usedByOthers, remaining, resetsAt, projectedUse } = dailyQuota;
  return {
    version,
    circuit: CIRCUITS[circuit],
    queue,
    dailyQuota: {
      limit: limit ?? null,
      used: dailyQuota.used,
      usedByOthers: usedByOthers ?? null,
      remaining: remaining ?? null,
      resetsAt: new Date(resetsAt).toISOString(),
      projectedUse: projectedUse ?? null,
    },
    redis: redis === undefined ? null : redis.connection === 'up' ? 'UP' : 'DOWN',
    clients,
  };
}

const CIRCUITS = { closed: 'CLOSED', open: 'OPEN', 'half-open': 'HALF_OPEN' } as const;

const campaignResolvers: CampaignResolvers = {
  __resolveReference: ({ campaignId }) => campaignOf(toKey(campaignId, 'campaignId')),
  name: (key, _, context) => infoOf(key, context, ({ name }) => name),
  description: (key, _, context) => infoOf(key, context, ({ description }) => description),
  type: (key, _, context) => infoOf(key, context, ({ type }) => type),
  status: (key, _, context) => infoOf(key, context, ({ status }) => status),
  recordCount: (key, _, context) => infoOf(key, context, ({ recordCount }) => recordCount),
  lastUsedAt: (key, _, context) => infoOf(key, context, ({ lastUsedAt }) => lastUsedAt),
  findRecords: ({ campaignId }, args, { loader }) =>
    loadRecords(loader, { phone: args.phone, customerId: args.customerId, campaignId, maxAge: args.maxAge }, args),
};

/** Arguments that are not valid cause no call. */
function loadRecords(
  loader: RecordLoader,
  criteria: LoadArguments,
  list: ListArguments,
): MaybePromise<readonly FoundRecord[]> {
  checkListArguments(list);
  return mapValue(loader.load(criteria), (answer) => selectRecords(answer, list));
}

/** What the list of campaigns says of a campaign; null if it does not have it. */
function infoOf<Value>(
  { campaignId }: CampaignKey,
  { loader }: OperationContext,
  read: (info: CampaignInfo) => Value,
): MaybePromise<Value | null> {
  return mapValue(loader.loadCampaigns(), (list) => {
    const info = campaignIn(list, toCanonicalCampaignId(campaignId.trim()));
    return info === undefined ? null : read(info);
  });
}

type Positions = readonly (number | undefined)[];

function campaignRecordResolvers({ ids, labels }: ResolverOptions): CampaignRecordResolvers {
  const positions = new WeakMap<readonly string[], WeakMap<readonly OptLabel[], Positions>>();
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
    opts: (found, { names, filledOnly }) => selectOpts(optsOf(found, labels), found, names, filledOnly),
    opt: (found, { name }) => selectOpts(optsOf(found, labels), found, [name], false)[0] ?? null,
    phones: ({ record }) => record.phones,
    address: ({ record }) => record.address,
    date: ({ record }) => record.date,
    calls: ({ record }) => record.calls,
    connId: ({ record }) => record.connId,
    result: ({ record }) => record.result,
    outcome: ({ record }) => record.outcome,
    fetchedAt: ({ answer }) => new Date(answer.sentAt).toISOString(),
  };

  /** They are kept for the records of one campaign, because an operation may have hundreds of such fields. */
  function positionsOf(names: readonly string[], campaignId: string): Positions {
    const known = positions.get(names) ?? new WeakMap<readonly OptLabel[], Positions>();
    positions.set(names, known);
    const optLabels = labels.of(campaignId);
    const found = known.get(optLabels) ?? names.map((name) => labels.positionOf(campaignId, name));
    known.set(optLabels, found);
    return found;
  }

  function selectOpts(
    opts: readonly Opt[],
    { record: { campaignId } }: FoundRecord,
    names: readonly string[] | null | undefined,
    filledOnly: boolean,
  ): readonly Opt[] {
    if (!filledOnly && (names === null || names === undefined)) return opts;
    checkNames(names ?? []);
    const positions = names && positionsOf(names, campaignId);
    return opts.filter(
      ({ position, value }) => (positions?.includes(position) ?? true) && (value !== null || !filledOnly),
    );
  }
}

/** Each column has a name and a label, so more names are of no use. */
const MAX_NAMES = 2 * OPT_NAMES.length;

function checkNames({ length }: readonly string[]): void {
  if (length <= MAX_NAMES) return;
  const message = `names may have at most ${MAX_NAMES} texts; got ${length.toLocaleString('en')}.`;
  throw new LookupFailure('bad-input', { message });
}

interface Opt extends OptLabel {
  readonly position: number;
  readonly name: string;
  readonly value: string | null;
}

function optsOf({ record: { opts, campaignId } }: FoundRecord, labels: OptLabels): readonly Opt[] {
  const optLabels = labels.of(campaignId);
  return opts.map((value, index) => {
    const { label, type } = optLabels[index] ?? NO_LABEL;
    return { position: index + 1, name: OPT_NAMES[index] ?? '', value, label, type };
  });
}

const NO_LABEL: OptLabel = { label: null, type: null };

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
 * @throws LookupFailure `bad-input` if it is a number that JSON may have changed, or far too long
 */
function toKey(value: unknown, name: string): string | null {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const max = Number.MAX_SAFE_INTEGER.toLocaleString('en');
    const message = `${name} must be a text, or a whole number up to ${max}; got another number. Send it as a text.`;
    throw new LookupFailure('bad-input', { message });
  }
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string') checkLength(name, text);
  return typeof text === 'string' && text.trim() !== '' ? text : null;
}
