import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { FoundRecord, CustomerKey, CampaignKey } from './entities.js';
import type { CampaignPhone as PhoneModel, CampaignAddress as AddressModel } from '../core/record.js';
import type { OperationContext } from './context.js';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A date and time with its offset from UTC, in the form of RFC 3339: `2026-11-20T09:30:00-05:00`. */
  DateTime: { input: string; output: string; }
  _FieldSet: { input: string; output: string; }
};

/** Which caches may store a response. Only the directive uses it. */
export type CacheControlScope =
  /** Only the cache of the caller. */
  | 'PRIVATE'
  /** All caches between the service and the caller. */
  | 'PUBLIC';

/** Results of a call. Wolkvox's own list of results is open and has several spellings; this one is closed. */
export type CallOutcome =
  /** The person hung up before an agent took the call. */
  | 'ABANDON'
  /** A person answered. */
  | 'ANSWER'
  /** An answering machine answered. */
  | 'ANSWER_MACHINE'
  /** The line was busy. */
  | 'BUSY'
  /** The phone network had no channel for the call. */
  | 'CHANUNAVAIL'
  /** Not dialled yet. */
  | 'CLEAN'
  /** The phone network was overloaded. */
  | 'CONGESTION'
  /** The number is on the list of numbers that must not be called. */
  | 'DO_NOT_CALL'
  /** The call could not be made. */
  | 'FAILED'
  /** A fax answered. */
  | 'FAX'
  /** A mailbox answered. */
  | 'MAILBOX'
  /** The person was not available. */
  | 'NOT_AVAILABLE'
  /** Nobody answered. */
  | 'NO_ANSWER'
  /** A result that this list does not have. Read `result`. */
  | 'OTHER'
  /** The right person was reached (right party contact). */
  | 'RPC'
  /** Wolkvox does not know the result. */
  | 'UNKNOWN'
  /** The number belongs to another person or is not in use. */
  | 'WRONG_NUMBER';

/**
 * A campaign of the contact centre. Other subgraphs may extend it. All fields but `campaignId` and `findRecords` come from
 * the list of the account's campaigns (`Query.campaigns`). They are null without an error if the list does not have the
 * campaign, and null with an error if the list cannot be read.
 */
export type Campaign = {
  readonly __typename?: 'Campaign';
  /** The number of the campaign. */
  readonly campaignId: Scalars['ID']['output'];
  /** Its description. Null: it has none. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /**
   * The records of this campaign that fulfil all criteria given; without a criterion, all of its records. More than 1,000
   * records are the error `RESULT_TOO_LARGE`: narrow the search by phone or customer id. The list is empty if no record
   * matches. It is null only if `errors` holds an error for it.
   */
  readonly findRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
  /** When it was last used, in the account's time zone. Null: never, or Wolkvox does not say. */
  readonly lastUsedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Its name. Null: the list does not have the campaign. */
  readonly name?: Maybe<Scalars['String']['output']>;
  /** The number of its records. Null: Wolkvox does not say. */
  readonly recordCount?: Maybe<Scalars['Int']['output']>;
  /** Whether it dials at present. Null: Wolkvox does not say. */
  readonly status?: Maybe<CampaignStatus>;
  /** How it dials. Null: Wolkvox does not say. */
  readonly type?: Maybe<CampaignType>;
};


/**
 * A campaign of the contact centre. Other subgraphs may extend it. All fields but `campaignId` and `findRecords` come from
 * the list of the account's campaigns (`Query.campaigns`). They are null without an error if the list does not have the
 * campaign, and null with an error if the list cannot be read.
 */
export type CampaignFindRecordsArgs = {
  customerId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<RecordOrder>;
  outcomes?: InputMaybe<ReadonlyArray<CallOutcome>>;
  phone?: InputMaybe<Scalars['String']['input']>;
};

