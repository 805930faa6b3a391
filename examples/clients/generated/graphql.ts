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

/** Which caches may store a response. */
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

export type PartialAnswerQueryVariables = Exact<{
  phone: Scalars['String']['input'];
  noPhone: Scalars['String']['input'];
}>;


export type PartialAnswerQuery = { readonly __typename?: 'Query', readonly wrong?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null }> | null, readonly right?: ReadonlyArray<{ readonly __typename?: 'CampaignRecord', readonly customerName?: string | null, readonly campaignId: string }> | null };

export const PersonFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Person"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CampaignRecord"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]} as unknown as DocumentNode<PersonFragment, unknown>;
export const FindCustomerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindCustomer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"campaign"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"campaignId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"customer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerId"}},{"kind":"Field","name":{"kind":"Name","value":"campaignRecords"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]}}]}}]}}]} as unknown as DocumentNode<FindCustomerQuery, FindCustomerQueryVariables>;
export const FindInCampaignDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindInCampaign"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"customerId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"campaignId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"campaignId"}}},{"kind":"Argument","name":{"kind":"Name","value":"customerId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"customerId"}}},{"kind":"Argument","name":{"kind":"Name","value":"maxAge"},"value":{"kind":"IntValue","value":"0"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"opts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}}]}}]}}]} as unknown as DocumentNode<FindInCampaignQuery, FindInCampaignQueryVariables>;
export const FindManyPeopleDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindManyPeople"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"maria"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"mariaToo"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"jorge"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"family"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"nobody"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"maria"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"maria"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"mariaToo"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"mariaToo"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"jorge"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"jorge"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}},{"kind":"Field","name":{"kind":"Name","value":"address"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"city"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"family"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"family"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"nobody"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"nobody"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Person"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Person"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CampaignRecord"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}}]}}]} as unknown as DocumentNode<FindManyPeopleQuery, FindManyPeopleQueryVariables>;
export const FindPersonDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindPerson"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}},{"kind":"Field","name":{"kind":"Name","value":"customerId"}},{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"customerLastName"}},{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"result"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"phones"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"number"}}]}},{"kind":"Field","name":{"kind":"Name","value":"opts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}}]} as unknown as DocumentNode<FindPersonQuery, FindPersonQueryVariables>;
export const PartialAnswerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PartialAnswer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"noPhone"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"wrong"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"noPhone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"right"},"name":{"kind":"Name","value":"findCampaignRecords"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phone"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customerName"}},{"kind":"Field","name":{"kind":"Name","value":"campaignId"}}]}}]}}]} as unknown as DocumentNode<PartialAnswerQuery, PartialAnswerQueryVariables>;