import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { FoundRecord, CustomerKey, CampaignKey } from './loader.js';
import type { Phone as PhoneModel, Address as AddressModel } from '../records/record.js';
import type { OperationContext } from './schema.js';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An instant with its offset from UTC, as RFC 3339 writes it: `2026-11-20T09:30:00-05:00`. */
  DateTime: { input: string; output: string; }
  _FieldSet: { input: string; output: string; }
};

/** Where a customer lives, as far as the campaign's list says. At least one field is not null. */
export type Address = {
  readonly __typename?: 'Address';
  /** Street and number. Null: not given. */
  readonly address?: Maybe<Scalars['String']['output']>;
  /** City. Null: not given. */
  readonly city?: Maybe<Scalars['String']['output']>;
  /** Country. Null: not given. */
  readonly country?: Maybe<Scalars['String']['output']>;
  /** State or department. Null: not given. */
  readonly state?: Maybe<Scalars['String']['output']>;
  /** Zone of the city or region. Null: not given. */
  readonly zone?: Maybe<Scalars['String']['output']>;
};

/** Who may keep a response. */
export type CacheControlScope =
  /** The caller alone. */
  | 'PRIVATE'
  /** Any cache between the service and the caller. */
  | 'PUBLIC';

/** How the last call to a record ended, in one spelling of Wolkvox's open list of results. */
export type CallOutcome =
  /** The person hung up before an agent took the call. */
  | 'ABANDON'
  /** A person answered. */
  | 'ANSWER'
  /** An answering machine answered. */
  | 'ANSWER_MACHINE'
  /** The line was busy. */
  | 'BUSY'
  /** The telephone network had no channel for the call. */
  | 'CHANUNAVAIL'
  /** Not dialled yet. */
  | 'CLEAN'
  /** The telephone network was overloaded. */
  | 'CONGESTION'
  /** On the list of those who must not be called. */
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
  /** A text that this subgraph does not know; read `result`. */
  | 'OTHER'
  /** The right person was reached (right party contact). */
  | 'RPC'
  /** Wolkvox does not know. */
  | 'UNKNOWN'
  /** The number belongs to somebody else or to nobody. */
  | 'WRONG_NUMBER';

/** A campaign of the contact centre. Other subgraphs may add what they know. */
export type Campaign = {
  readonly __typename?: 'Campaign';
  /** The campaign's number. */
  readonly campaignId: Scalars['ID']['output'];
  /**
   * The campaign's records that fulfil every criterion given; without one, all of them. More than 1,000 are the error `RESULT_TOO_LARGE`:
   * narrow the search by phone or customer id. Nobody found is an empty list. `null` comes only together with an error in `errors`.
   */
  readonly findRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
};


/** A campaign of the contact centre. Other subgraphs may add what they know. */
export type CampaignFindRecordsArgs = {
  customerId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
  phone?: InputMaybe<Scalars['String']['input']>;
};

/** One person's place in one campaign of the contact centre, and what came of calling them. */
export type CampaignRecord = {
  readonly __typename?: 'CampaignRecord';
  /** Where the customer lives. Null: Wolkvox sends no address with this record. */
  readonly address?: Maybe<Address>;
  /** How many calls the record has had. Null: Wolkvox's text is no number. */
  readonly calls?: Maybe<Scalars['Int']['output']>;
  /** The campaign that the record stands in; other subgraphs may know more of it. Never null for a record of this subgraph. */
  readonly campaign?: Maybe<Campaign>;
  /** The number of the campaign that the record stands in. */
  readonly campaignId: Scalars['ID']['output'];
  /** Wolkvox's number of the last call, to find it in recordings and reports. Null: it has not been dialled yet. */
  readonly connId?: Maybe<Scalars['String']['output']>;
  /** The customer, whom other subgraphs may know too. Null: the record has no customer id. */
  readonly customer?: Maybe<Customer>;
  /** The customer's identification as the campaign's list has it. Null: the list gives none. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** Last name. Null: the list gives none. */
  readonly customerLastName?: Maybe<Scalars['String']['output']>;
  /** First name. Null: the list gives none. */
  readonly customerName?: Maybe<Scalars['String']['output']>;
  /** When the record was last called, in the account's time zone. Null: it has not been dialled yet. */
  readonly date?: Maybe<Scalars['DateTime']['output']>;
  /** When Wolkvox gave this answer, so how old it is. An older one than you expect stands in while Wolkvox cannot answer. */
  readonly fetchedAt: Scalars['DateTime']['output'];
  /**
   * Names this record for ever: opaque, safe in a URL, and free of personal data. It is the same however the record was found, and stays
   * when the record is dialled again.
   */
  readonly id: Scalars['ID']['output'];
  /** The list's free columns opt1 to opt12, in order, always twelve. What each holds is the campaign's own choice. */
  readonly opts: ReadonlyArray<Opt>;
  /** `result` in one spelling, to sort and count by. Null: `result` is null. */
  readonly outcome?: Maybe<CallOutcome>;
  /** The filled telephone columns among tel1 to tel10, in order. Empty: the record has no telephone. */
  readonly phones: ReadonlyArray<Phone>;
  /** How the last call ended, in Wolkvox's own words. Null: Wolkvox says nothing. */
  readonly result?: Maybe<Scalars['String']['output']>;
};