/** A customer's address, as far as the campaign's list has it. At least one field is not null. */
export type CampaignAddress = {
  readonly __typename?: 'CampaignAddress';
  /** Street and number. Null: the list has none. */
  readonly address?: Maybe<Scalars['String']['output']>;
  /** City. Null: the list has none. */
  readonly city?: Maybe<Scalars['String']['output']>;
  /** Country. Null: the list has none. */
  readonly country?: Maybe<Scalars['String']['output']>;
  /** State or department. Null: the list has none. */
  readonly state?: Maybe<Scalars['String']['output']>;
  /** Part of the city or region. Null: the list has none. */
  readonly zone?: Maybe<Scalars['String']['output']>;
};

/** One of the twelve free columns of a record. */
export type CampaignOpt = {
  readonly __typename?: 'CampaignOpt';
  /** What the column holds in this campaign, in the words of the operator. Null: the operator gave it no label. */
  readonly label?: Maybe<Scalars['String']['output']>;
  /** The column's name in Wolkvox, `opt1` to `opt12`. */
  readonly name: Scalars['String']['output'];
  /** 1 to 12, for opt1 to opt12. */
  readonly position: Scalars['Int']['output'];
  /** The kind of text that the column holds. Null: the operator gave it no type. */
  readonly type?: Maybe<CampaignOptType>;
  /** The text of the column. Null: the column is empty. */
  readonly value?: Maybe<Scalars['String']['output']>;
};

/** The kind of text that a free column holds. `value` is the text as Wolkvox stores it, whatever the type. */
export type CampaignOptType =
  /** Yes or no. */
  | 'BOOLEAN'
  /** A date. */
  | 'DATE'
  /** An amount of money. */
  | 'MONEY'
  /** A number. */
  | 'NUMBER'
  /** Any text. */
  | 'TEXT';

/** A phone column of a record that is not empty. */
export type CampaignPhone = {
  readonly __typename?: 'CampaignPhone';
  /** The number as the campaign's list has it. It may have a dial prefix such as 9 or 57. */
  readonly number: Scalars['String']['output'];
  /** 1 to 10, for tel1 to tel10. */
  readonly position: Scalars['Int']['output'];
};

/** One entry of a campaign's list: a person, and the result of the calls to them. */
export type CampaignRecord = {
  readonly __typename?: 'CampaignRecord';
  /** The customer's address. Null: Wolkvox sends no address with this record. */
  readonly address?: Maybe<CampaignAddress>;
  /** Number of calls to this record. Null: Wolkvox sends a text that is not a number. */
  readonly calls?: Maybe<Scalars['Int']['output']>;
  /** The record's campaign, which other subgraphs may extend. It is null only if Wolkvox does not name it. */
  readonly campaign?: Maybe<Campaign>;
  /** The number of the record's campaign. */
  readonly campaignId: Scalars['ID']['output'];
  /** Wolkvox's id of the last call, to find it in recordings and reports. Null: not dialled yet. */
  readonly connId?: Maybe<Scalars['String']['output']>;
  /** The customer, which other subgraphs may extend. Null: the record has no customer id. */
  readonly customer?: Maybe<Customer>;
  /** The customer's id, as the campaign's list has it. Null: the list has none. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** Last name. Null: the list has none. */
  readonly customerLastName?: Maybe<Scalars['String']['output']>;
  /** First name. Null: the list has none. */
  readonly customerName?: Maybe<Scalars['String']['output']>;
  /** Time of the last call, in the account's time zone. Null: not dialled yet. */
  readonly date?: Maybe<Scalars['DateTime']['output']>;
  /**
   * When the service sent the call to Wolkvox that found this record. If Wolkvox cannot answer, a stale answer may be
   * served: one that no longer counts as fresh, but is not older than `maxAge`, if that is given.
   */
  readonly fetchedAt: Scalars['DateTime']['output'];
  /**
   * Identifies the record. The id is opaque, holds no personal data and is safe in a URL. It is the same on every replica,
   * however the record was found (if Wolkvox names its campaign), and after every call to the person. It changes when the
   * names, opts or phones of the record are edited in the campaign's list.
   */
  readonly id: Scalars['ID']['output'];
  /** One column. Null: no column has this name or label. */
  readonly opt?: Maybe<CampaignOpt>;
  /** The columns opt1 to opt12, in order. What they hold differs by campaign. Without arguments there are always twelve. */
  readonly opts: ReadonlyArray<CampaignOpt>;
  /** `result` as one value of a closed list, for sorting and counting. Null: `result` is null. */
  readonly outcome?: Maybe<CallOutcome>;
  /** The phone columns tel1 to tel10 that are not empty, in order. The list is empty if the record has no phone. */
  readonly phones: ReadonlyArray<CampaignPhone>;
  /** Result of the last call in Wolkvox's own words. Null: Wolkvox sends no result. */
  readonly result?: Maybe<Scalars['String']['output']>;
};


