/* eslint-disable */
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
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
  /** A date and time with its offset from UTC, in the form of RFC 3339: `2026-11-20T09:30:00-05:00`. */
  DateTime: { input: string; output: string; }
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

/** The connection to Redis. */
export type WolkvoxRedis =
  /** Redis does not answer. No calls are sent; cached answers are served. */
  | 'DOWN'
  /** Redis answers. */
  | 'UP';

export type CustomerSummaryQueryVariables = Exact<{
  phone: Scalars['String']['input'];
  campaignId: Scalars['ID']['input'];
}>;


export type CustomerSummaryQuery = { readonly __typename?: 'Query', readonly findCampaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly customer?: { readonly __typename?: 'Customer', readonly customerId: string, readonly isInCampaign?: boolean | null, readonly latestRecord?: { readonly __typename?: 'CampaignRecord', readonly id: string, readonly date?: string | null, readonly outcome?: CallOutcome | null, readonly campaign?: { readonly __typename?: 'Campaign', readonly campaignId: string, readonly name?: string | null, readonly status?: CampaignStatus | null } | null } | null, readonly answered?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly campaignId: string, readonly date?: string | null }> | null } | null }> | null };

export type FindCustomerQueryVariables = Exact<{
  phone: Scalars['String']['input'];
}>;


export type FindCustomerQuery = { readonly __typename?: 'Query', readonly findCampaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly customerName?: string | null, readonly campaign?: { readonly __typename?: 'Campaign', readonly campaignId: string } | null, readonly customer?: { readonly __typename?: 'Customer', readonly customerId: string, readonly campaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly campaignId: string, readonly date?: string | null, readonly outcome?: CallOutcome | null }> | null } | null }> | null };

export type FindInCampaignQueryVariables = Exact<{
  campaignId: Scalars['ID']['input'];
  customerId: Scalars['ID']['input'];
}>;


export type FindInCampaignQuery = { readonly __typename?: 'Query', readonly findCampaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly customerName?: string | null, readonly date?: string | null, readonly calls?: number | null, readonly outcome?: CallOutcome | null, readonly fetchedAt: string, readonly opts: ReadonlyArray<{ readonly __typename?: 'CampaignOpt', readonly name: string, readonly value?: string | null }> }> | null };

export type FindManyPeopleQueryVariables = Exact<{
  maria: Scalars['String']['input'];
  mariaToo: Scalars['String']['input'];
  jorge: Scalars['String']['input'];
  family: Scalars['String']['input'];
  nobody: Scalars['String']['input'];
}>;


export type FindManyPeopleQuery = { readonly __typename?: 'Query', readonly maria?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null }> | null, readonly mariaToo?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null }> | null, readonly jorge?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null, readonly address?: { readonly __typename?: 'CampaignAddress', readonly city?: string | null, readonly address?: string | null } | null }> | null, readonly family?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null }> | null, readonly nobody?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null }> | null };

export type PersonFragment = { readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly customerLastName?: string | null, readonly campaignId: string, readonly outcome?: CallOutcome | null };

export type FindPersonQueryVariables = Exact<{
  phone: Scalars['String']['input'];
}>;


export type FindPersonQuery = { readonly __typename?: 'Query', readonly findCampaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly campaignId: string, readonly customerId?: string | null, readonly customerName?: string | null, readonly customerLastName?: string | null, readonly date?: string | null, readonly calls?: number | null, readonly result?: string | null, readonly outcome?: CallOutcome | null, readonly fetchedAt: string, readonly phones: ReadonlyArray<{ readonly __typename?: 'CampaignPhone', readonly position: number, readonly number: string }>, readonly opts: ReadonlyArray<{ readonly __typename?: 'CampaignOpt', readonly name: string, readonly value?: string | null }> }> | null };

export type LabelledOptsQueryVariables = Exact<{
  phone: Scalars['String']['input'];
  campaignId?: InputMaybe<Scalars['ID']['input']>;
  column: Scalars['String']['input'];
}>;


export type LabelledOptsQuery = { readonly __typename?: 'Query', readonly findCampaignRecords?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly id: string, readonly customerName?: string | null, readonly column?: { readonly __typename?: 'CampaignOpt', readonly name: string, readonly value?: string | null } | null, readonly opts: ReadonlyArray<{ readonly __typename?: 'CampaignOpt', readonly name: string, readonly label?: string | null, readonly type?: CampaignOptType | null, readonly value?: string | null }> }> | null };

export type ListCampaignsQueryVariables = Exact<{
  status?: InputMaybe<CampaignStatus>;
}>;


export type ListCampaignsQuery = { readonly __typename?: 'Query', readonly campaigns?: ReadonlyArray<{ readonly __typename?: 'Campaign', readonly campaignId: string, readonly name?: string | null, readonly description?: string | null, readonly type?: CampaignType | null, readonly status?: CampaignStatus | null, readonly recordCount?: number | null, readonly lastUsedAt?: string | null }> | null };

export type PartialAnswerQueryVariables = Exact<{
  phone: Scalars['String']['input'];
  noPhone: Scalars['String']['input'];
}>;


export type PartialAnswerQuery = { readonly __typename?: 'Query', readonly wrong?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null }> | null, readonly right?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly campaignId: string }> | null };

export type WolkvoxStatusQueryVariables = Exact<{ [key: string]: never; }>;