/** A person whom the contact centre knows by a customer id. Other subgraphs may add what they know. */
export type Customer = {
  readonly __typename?: 'Customer';
  /** Every campaign record of this customer. Not in any campaign is an empty list. `null` comes only together with an error in `errors`. */
  readonly campaignRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
  /** The customer's identification as the campaigns' lists have it. */
  readonly customerId: Scalars['ID']['output'];
};


/** A person whom the contact centre knows by a customer id. Other subgraphs may add what they know. */
export type CustomerCampaignRecordsArgs = {
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
};

/** One of the twelve free columns of a record. */
export type Opt = {
  readonly __typename?: 'Opt';
  /** The column's name in Wolkvox, `opt1` to `opt12`. */
  readonly name: Scalars['String']['output'];
  /** 1 to 12. */
  readonly position: Scalars['Int']['output'];
  /** The column's text. Null: it is empty. */
  readonly value?: Maybe<Scalars['String']['output']>;
};

/** A filled telephone column of a record. */
export type Phone = {
  readonly __typename?: 'Phone';
  /** The number as the campaign's list has it; it may carry a dial prefix such as 9 or 57. */
  readonly number: Scalars['String']['output'];
  /** 1 to 10, from the column's name tel1 to tel10. */
  readonly position: Scalars['Int']['output'];
};

/** Where a question begins. */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * The campaign records that fulfil every criterion given; at least one is needed. Nobody found is an empty list. `null` comes only
   * together with an error in `errors`, whose `extensions.code` says what went wrong and `extensions.retryable` whether asking again
   * may help. More than 1,000 matches are the error `RESULT_TOO_LARGE`. Each different question costs one of the account's calls of
   * the day, unless its answer is known and fresh.
   */
  readonly findCampaignRecords?: Maybe<ReadonlyArray<CampaignRecord>>;
};


/** Where a question begins. */
export type QueryFindCampaignRecordsArgs = {
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  customerId?: InputMaybe<Scalars['ID']['input']>;
  maxAge?: InputMaybe<Scalars['Int']['input']>;
  phone?: InputMaybe<Scalars['String']['input']>;
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
  Address: ResolverTypeWrapper<AddressModel>;
  CacheControlScope: CacheControlScope;
  CallOutcome: CallOutcome;
  Campaign: ResolverTypeWrapper<CampaignKey>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  CampaignRecord: ResolverTypeWrapper<FoundRecord>;
  Customer: ResolverTypeWrapper<CustomerKey>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Opt: ResolverTypeWrapper<Opt>;
  Phone: ResolverTypeWrapper<PhoneModel>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Address: AddressModel;
  Campaign: CampaignKey;
  ID: Scalars['ID']['output'];
  CampaignRecord: FoundRecord;
  Customer: CustomerKey;
  DateTime: Scalars['DateTime']['output'];
  Opt: Opt;
  Phone: PhoneModel;
  Query: Record<PropertyKey, never>;
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

export type AddressResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Address'] = ResolversParentTypes['Address']> = {
  address?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  city?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  zone?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CampaignResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Campaign'] = ResolversParentTypes['Campaign'], FederationReferenceType extends FederationReferenceTypes['Campaign'] = FederationReferenceTypes['Campaign']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Campaign']> | FederationReferenceType, FederationReferenceType, ContextType>;
  campaignId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  findRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<CampaignFindRecordsArgs>>;
};

export type CampaignRecordResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['CampaignRecord'] = ResolversParentTypes['CampaignRecord'], FederationReferenceType extends FederationReferenceTypes['CampaignRecord'] = FederationReferenceTypes['CampaignRecord']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['CampaignRecord']> | FederationReferenceType, FederationReferenceType, ContextType>;
  address?: Resolver<Maybe<ResolversTypes['Address']>, ParentType, ContextType>;
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
  opts?: Resolver<ReadonlyArray<ResolversTypes['Opt']>, ParentType, ContextType>;
  outcome?: Resolver<Maybe<ResolversTypes['CallOutcome']>, ParentType, ContextType>;
  phones?: Resolver<ReadonlyArray<ResolversTypes['Phone']>, ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CustomerResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Customer'] = ResolversParentTypes['Customer'], FederationReferenceType extends FederationReferenceTypes['Customer'] = FederationReferenceTypes['Customer']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Customer']> | FederationReferenceType, FederationReferenceType, ContextType>;
  campaignRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<CustomerCampaignRecordsArgs>>;
  customerId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type OptResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Opt'] = ResolversParentTypes['Opt']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  value?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PhoneResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Phone'] = ResolversParentTypes['Phone']> = {
  number?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  findCampaignRecords?: Resolver<Maybe<ReadonlyArray<ResolversTypes['CampaignRecord']>>, ParentType, ContextType, Partial<QueryFindCampaignRecordsArgs>>;
};

export type Resolvers<ContextType = OperationContext> = {
  Address?: AddressResolvers<ContextType>;
  Campaign?: CampaignResolvers<ContextType>;
  CampaignRecord?: CampaignRecordResolvers<ContextType>;
  Customer?: CustomerResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Opt?: OptResolvers<ContextType>;
  Phone?: PhoneResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = OperationContext> = {
  cacheControl?: CacheControlDirectiveResolver<any, any, ContextType>;
  contact?: ContactDirectiveResolver<any, any, ContextType>;
};