/** One entry of a campaign's list: a person, and the result of the calls to them. */
export type CampaignRecordOptArgs = {
  name: Scalars['String']['input'];
};


/** One entry of a campaign's list: a person, and the result of the calls to them. */
export type CampaignRecordOptsArgs = {
  filledOnly?: InputMaybe<Scalars['Boolean']['input']>;
  names?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** Whether a campaign dials. */
export type CampaignStatus =
  /** A status that this list does not have. */
  | 'OTHER'
  /** It dials. */
  | 'STARTED'
  /** It does not dial. */
  | 'STOPPED';

/** How a campaign dials. */
export type CampaignType =
  /** A type that this list does not have. */
  | 'OTHER'
  /** The system dials, and connects persons who answer to agents. */
  | 'PREDICTIVE'
  /** An agent sees the record first and starts the call. */
  | 'PREVIEW';

/** A person with a customer id. Other subgraphs may extend it. */
export type Customer = {
  readonly __typename?: 'Customer';
  /**
   * All campaign records of this customer. The list is empty if the customer is in no campaign. It is null only if
   * `errors` holds an error for it.
   */
  readonly campaignRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
  /** The customer's id, as the campaigns' lists have it. */
  readonly customerId: Scalars['ID']['output'];
  /** Whether the campaign has a record of the customer. It is null only if `errors` holds an error for it. */
  readonly isInCampaign?: Maybe<Scalars['Boolean']['output']>;
  /**
   * The record with the latest call, else the first record. Null: the customer has no record, or `errors` holds an error
   * for this field.
   */
  readonly latestRecord?: Maybe<CampaignRecord>;
};


/** A person with a customer id. Other subgraphs may extend it. */
export type CustomerCampaignRecordsArgs = {
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<RecordOrder>;
  outcomes?: InputMaybe<ReadonlyArray<CallOutcome>>;
};


/** A person with a customer id. Other subgraphs may extend it. */
export type CustomerIsInCampaignArgs = {
  campaignId: Scalars['ID']['input'];
  maxAge?: InputMaybe<Scalars['Int']['input']>;
};


/** A person with a customer id. Other subgraphs may extend it. */
export type CustomerLatestRecordArgs = {
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
};

/**
 * The campaign records of a Wolkvox contact centre: which people are in which campaign, and how the calls to them ended.
 * Records are found by phone, customer id or campaign. Other subgraphs join through `Customer` and `Campaign`.
 */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * All campaigns of the account. One call to Wolkvox in five minutes (CAMPAIGNS_TTL_SECONDS) answers this field and the
   * fields of every campaign, for all callers. It is null only if `errors` holds an error for it.
   */
  readonly campaigns?: Maybe<ReadonlyArray<Campaign>>;
  /**
   * The campaign records that fulfil all criteria given. At least one of `phone`, `customerId` and `campaignId` is needed.
   * The list is empty if no record matches. It is null only if `errors` holds an error for it: `extensions.code` says what
   * failed, and `extensions.retryable` whether the same request may succeed a little later. More than 1,000 records are
   * the error `RESULT_TOO_LARGE`. Each different lookup costs one of the account's daily calls, unless a cached answer is
   * fresh enough.
   */
  readonly findCampaignRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
  /** The state of this service, as the replica that answers sees it. It causes no call to Wolkvox. */
  readonly wolkvoxStatus: WolkvoxStatus;
};


