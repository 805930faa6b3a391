/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query CustomerSummary($phone: String!, $campaignId: ID!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customer {\n      customerId\n      isInCampaign(campaignId: $campaignId)\n      latestRecord {\n        id\n        date\n        outcome\n        campaign {\n          campaignId\n          name\n          status\n        }\n      }\n      answered: campaignRecords(outcomes: [ANSWER, RPC], orderBy: DATE_DESC) {\n        id\n        campaignId\n        date\n      }\n    }\n  }\n}": typeof types.CustomerSummaryDocument,
    "query FindCustomer($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    customerName\n    campaign {\n      campaignId\n    }\n    customer {\n      customerId\n      campaignRecords {\n        id\n        campaignId\n        date\n        outcome\n      }\n    }\n  }\n}": typeof types.FindCustomerDocument,
    "query FindInCampaign($campaignId: ID!, $customerId: ID!) {\n  findCampaignRecords(campaignId: $campaignId, customerId: $customerId, maxAge: 0) {\n    id\n    customerName\n    opts {\n      name\n      value\n    }\n    date\n    calls\n    outcome\n    fetchedAt\n  }\n}": typeof types.FindInCampaignDocument,
    "query FindManyPeople($maria: String!, $mariaToo: String!, $jorge: String!, $family: String!, $nobody: String!) {\n  maria: findCampaignRecords(phone: $maria) {\n    ...Person\n  }\n  mariaToo: findCampaignRecords(phone: $mariaToo) {\n    ...Person\n  }\n  jorge: findCampaignRecords(phone: $jorge) {\n    ...Person\n    address {\n      city\n      address\n    }\n  }\n  family: findCampaignRecords(phone: $family) {\n    ...Person\n  }\n  nobody: findCampaignRecords(phone: $nobody) {\n    ...Person\n  }\n}\n\nfragment Person on CampaignRecord {\n  customerName\n  customerLastName\n  campaignId\n  outcome\n}": typeof types.FindManyPeopleDocument,
    "query FindPerson($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    campaignId\n    customerId\n    customerName\n    customerLastName\n    date\n    calls\n    result\n    outcome\n    fetchedAt\n    phones {\n      position\n      number\n    }\n    opts {\n      name\n      value\n    }\n  }\n}": typeof types.FindPersonDocument,
    "query LabelledOpts($phone: String!, $campaignId: ID, $column: String!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customerName\n    column: opt(name: $column) {\n      name\n      value\n    }\n    opts(filledOnly: true) {\n      name\n      label\n      type\n      value\n    }\n  }\n}": typeof types.LabelledOptsDocument,
    "query ListCampaigns($status: CampaignStatus) {\n  campaigns(status: $status) {\n    campaignId\n    name\n    description\n    type\n    status\n    recordCount\n    lastUsedAt\n  }\n}": typeof types.ListCampaignsDocument,
    "query PartialAnswer($phone: String!, $noPhone: String!) {\n  wrong: findCampaignRecords(phone: $noPhone) {\n    customerName\n  }\n  right: findCampaignRecords(phone: $phone) {\n    customerName\n    campaignId\n  }\n}": typeof types.PartialAnswerDocument,
    "query WolkvoxStatus {\n  wolkvoxStatus {\n    version\n    circuit\n    redis\n    queue {\n      waiting\n      running\n      concurrency\n    }\n    dailyQuota {\n      limit\n      used\n      usedByOthers\n      remaining\n      projectedUse\n      resetsAt\n    }\n    clients {\n      name\n      calls\n      refusals\n      operations {\n        name\n        calls\n      }\n    }\n  }\n}": typeof types.WolkvoxStatusDocument,
};
const documents: Documents = {
    "query CustomerSummary($phone: String!, $campaignId: ID!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customer {\n      customerId\n      isInCampaign(campaignId: $campaignId)\n      latestRecord {\n        id\n        date\n        outcome\n        campaign {\n          campaignId\n          name\n          status\n        }\n      }\n      answered: campaignRecords(outcomes: [ANSWER, RPC], orderBy: DATE_DESC) {\n        id\n        campaignId\n        date\n      }\n    }\n  }\n}": types.CustomerSummaryDocument,
    "query FindCustomer($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    customerName\n    campaign {\n      campaignId\n    }\n    customer {\n      customerId\n      campaignRecords {\n        id\n        campaignId\n        date\n        outcome\n      }\n    }\n  }\n}": types.FindCustomerDocument,
    "query FindInCampaign($campaignId: ID!, $customerId: ID!) {\n  findCampaignRecords(campaignId: $campaignId, customerId: $customerId, maxAge: 0) {\n    id\n    customerName\n    opts {\n      name\n      value\n    }\n    date\n    calls\n    outcome\n    fetchedAt\n  }\n}": types.FindInCampaignDocument,
    "query FindManyPeople($maria: String!, $mariaToo: String!, $jorge: String!, $family: String!, $nobody: String!) {\n  maria: findCampaignRecords(phone: $maria) {\n    ...Person\n  }\n  mariaToo: findCampaignRecords(phone: $mariaToo) {\n    ...Person\n  }\n  jorge: findCampaignRecords(phone: $jorge) {\n    ...Person\n    address {\n      city\n      address\n    }\n  }\n  family: findCampaignRecords(phone: $family) {\n    ...Person\n  }\n  nobody: findCampaignRecords(phone: $nobody) {\n    ...Person\n  }\n}\n\nfragment Person on CampaignRecord {\n  customerName\n  customerLastName\n  campaignId\n  outcome\n}": types.FindManyPeopleDocument,
    "query FindPerson($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    campaignId\n    customerId\n    customerName\n    customerLastName\n    date\n    calls\n    result\n    outcome\n    fetchedAt\n    phones {\n      position\n      number\n    }\n    opts {\n      name\n      value\n    }\n  }\n}": types.FindPersonDocument,
    "query LabelledOpts($phone: String!, $campaignId: ID, $column: String!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customerName\n    column: opt(name: $column) {\n      name\n      value\n    }\n    opts(filledOnly: true) {\n      name\n      label\n      type\n      value\n    }\n  }\n}": types.LabelledOptsDocument,
    "query ListCampaigns($status: CampaignStatus) {\n  campaigns(status: $status) {\n    campaignId\n    name\n    description\n    type\n    status\n    recordCount\n    lastUsedAt\n  }\n}": types.ListCampaignsDocument,
    "query PartialAnswer($phone: String!, $noPhone: String!) {\n  wrong: findCampaignRecords(phone: $noPhone) {\n    customerName\n  }\n  right: findCampaignRecords(phone: $phone) {\n    customerName\n    campaignId\n  }\n}": types.PartialAnswerDocument,
    "query WolkvoxStatus {\n  wolkvoxStatus {\n    version\n    circuit\n    redis\n    queue {\n      waiting\n      running\n      concurrency\n    }\n    dailyQuota {\n      limit\n      used\n      usedByOthers\n      remaining\n      projectedUse\n      resetsAt\n    }\n    clients {\n      name\n      calls\n      refusals\n      operations {\n        name\n        calls\n      }\n    }\n  }\n}": types.WolkvoxStatusDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query CustomerSummary($phone: String!, $campaignId: ID!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customer {\n      customerId\n      isInCampaign(campaignId: $campaignId)\n      latestRecord {\n        id\n        date\n        outcome\n        campaign {\n          campaignId\n          name\n          status\n        }\n      }\n      answered: campaignRecords(outcomes: [ANSWER, RPC], orderBy: DATE_DESC) {\n        id\n        campaignId\n        date\n      }\n    }\n  }\n}"): (typeof documents)["query CustomerSummary($phone: String!, $campaignId: ID!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customer {\n      customerId\n      isInCampaign(campaignId: $campaignId)\n      latestRecord {\n        id\n        date\n        outcome\n        campaign {\n          campaignId\n          name\n          status\n        }\n      }\n      answered: campaignRecords(outcomes: [ANSWER, RPC], orderBy: DATE_DESC) {\n        id\n        campaignId\n        date\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query FindCustomer($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    customerName\n    campaign {\n      campaignId\n    }\n    customer {\n      customerId\n      campaignRecords {\n        id\n        campaignId\n        date\n        outcome\n      }\n    }\n  }\n}"): (typeof documents)["query FindCustomer($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    customerName\n    campaign {\n      campaignId\n    }\n    customer {\n      customerId\n      campaignRecords {\n        id\n        campaignId\n        date\n        outcome\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query FindInCampaign($campaignId: ID!, $customerId: ID!) {\n  findCampaignRecords(campaignId: $campaignId, customerId: $customerId, maxAge: 0) {\n    id\n    customerName\n    opts {\n      name\n      value\n    }\n    date\n    calls\n    outcome\n    fetchedAt\n  }\n}"): (typeof documents)["query FindInCampaign($campaignId: ID!, $customerId: ID!) {\n  findCampaignRecords(campaignId: $campaignId, customerId: $customerId, maxAge: 0) {\n    id\n    customerName\n    opts {\n      name\n      value\n    }\n    date\n    calls\n    outcome\n    fetchedAt\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query FindManyPeople($maria: String!, $mariaToo: String!, $jorge: String!, $family: String!, $nobody: String!) {\n  maria: findCampaignRecords(phone: $maria) {\n    ...Person\n  }\n  mariaToo: findCampaignRecords(phone: $mariaToo) {\n    ...Person\n  }\n  jorge: findCampaignRecords(phone: $jorge) {\n    ...Person\n    address {\n      city\n      address\n    }\n  }\n  family: findCampaignRecords(phone: $family) {\n    ...Person\n  }\n  nobody: findCampaignRecords(phone: $nobody) {\n    ...Person\n  }\n}\n\nfragment Person on CampaignRecord {\n  customerName\n  customerLastName\n  campaignId\n  outcome\n}"): (typeof documents)["query FindManyPeople($maria: String!, $mariaToo: String!, $jorge: String!, $family: String!, $nobody: String!) {\n  maria: findCampaignRecords(phone: $maria) {\n    ...Person\n  }\n  mariaToo: findCampaignRecords(phone: $mariaToo) {\n    ...Person\n  }\n  jorge: findCampaignRecords(phone: $jorge) {\n    ...Person\n    address {\n      city\n      address\n    }\n  }\n  family: findCampaignRecords(phone: $family) {\n    ...Person\n  }\n  nobody: findCampaignRecords(phone: $nobody) {\n    ...Person\n  }\n}\n\nfragment Person on CampaignRecord {\n  customerName\n  customerLastName\n  campaignId\n  outcome\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query FindPerson($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    campaignId\n    customerId\n    customerName\n    customerLastName\n    date\n    calls\n    result\n    outcome\n    fetchedAt\n    phones {\n      position\n      number\n    }\n    opts {\n      name\n      value\n    }\n  }\n}"): (typeof documents)["query FindPerson($phone: String!) {\n  findCampaignRecords(phone: $phone) {\n    id\n    campaignId\n    customerId\n    customerName\n    customerLastName\n    date\n    calls\n    result\n    outcome\n    fetchedAt\n    phones {\n      position\n      number\n    }\n    opts {\n      name\n      value\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query LabelledOpts($phone: String!, $campaignId: ID, $column: String!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customerName\n    column: opt(name: $column) {\n      name\n      value\n    }\n    opts(filledOnly: true) {\n      name\n      label\n      type\n      value\n    }\n  }\n}"): (typeof documents)["query LabelledOpts($phone: String!, $campaignId: ID, $column: String!) {\n  findCampaignRecords(phone: $phone, campaignId: $campaignId) {\n    id\n    customerName\n    column: opt(name: $column) {\n      name\n      value\n    }\n    opts(filledOnly: true) {\n      name\n      label\n      type\n      value\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ListCampaigns($status: CampaignStatus) {\n  campaigns(status: $status) {\n    campaignId\n    name\n    description\n    type\n    status\n    recordCount\n    lastUsedAt\n  }\n}"): (typeof documents)["query ListCampaigns($status: CampaignStatus) {\n  campaigns(status: $status) {\n    campaignId\n    name\n    description\n    type\n    status\n    recordCount\n    lastUsedAt\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query PartialAnswer($phone: String!, $noPhone: String!) {\n  wrong: findCampaignRecords(phone: $noPhone) {\n    customerName\n  }\n  right: findCampaignRecords(phone: $phone) {\n    customerName\n    campaignId\n  }\n}"): (typeof documents)["query PartialAnswer($phone: String!, $noPhone: String!) {\n  wrong: findCampaignRecords(phone: $noPhone) {\n    customerName\n  }\n  right: findCampaignRecords(phone: $phone) {\n    customerName\n    campaignId\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query WolkvoxStatus {\n  wolkvoxStatus {\n    version\n    circuit\n    redis\n    queue {\n      waiting\n      running\n      concurrency\n    }\n    dailyQuota {\n      limit\n      used\n      usedByOthers\n      remaining\n      projectedUse\n      resetsAt\n    }\n    clients {\n      name\n      calls\n      refusals\n      operations {\n        name\n        calls\n      }\n    }\n  }\n}"): (typeof documents)["query WolkvoxStatus {\n  wolkvoxStatus {\n    version\n    circuit\n    redis\n    queue {\n      waiting\n      running\n      concurrency\n    }\n    dailyQuota {\n      limit\n      used\n      usedByOthers\n      remaining\n      projectedUse\n      resetsAt\n    }\n    clients {\n      name\n      calls\n      refusals\n      operations {\n        name\n        calls\n      }\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;