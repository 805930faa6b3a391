import { createRandom, pick } from '../src/simulator/random.js';
import { CAMPAIGN_OF_PEOPLE, campaignIdOf, customerIdOf, phoneOf } from './records.js';

/** The workloads, and what each of them must reach. `docs/benchmarks.md` describes them. */

export interface Criteria {
  readonly campaignId?: string;
  readonly customerId?: string;
  readonly phone?: string;
}

/** Cached answers, asked for again and again. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** Requests at once. The ones of large answers are few, so that a slow server ends them in a round. */
  readonly connections: number;
  /** The lookups that the requests need. */
  readonly lookups: readonly Criteria[];
  /** The bodies of the requests, in their order. @param idsOf the record ids in the answer to a lookup */
  readonly requests: (idsOf: (lookup: Criteria) => readonly string[]) => readonly string[];
}

export const WORKLOADS = {
  'one-record': 'One record',
  'entities-customers': '_entities × 50 customers',
  aliases: '50 aliases',
  list: 'A list of 1,000 records, all fields',
  'list-five-fields': 'A list of 1,000 records, five fields',
  'entities-ids': '_entities × 50 record ids',
  'list-first': 'A list of 1,000 records, written for the first time',
  mix: '200 different documents, one after the other',
  page: 'A real page',
  start: 'Start to the first answer',
  memory: 'Memory',
} as const;
export type WorkloadName = keyof typeof WORKLOADS;