/**
 * The campaign records of a Wolkvox contact centre: which people are in which campaign, and how the calls to them ended.
 * Records are found by phone, customer id or campaign. Other subgraphs join through `Customer` and `Campaign`.
 */
export type QueryCampaignsArgs = {
  status?: InputMaybe<CampaignStatus>;
};


/**
 * The campaign records of a Wolkvox contact centre: which people are in which campaign, and how the calls to them ended.
 * Records are found by phone, customer id or campaign. Other subgraphs join through `Customer` and `Campaign`.
 */
export type QueryFindCampaignRecordsArgs = {
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  customerId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<RecordOrder>;
  outcomes?: InputMaybe<ReadonlyArray<CallOutcome>>;
  phone?: InputMaybe<Scalars['String']['input']>;
};

/** The order of a list of records. */
export type RecordOrder =
  /** By the number of the campaign. */
  | 'CAMPAIGN'
  /** The record with the earliest call first. Records that were not dialled come last. */
  | 'DATE_ASC'
  /** The record with the latest call first. Records that were not dialled come last. */
  | 'DATE_DESC';

/** Whether calls are sent to Wolkvox (circuit breaker). */
export type WolkvoxCircuit =
  /** Calls are sent. */
  | 'CLOSED'
  /** One call checks whether Wolkvox works again. */
  | 'HALF_OPEN'
  /** Wolkvox failed several times in a row, so no calls are sent for a while. */
  | 'OPEN';

/** A program that sends operations. */
export type WolkvoxClient = {
  readonly __typename?: 'WolkvoxClient';
  /** Calls to Wolkvox for its operations. */
  readonly calls: Scalars['Int']['output'];
  /**
   * The name in its header `apollographql-client-name` or `graphql-client-name`. `unnamed`: it sends no name, or one that is
   * not accepted. The names after the 50th are `other`.
   */
  readonly name: Scalars['String']['output'];
  /** The same by the names of its operations. The names after the 50th are `other`. */
  readonly operations: ReadonlyArray<WolkvoxOperationUse>;
  /** Lookups that failed without a call. */
  readonly refusals: Scalars['Int']['output'];
};

/** The calls of the account's day, in Wolkvox's time zone. */
export type WolkvoxDailyQuota = {
  readonly __typename?: 'WolkvoxDailyQuota';
  /** Calls that the day allows. Null: the limit is not known, and calls are only counted. */
  readonly limit?: Maybe<Scalars['Int']['output']>;
  /** `used` at the end of the day, if calls go on as in the last hour. Null: they were counted for less than five minutes. */
  readonly projectedUse?: Maybe<Scalars['Int']['output']>;
  /** Calls that remain. Null: the limit is not known. */
  readonly remaining?: Maybe<Scalars['Int']['output']>;
  /** When the next day begins. */
  readonly resetsAt: Scalars['DateTime']['output'];
  /** Calls of this service, and those of other programs that Wolkvox reported. */
  readonly used: Scalars['Int']['output'];
  /** Calls of other programs with the same account. Null: Wolkvox has not reported them today. */
  readonly usedByOthers?: Maybe<Scalars['Int']['output']>;
};

/** The calls for the operations of one name. */
export type WolkvoxOperationUse = {
  readonly __typename?: 'WolkvoxOperationUse';
  /** Calls to Wolkvox. */
  readonly calls: Scalars['Int']['output'];
  /** The name of the operations. `unnamed`: they have none. */
  readonly name: Scalars['String']['output'];
  /** Lookups that failed without a call. */
  readonly refusals: Scalars['Int']['output'];
};