export type WolkvoxStatusQuery = { readonly __typename?: 'Query', readonly wolkvoxStatus: { readonly __typename?: 'WolkvoxStatus', readonly version: string, readonly circuit: WolkvoxCircuit, readonly redis?: WolkvoxRedis | null, readonly queue: { readonly __typename?: 'WolkvoxQueue', readonly waiting: number, readonly running: number, readonly concurrency: number }, readonly dailyQuota: { readonly __typename?: 'WolkvoxDailyQuota', readonly limit?: number | null, readonly used: number, readonly usedByOthers?: number | null, readonly remaining?: number | null, readonly projectedUse?: number | null, readonly resetsAt: string }, readonly clients: ReadonlyArray<{ readonly __typename?: 'WolkvoxClient', readonly name: string, readonly calls: number, readonly refusals: number, readonly operations: ReadonlyArray<{ readonly __typename?: 'WolkvoxOperationUse', readonly name: string, readonly calls: number }> }> } };

export const PersonFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Person"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CampaignRecord"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]} as unknown as DocumentNode<PersonFragment, unknown>;
export const CustomerSummaryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"CustomerSummary"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}},{"kind":"Argument","name":{"kind":"Name","value":"campaignId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerId"}},{"kind":"Field","name":{"kind":"Name","value":"isInCampaign"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"campaignId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}}}]},{"kind":"Field","name":{"kind":"Name","value":"latestRecord"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"campaign"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"answered"},"name":{"kind":"Name","value":"campaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"outcomes"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"ANSWER"},{"kind":"EnumValue","value":"RPC"}]}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"EnumValue","value":"DATE_DESC"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"date"}}]}}]}}]}}]}}]} as unknown as DocumentNode<CustomerSummaryQuery, CustomerSummaryQueryVariables>;
export const FindCustomerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindCustomer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"campaign"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"campaignId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"customer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerId"}},{"kind":"Field","name":{"kind":"Name","value":"campaignRecords"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]}}]}}]}}]} as unknown as DocumentNode<FindCustomerQuery, FindCustomerQueryVariables>;
export const FindInCampaignDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindInCampaign"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"customerId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"campaignId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}}},{"kind":"Argument","name":{"kind":"Name","value":"customerId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"customerId"}}},{"kind":"Argument","name":{"kind":"Name","value":"maxAge"},"value":{"kind":"IntValue","value":"0"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"opts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}}]}}]}}]} as unknown as DocumentNode<FindInCampaignQuery, FindInCampaignQueryVariables>;
export const FindManyPeopleDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindManyPeople"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"maria"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"mariaToo"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"jorge"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"family"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"nobody"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"maria"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"maria"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"mariaToo"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"mariaToo"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"jorge"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"jorge"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}},{"kind":"Field","name":{"kind":"Name","value":"address"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"city"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"family"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"family"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"nobody"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"nobody"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Person"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CampaignRecord"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]} as unknown as DocumentNode<FindManyPeopleQuery, FindManyPeopleQueryVariables>;
export const FindPersonDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindPerson"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"customerId"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"result"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"phones"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"number"}}]}},{"kind":"Field","name":{"kind":"Name","value":"opts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}}]} as unknown as DocumentNode<FindPersonQuery, FindPersonQueryVariables>;
export const LabelledOptsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"LabelledOpts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"column"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}},{"kind":"Argument","name":{"kind":"Name","value":"campaignId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","alias":{"kind":"Name","value":"column"},"name":{"kind":"Name","value":"opt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"column"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"opts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filledOnly"},"value":{"kind":"BooleanValue","value":true}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}}]} as unknown as DocumentNode<LabelledOptsQuery, LabelledOptsQueryVariables>;
export const ListCampaignsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ListCampaigns"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"status"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"CampaignStatus"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"campaigns"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"status"},"value":{"kind":"Variable","name":{"kind":"Name","value":"status"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"recordCount"}},{"kind":"Field","name":{"kind":"Name","value":"lastUsedAt"}}]}}]}}]} as unknown as DocumentNode<ListCampaignsQuery, ListCampaignsQueryVariables>;
export const PartialAnswerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PartialAnswer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"noPhone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"wrong"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"noPhone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"right"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}}]}}]}}]} as unknown as DocumentNode<PartialAnswerQuery, PartialAnswerQueryVariables>;
export const WolkvoxStatusDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WolkvoxStatus"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"wolkvoxStatus"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"circuit"}},{"kind":"Field","name":{"kind":"Name","value":"redis"}},{"kind":"Field","name":{"kind":"Name","value":"queue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"waiting"}},{"kind":"Field","name":{"kind":"Name","value":"running"}},{"kind":"Field","name":{"kind":"Name","value":"concurrency"}}]}},{"kind":"Field","name":{"kind":"Name","value":"dailyQuota"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"limit"}},{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"usedByOthers"}},{"kind":"Field","name":{"kind":"Name","value":"remaining"}},{"kind":"Field","name":{"kind":"Name","value":"projectedUse"}},{"kind":"Field","name":{"kind":"Name","value":"resetsAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"clients"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"refusals"}},{"kind":"Field","name":{"kind":"Name","value":"operations"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}}]}}]}}]}}]}}]} as unknown as DocumentNode<WolkvoxStatusQuery, WolkvoxStatusQueryVariables>;