/** What the subgraph must reach. A figure `÷ server` is its requests a second, divided by those of the server. */
export interface Bar {
  readonly workload: WorkloadName;
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export const BARS: readonly Bar[] = [
  { workload: 'one-record', figure: '÷ graphql-jit', atLeast: 0.3 },
  { workload: 'one-record', figure: '÷ apollo', atLeast: 2 },
  { workload: 'one-record', figure: '÷ yoga', atLeast: 1 },
  { workload: 'entities-customers', figure: '÷ mercurius', atLeast: 1.1 },
  { workload: 'entities-customers', figure: '÷ apollo', atLeast: 6 },
  { workload: 'aliases', figure: '÷ mercurius', atLeast: 3 },
  { workload: 'list', figure: '÷ mercurius', atLeast: 3 },
  { workload: 'list', figure: '÷ constant', atLeast: 0.5 },
  { workload: 'list-five-fields', figure: '÷ mercurius', atLeast: 2 },
  { workload: 'entities-ids', figure: '÷ mercurius', atLeast: 1.2 },
  { workload: 'list-first', figure: '÷ apollo', atLeast: 2 },
  { workload: 'mix', figure: '÷ apollo', atLeast: 2 },
  { workload: 'page', figure: 'calls ÷ least possible', atMost: 1.02 },
  { workload: 'page', figure: 'refused', atMost: 0 },
  { workload: 'page', figure: 'wrong', atMost: 0 },
  { workload: 'page', figure: 'p50 cached, ms', atMost: 5 },
  { workload: 'start', figure: 'first answer, ms', atMost: 800 },
  { workload: 'memory', figure: 'idle, MB', atMost: 120 },
  // Nothing new is cached. The rest is what the heap's layout and the metrics differ by.
  { workload: 'memory', figure: 'operations, MB', atMost: 10 },
  // The parsed documents that the service keeps: 250,000 characters, at most 200 bytes each.
  { workload: 'memory', figure: 'documents, MB', atMost: 50 },
];

const SCALARS = ['customerId', 'customerName', 'customerLastName', 'date', 'calls', 'connId', 'result', 'outcome'];
const OBJECTS = [
  'campaign { campaignId }',
  'customer { customerId }',
  'opts { position name value }',
  'phones { position number }',
  'address { country state city zone address }',
];
/** Everything that a record has. */
export const ALL_FIELDS = `id campaignId ${[...OBJECTS, ...SCALARS].join(' ')} fetchedAt`;
const FIVE_FIELDS = 'campaignId customerId customerName outcome date';
const PEOPLE_AT_ONCE = 50;
const MIXED_DOCUMENTS = 200;
/** People of the mix that are found by their phones. Nothing else finds them, so their answers have one age. */
const FIRST_PERSON_BY_PHONE = 3_000;

export function bodyOf(query: string, variables: object = {}): string {
  return JSON.stringify({ query, variables });
}

/** A person with one record. */
function lookupOfPerson(index: number): Criteria {
  return { customerId: customerIdOf(3 * index) };
}

/** A list, by its campaign. @param fields defaults to all fields */
export function listRequest(lookup: Criteria, fields = ALL_FIELDS): string {
  return bodyOf(`query List($campaignId: ID!) { findCampaignRecords(campaignId: $campaignId) { ${fields} } }`, lookup);
}

/** The records of customers, as a router asks for them. */
export function entitiesRequest(customers: readonly Criteria[], fields = ALL_FIELDS, name = 'Customers'): string {
  const query = `query ${name}($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Customer { customerId campaignRecords { ${fields} } } }
  }`;
  return bodyOf(query, { representations: customers.map((customer) => ({ __typename: 'Customer', ...customer })) });
}

const people = Array.from({ length: PEOPLE_AT_ONCE }, (_, index) => lookupOfPerson(index));
export const LIST: Criteria = { campaignId: campaignIdOf(0) };

/** The lists that are written for the first time: those of the warm-up, and then those of each round. */
export function firstLists(plan: { readonly rounds: number; readonly listsPerRound: number }): Criteria[] {
  const count = (1 + plan.rounds) * plan.listsPerRound;
  return Array.from({ length: count }, (_, index) => ({ campaignId: campaignIdOf(index + 1) }));
}

export const CACHED_WORKLOADS: readonly Workload[] = [
  workload('one-record', 16, people.slice(0, 1), () => [
    bodyOf(
      `query One($customerId: ID!) { findCampaignRecords(customerId: $customerId) { ${ALL_FIELDS} } }`,
      lookupOfPerson(0),
    ),
  ]),
  workload('entities-customers', 16, people, () => [entitiesRequest(people)]),
  workload('aliases', 16, people, () => {
    const fields = people.map(
      ({ customerId = '' }, index) => `a${index}: findCampaignRecords(customerId: "${customerId}") { ...All }`,
    );
    return [bodyOf(`query Aliases { ${fields.join(' ')} } fragment All on CampaignRecord { ${ALL_FIELDS} }`)];
  }),
  workload('list', 4, [LIST], () => [listRequest(LIST)]),
  workload('list-five-fields', 16, [LIST], () => [listRequest(LIST, FIVE_FIELDS)]),
  workload('entities-ids', 16, [LIST], (idsOf) => {
    const ids = idsOf(LIST).slice(0, PEOPLE_AT_ONCE);
    const query = `query Records($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on CampaignRecord { ${ALL_FIELDS} } }
    }`;
    return [bodyOf(query, { representations: ids.map((id) => ({ __typename: 'CampaignRecord', id })) })];
  }),
  workload(
    'mix',
    16,
    mixedDocuments().flatMap(({ lookups }) => lookups),
    () => mixedDocuments().map(({ request }) => request),
  ),
];

function workload(
  name: WorkloadName,
  connections: number,
  lookups: readonly Criteria[],
  requests: Workload['requests'],
): Workload {
  return { name, title: WORKLOADS[name], connections, lookups, requests };
}

/** Documents of different shapes. Each one has a name of its own and selects other fields. */
function mixedDocuments(): { readonly request: string; readonly lookups: readonly Criteria[] }[] {
  const random = createRandom(200);
  return Array.from({ length: MIXED_DOCUMENTS }, (_, index) => {
    const name = `Mix${index}`;
    const fields = [...SCALARS, ...OBJECTS].filter(() => random(2) === 0);
    const selected = ['campaignId', ...fields].join(' ');
    const person = lookupOfPerson(random(PEOPLE_AT_ONCE));
    const { customerId = '' } = person;
    const byPhone: Criteria = { phone: phoneOf(FIRST_PERSON_BY_PHONE + random(PEOPLE_AT_ONCE)) };
    const several = people.slice(0, 2 + random(8));
    return pick(random, [
      {
        lookups: [person],
        request: bodyOf(
          `query ${name}($customerId: ID!) { findCampaignRecords(customerId: $customerId) { ${selected} } }`,
          person,
        ),
      },
      {
        lookups: [person],
        request: bodyOf(`query ${name} { found: findCampaignRecords(customerId: "${customerId}") { ${selected} } }`),
      },
      {
        lookups: [byPhone],
        request: bodyOf(
          `query ${name}($phone: String) { findCampaignRecords(phone: $phone) { id fetchedAt ${selected} } }`,
          byPhone,
        ),
      },
      { lookups: several, request: entitiesRequest(several, selected, name) },
      {
        lookups: [{ ...person, campaignId: CAMPAIGN_OF_PEOPLE }],
        request: bodyOf(
          `query ${name}($campaigns: [_Any!]!, $customerId: ID) {
            _entities(representations: $campaigns) {
              ... on Campaign { findRecords(customerId: $customerId) { ${selected} } }
            }
          }`,
          { campaigns: [{ __typename: 'Campaign', campaignId: CAMPAIGN_OF_PEOPLE }], customerId },
        ),
      },
    ]);
  });
}