/** The calls of a replica that have not ended. */
export type WolkvoxQueue = {
  readonly __typename?: 'WolkvoxQueue';
  /** Calls that may run at once. */
  readonly concurrency: Scalars['Int']['output'];
  /** Calls that left the queue. */
  readonly running: Scalars['Int']['output'];
  /** Calls that wait. */
  readonly waiting: Scalars['Int']['output'];
};

/** The connection to Redis. */
export type WolkvoxRedis =
  /** Redis does not answer. No calls are sent; cached answers are served. */
  | 'DOWN'
  /** Redis answers. */
  | 'UP';

/** The state of this service. */
export type WolkvoxStatus = {
  readonly __typename?: 'WolkvoxStatus';
  /** Whether calls are sent to Wolkvox. */
  readonly circuit: WolkvoxCircuit;
  /**
   * The programs that caused calls since the start of this replica, by the name that they send, the one with the most
   * calls first. Names are trusted only if the service has a router secret; otherwise all are `unnamed`.
   */
  readonly clients: ReadonlyArray<WolkvoxClient>;
  /** The calls of the account's day. */
  readonly dailyQuota: WolkvoxDailyQuota;
  /** The calls of this replica. */
  readonly queue: WolkvoxQueue;
  /** The state of Redis. Null: there is only one replica, and no Redis. */
  readonly redis?: Maybe<WolkvoxRedis>;
  /** The version of the service. */
  readonly version: Scalars['String']['output'];
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type ReferenceResolver<TResult, TReference, TContext> = (
      reference: TReference,
      context: TContext,
      info: GraphQLResolveInfo
    ) => Promise<TResult> | TResult;

      type ScalarCheck<T, S> = S extends true ? T : NullableCheck<T, S>;
      type NullableCheck<T, S> = Maybe<T> extends T ? Maybe<ListCheck<NonNullable<T>, S>> : ListCheck<T, S>;
      type ListCheck<T, S> = T extends (infer U)[] ? NullableCheck<U, S>[] : GraphQLRecursivePick<T, S>;
      export type GraphQLRecursivePick<T, S> = { [K in keyof T & keyof S]: ScalarCheck<T[K], S[K]> };
    

export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

/** Mapping of federation types */
export type FederationTypes = {
  Campaign: Campaign;
  CampaignRecord: CampaignRecord;
  Customer: Customer;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Campaign:
    ( { __typename: 'Campaign' }
    & GraphQLRecursivePick<FederationTypes['Campaign'], {"campaignId":true}> );
  CampaignRecord:
    ( { __typename: 'CampaignRecord' }
    & GraphQLRecursivePick<FederationTypes['CampaignRecord'], {"id":true}> );
  Customer:
    ( { __typename: 'Customer' }
    & GraphQLRecursivePick<FederationTypes['Customer'], {"customerId":true}> );
};



/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  CacheControlScope: CacheControlScope;
  CallOutcome: CallOutcome;
  Campaign: ResolverTypeWrapper<CampaignKey>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  CampaignAddress: ResolverTypeWrapper<AddressModel>;
  CampaignOpt: ResolverTypeWrapper<CampaignOpt>;
  CampaignOptType: CampaignOptType;
  CampaignPhone: ResolverTypeWrapper<PhoneModel>;
  CampaignRecord: ResolverTypeWrapper<FoundRecord>;
  CampaignStatus: CampaignStatus;
  CampaignType: CampaignType;
  Customer: ResolverTypeWrapper<CustomerKey>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RecordOrder: RecordOrder;
  WolkvoxCircuit: WolkvoxCircuit;
  WolkvoxClient: ResolverTypeWrapper<WolkvoxClient>;
  WolkvoxDailyQuota: ResolverTypeWrapper<WolkvoxDailyQuota>;
  WolkvoxOperationUse: ResolverTypeWrapper<WolkvoxOperationUse>;
  WolkvoxQueue: ResolverTypeWrapper<WolkvoxQueue>;
  WolkvoxRedis: WolkvoxRedis;
  WolkvoxStatus: ResolverTypeWrapper<WolkvoxStatus>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Campaign: CampaignKey;
  ID: Scalars['ID']['output'];
  CampaignAddress: AddressModel;
  CampaignOpt: CampaignOpt;
  CampaignPhone: PhoneModel;
  CampaignRecord: FoundRecord;
  Customer: CustomerKey;
  DateTime: Scalars['DateTime']['output'];
  Query: Record<PropertyKey, never>;
  WolkvoxClient: WolkvoxClient;
  WolkvoxDailyQuota: WolkvoxDailyQuota;
  WolkvoxOperationUse: WolkvoxOperationUse;
  WolkvoxQueue: WolkvoxQueue;
  WolkvoxStatus: WolkvoxStatus;
  Boolean: Scalars['Boolean']['output'];
  Int: Scalars['Int']['output'];
  String: Scalars['String']['output'];
};

export type CacheControlDirectiveArgs = {
  inheritMaxAge?: Maybe<Scalars['Boolean']['input']>;
  maxAge?: Maybe<Scalars['Int']['input']>;
  scope?: Maybe<CacheControlScope>;
};

export type CacheControlDirectiveResolver<Result, Parent, ContextType = OperationContext, Args = CacheControlDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type ContactDirectiveArgs = {
  description?: Maybe<Scalars['String']['input']>;
  name: Scalars['String']['input'];
  url?: Maybe<Scalars['String']['input']>;
};

export type ContactDirectiveResolver<Result, Parent, ContextType = OperationContext, Args = ContactDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type CampaignResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Campaign'] = ResolversParentTypes['Campaign'], FederationReferenceType extends FederationReferenceTypes['Campaign'] = FederationReferenceTypes['Campaign']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Campaign']> | FederationReferenceType, FederationReferenceType, ContextType>;
  campaignId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  findRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<CampaignFindRecordsArgs>>;
  lastUsedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  recordCount?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  status?: Resolver<Maybe<ResolversTypes['CampaignStatus']>, ParentType, ContextType>;
  type?: Resolver<Maybe<ResolversTypes['CampaignType']>, ParentType, ContextType>;
};

export type CampaignAddressResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['CampaignAddress'] = ResolversParentTypes['CampaignAddress']> = {
  address?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  city?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  zone?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CampaignOptResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['CampaignOpt'] = ResolversParentTypes['CampaignOpt']> = {
  label?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  type?: Resolver<Maybe<ResolversTypes['CampaignOptType']>, ParentType, ContextType>;
  value?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CampaignPhoneResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['CampaignPhone'] = ResolversParentTypes['CampaignPhone']> = {
  number?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type CampaignRecordResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['CampaignRecord'] = ResolversParentTypes['CampaignRecord'], FederationReferenceType extends FederationReferenceTypes['CampaignRecord'] = FederationReferenceTypes['CampaignRecord']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['CampaignRecord']> | FederationReferenceType, FederationReferenceType, ContextType>;
  address?: Resolver<Maybe<ResolversTypes['CampaignAddress']>, ParentType, ContextType>;
  calls?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  campaign?: Resolver<Maybe<ResolversTypes['Campaign']>, ParentType, ContextType>;
  campaignId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  connId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  customer?: Resolver<Maybe<ResolversTypes['Customer']>, ParentType, ContextType>;
  customerId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  customerLastName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  customerName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  date?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  fetchedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  opt?: Resolver<Maybe<ResolversTypes['CampaignOpt']>, ParentType, ContextType, RequireFields<CampaignRecordOptArgs, 'name'>>;
  opts?: Resolver<ReadonlyArray<ResolversTypes['CampaignOpt']>, ParentType, ContextType, RequireFields<CampaignRecordOptsArgs, 'filledOnly'>>;
  outcome?: Resolver<Maybe<ResolversTypes['CallOutcome']>, ParentType, ContextType>;
  phones?: Resolver<ReadonlyArray<ResolversTypes['CampaignPhone']>, ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CustomerResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Customer'] = ResolversParentTypes['Customer'], FederationReferenceType extends FederationReferenceTypes['Customer'] = FederationReferenceTypes['Customer']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Customer']> | FederationReferenceType, FederationReferenceType, ContextType>;
  campaignRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<CustomerCampaignRecordsArgs>>;
  customerId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  isInCampaign?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType, RequireFields<CustomerIsInCampaignArgs, 'campaignId'>>;
  latestRecord?: Resolver<Maybe<ResolversTypes['CampaignRecord']>, ParentType, ContextType, Partial<CustomerLatestRecordArgs>>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type QueryResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  campaigns?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Campaign']>>, ParentType, ContextType, Partial<QueryCampaignsArgs>>;
  findCampaignRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<QueryFindCampaignRecordsArgs>>;
  wolkvoxStatus?: Resolver<ResolversTypes['WolkvoxStatus'], ParentType, ContextType>;
};

export type WolkvoxClientResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['WolkvoxClient'] = ResolversParentTypes['WolkvoxClient']> = {
  calls?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  operations?: Resolver<ReadonlyArray<ResolversTypes['WolkvoxOperationUse']>, ParentType, ContextType>;
  refusals?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type WolkvoxDailyQuotaResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['WolkvoxDailyQuota'] = ResolversParentTypes['WolkvoxDailyQuota']> = {
  limit?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  projectedUse?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  remaining?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  resetsAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  used?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  usedByOthers?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type WolkvoxOperationUseResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['WolkvoxOperationUse'] = ResolversParentTypes['WolkvoxOperationUse']> = {
  calls?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  refusals?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type WolkvoxQueueResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['WolkvoxQueue'] = ResolversParentTypes['WolkvoxQueue']> = {
  concurrency?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  waiting?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type WolkvoxStatusResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['WolkvoxStatus'] = ResolversParentTypes['WolkvoxStatus']> = {
  circuit?: Resolver<ResolversTypes['WolkvoxCircuit'], ParentType, ContextType>;
  clients?: Resolver<ReadonlyArray<ResolversTypes['WolkvoxClient']>, ParentType, ContextType>;
  dailyQuota?: Resolver<ResolversTypes['WolkvoxDailyQuota'], ParentType, ContextType>;
  queue?: Resolver<ResolversTypes['WolkvoxQueue'], ParentType, ContextType>;
  redis?: Resolver<Maybe<ResolversTypes['WolkvoxRedis']>, ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type Resolvers<ContextType = OperationContext> = {
  Campaign?: CampaignResolvers<ContextType>;
  CampaignAddress?: CampaignAddressResolvers<ContextType>;
  CampaignOpt?: CampaignOptResolvers<ContextType>;
  CampaignPhone?: CampaignPhoneResolvers<ContextType>;
  CampaignRecord?: CampaignRecordResolvers<ContextType>;
  Customer?: CustomerResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  WolkvoxClient?: WolkvoxClientResolvers<ContextType>;
  WolkvoxDailyQuota?: WolkvoxDailyQuotaResolvers<ContextType>;
  WolkvoxOperationUse?: WolkvoxOperationUseResolvers<ContextType>;
  WolkvoxQueue?: WolkvoxQueueResolvers<ContextType>;
  WolkvoxStatus?: WolkvoxStatusResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = OperationContext> = {
  cacheControl?: CacheControlDirectiveResolver<any, any, ContextType>;
  contact?: ContactDirectiveResolver<any, any, ContextType>;
};
