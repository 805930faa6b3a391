import {
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
  type ASTNode,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type NameNode,
  type StringValueNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { readTypeDefs } from '../../../src/graphql/schema.js';
import { CAMPAIGN_STATUSES, CAMPAIGN_TYPES } from '../../../src/core/campaign.js';
import { OPT_TYPES } from '../../../src/core/opt-labels.js';
import { CALL_OUTCOMES } from '../../../src/core/record.js';
import { startService } from '../../support/service.js';

/** The published graph. A change here needs an entry in the CHANGELOG. */
const CONTRACT = /* GraphQL */ `
  scalar DateTime
  type Query {
    findCampaignRecords(
      phone: String
      customerId: ID
      campaignId: ID
      maxAge: Int
      outcomes: [CallOutcome!]
      orderBy: RecordOrder
    ): [CampaignRecord!]
    campaigns(status: CampaignStatus): [Campaign!]
    wolkvoxStatus: WolkvoxStatus!
  }
  type CampaignRecord @key(fields: "id") {
    id: ID!
    campaignId: ID!
    campaign: Campaign
    customerId: ID
    customer: Customer
    customerName: String
    customerLastName: String
    opts(names: [String!], filledOnly: Boolean = false): [CampaignOpt!]!
    opt(name: String!): CampaignOpt
    phones: [CampaignPhone!]!
    address: CampaignAddress
    date: DateTime
    calls: Int
    connId: String
    result: String
    outcome: CallOutcome
    fetchedAt: DateTime!
  }
  type CampaignOpt {
    position: Int!
    name: String!
    value: String
    label: String
    type: CampaignOptType
  }
  type CampaignPhone {
    position: Int!
    number: String!
  }
  type CampaignAddress {
    country: String
    state: String
    city: String
    zone: String
    address: String
  }
  type Customer @key(fields: "customerId") {
    customerId: ID!
    campaignRecords(campaignId: ID, maxAge: Int, outcomes: [CallOutcome!], orderBy: RecordOrder): [CampaignRecord!]
    latestRecord(campaignId: ID, maxAge: Int): CampaignRecord
    isInCampaign(campaignId: ID!, maxAge: Int): Boolean
  }
  type Campaign @key(fields: "campaignId") {
    campaignId: ID!
    name: String
    description: String
    type: CampaignType
    status: CampaignStatus
    recordCount: Int
    lastUsedAt: DateTime
    findRecords(
      phone: String
      customerId: ID
      maxAge: Int
      outcomes: [CallOutcome!]
      orderBy: RecordOrder
    ): [CampaignRecord!]
  }
  type WolkvoxStatus {
    version: String!
    circuit: WolkvoxCircuit!
    queue: WolkvoxQueue!
    dailyQuota: WolkvoxDailyQuota!
    redis: WolkvoxRedis
    clients: [WolkvoxClient!]!
  }
  type WolkvoxQueue {
    waiting: Int!
    running: Int!
    concurrency: Int!
  }
  type WolkvoxDailyQuota {
    limit: Int
    used: Int!
    usedByOthers: Int
    remaining: Int
    resetsAt: DateTime!
    projectedUse: Int
  }
  type WolkvoxClient {
    name: String!
    calls: Int!
    refusals: Int!
    operations: [WolkvoxOperationUse!]!
  }
  type WolkvoxOperationUse {
    name: String!
    calls: Int!
    refusals: Int!
  }
`;

/** Fields and arguments with personal data: identity, phones, address, and the free columns of a campaign. */
const PERSONAL = [
  'Campaign.findRecords(customerId)',
  'Campaign.findRecords(phone)',
  'CampaignAddress.address',
  'CampaignAddress.city',
  'CampaignAddress.country',
  'CampaignAddress.state',
  'CampaignAddress.zone',
  'CampaignOpt.value',
  'CampaignPhone.number',
  'CampaignRecord.address',
  'CampaignRecord.customerId',
  'CampaignRecord.customerLastName',
  'CampaignRecord.customerName',
  'CampaignRecord.opt',
  'CampaignRecord.opts',
  'CampaignRecord.phones',
  'Customer.customerId',
  'Query.findCampaignRecords(customerId)',
  'Query.findCampaignRecords(phone)',
];
/** Fields that may cause a call to Wolkvox. */
const LOOKUP_FIELDS = [
  'Campaign.findRecords',
  'Customer.campaignRecords',
  'Customer.isInCampaign',
  'Customer.latestRecord',
  'Query.campaigns',
  'Query.findCampaignRecords',
];

const sdl = readTypeDefs();

describe('the schema', () => {
  it("has the contract's types, fields, arguments and keys, and no others", () => {
    const types = sdl.definitions.filter(
      ({ kind }) => kind === Kind.OBJECT_TYPE_DEFINITION || kind === Kind.SCALAR_TYPE_DEFINITION,
    );
    expect(shapesOf({ kind: Kind.DOCUMENT, definitions: types })).toEqual(shapesOf(parse(CONTRACT)));
    const others = sdl.definitions.flatMap((definition) =>
      types.includes(definition) || definition.kind === Kind.SCHEMA_DEFINITION ? [] : [nameOf(definition)],
    );
    expect(others.sort()).toEqual([
      ...['CacheControlScope', 'CallOutcome', 'CampaignOptType', 'CampaignStatus', 'CampaignType', 'RecordOrder'],
      ...['WolkvoxCircuit', 'WolkvoxRedis', 'cacheControl', 'contact'],
    ]);
  });

  it('describes every type, field, argument, directive and enum value', () => {
    const undescribed: string[] = [];
    let described = 0;
    eachPart(sdl, (coordinate, node) => {
      if (node.kind === Kind.SCHEMA_DEFINITION) return;
      if (descriptionOf(node).length < 5) undescribed.push(coordinate);
      else described += 1;
    });
    expect(undescribed).toEqual([]);
    expect(described).toBeGreaterThan(70);
  });

  it('has no description on the schema definition, which strict federation parsers refuse (defect 45)', () => {
    const [definition] = sdl.definitions.filter(({ kind }) => kind === Kind.SCHEMA_DEFINITION);
    expect(definition).toMatchObject({ kind: Kind.SCHEMA_DEFINITION, description: undefined });
  });

  it('says what null means for each nullable field', () => {
    const missing: string[] = [];
    eachPart(sdl, (coordinate, node) => {
      if (node.kind !== Kind.FIELD_DEFINITION || node.type.kind === Kind.NON_NULL_TYPE) return;
      if (!/\bnull\b/i.test(descriptionOf(node))) missing.push(coordinate);
    });
    expect(missing).toEqual([]);
  });

  it('says what changes the id of a record (defect 35)', () => {
    const descriptions = new Map<string, string>();
    eachPart(sdl, (coordinate, node) => descriptions.set(coordinate, descriptionOf(node).replace(/\s+/g, ' ')));
    const description = descriptions.get('CampaignRecord.id');
    expect(description).toContain('It changes when the names, opts or phones of the record are edited');
    expect(description).not.toMatch(/\b(for ever|always|never)\b/);
  });

  it.each([
    ['CallOutcome', CALL_OUTCOMES],
    ['CampaignOptType', OPT_TYPES],
    ['CampaignType', CAMPAIGN_TYPES],
    ['CampaignStatus', CAMPAIGN_STATUSES],
  ])('has exactly the values of %s in the core', (name, expected) => {
    const values = sdl.definitions.flatMap((definition) =>
      definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === name
        ? (definition.values ?? []).map((value) => value.name.value)
        : [],
    );
    expect([...values].sort()).toEqual([...expected].sort());
  });
});

describe('the directives of the schema', () => {
  const applied = directivesOf(sdl);

  it('are those of federation v2.9, @contact and @cacheControl', () => {
    const links = applied.filter(({ name }) => name === 'link');
    expect(links.map(({ text }) => text)).toEqual([
      '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@cost", "@listSize", "@inaccessible"])',
    ]);
    expect(new Set(applied.map(({ name }) => name))).toEqual(
      new Set(['link', 'contact', 'key', 'tag', 'cost', 'listSize', 'cacheControl', 'inaccessible', 'specifiedBy']),
    );
    const contacts = applied.filter(({ name }) => name === 'contact');
    expect(contacts.map(({ at, text }) => [at, text])).toEqual([
      ['schema', expect.stringMatching(/^@contact\(name: ".+", description: ".+"\)$/s)],
    ]);
  });

  it('mark exactly the personal data with @tag(name: "pii")', () => {
    expect(coordinatesOf('tag', applied)).toEqual(PERSONAL);
    expect(new Set(applied.filter(({ name }) => name === 'tag').map(({ text }) => text))).toEqual(
      new Set(['@tag(name: "pii")']),
    );
  });

  it('give a cost, a list size and a cache limit to the fields that may cause a call', () => {
    // One call for the list of campaigns serves everybody for minutes.
    expect(coordinatesOf('cost', applied)).toEqual(LOOKUP_FIELDS.filter((field) => field !== 'Query.campaigns'));
    expect(coordinatesOf('listSize', applied)).toEqual([
      'Campaign.findRecords',
      'CampaignRecord.opts',
      'CampaignRecord.phones',
      'Customer.campaignRecords',
      'Query.campaigns',
      'Query.findCampaignRecords',
      'WolkvoxClient.operations',
      'WolkvoxStatus.clients',
    ]);
    const limits = applied.filter(({ name, text }) => name === 'cacheControl' && text === '@cacheControl(maxAge: 300)');
    expect(limits.map(({ at }) => at).sort()).toEqual(LOOKUP_FIELDS);
  });

  it('let every object inherit the cache limit, because a nested object without one makes a response no-store', () => {
    const inheriting = applied.filter(
      ({ name, text }) => name === 'cacheControl' && text === '@cacheControl(inheritMaxAge: true)',
    );
    const objects = sdl.definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value !== 'Query'
        ? [definition.name.value]
        : [],
    );
    expect(inheriting.map(({ at }) => at).sort()).toEqual(objects.sort());
  });
});

describe('_service { sdl }', () => {
  it('has the whole schema, even without introspection', async () => {
    const { ask } = await startService({ env: { PLAYGROUND: 'false' } });
    const { data, errors } = await ask('{ _service { sdl } }');
    expect(errors).toEqual([]);
    const { sdl: given } = data?.['_service'] as { sdl: string };
    expect(given).toContain('https://specs.apollo.dev/federation/v2.9');
    const shown = parse(given);
    // Each definition with its descriptions and directives, in any order. The library adds definitions of its own.
    const definitions = textsOf(shown);
    for (const definition of textsOf(sdl)) expect(definitions).toContain(definition);

    const introspection = await ask('{ __schema { types { name } } __type(name: "Customer") { name } }');
    expect(introspection.data).toBeUndefined();
    expect(introspection.errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(introspection.errors[0]?.message).toContain('PLAYGROUND=true');
  });

  it('is available beside introspection if the playground is on', async () => {
    const { ask } = await startService();
    const { data, errors } = await ask('{ _service { sdl } __type(name: "CampaignRecord") { fields { name } } }');
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ __type: { fields: expect.arrayContaining([{ name: 'fetchedAt' }]) as unknown } });
  });
});

/** Types by name, without descriptions and directives except `@key`. */
function shapesOf(document: DocumentNode): Record<string, string> {
  const bare = visit(document, {
    StringValue: (node, key) => (key === 'description' ? null : node),
    Directive: ({ name }) => (name.value === 'key' ? undefined : null),
  });
  return Object.fromEntries(
    bare.definitions.map((definition) => [nameOf(definition), stripIgnoredCharacters(print(definition))]),
  );
}

function nameOf(definition: DefinitionNode): string {
  const { name } = definition as { readonly name?: NameNode | undefined };
  return name?.value ?? definition.kind;
}

function descriptionOf(node: ASTNode): string {
  const { description } = node as { readonly description?: StringValueNode | undefined };
  return description?.value.trim() ?? '';
}

/**
 * Calls `part` for each node that can have a description, with its coordinate: `Type`, `Type.field`,
 * `Type.field(argument)`, `ENUM.VALUE`.
 */
function eachPart(document: DocumentNode, part: (coordinate: string, node: ASTNode) => void): void {
  const under: string[] = [];
  visit(document, {
    enter(node, key) {
      switch (node.kind) {
        case Kind.SCHEMA_DEFINITION:
          under.push('schema');
          break;
        case Kind.OBJECT_TYPE_DEFINITION:
        case Kind.SCALAR_TYPE_DEFINITION:
        case Kind.ENUM_TYPE_DEFINITION:
        case Kind.DIRECTIVE_DEFINITION:
          under.push(node.name.value);
          break;
        case Kind.FIELD_DEFINITION:
        case Kind.ENUM_VALUE_DEFINITION:
          under.push(`.${node.name.value}`);
          break;
        case Kind.INPUT_VALUE_DEFINITION:
          under.push(`(${node.name.value})`);
          break;
        default:
          return key === 'description' ? false : undefined;
      }
      part(under.join(''), node);
      return undefined;
    },
    leave(node) {
      if (
        /^(SchemaDefinition|(Object|Scalar|Enum)TypeDefinition|DirectiveDefinition|(Field|EnumValue|InputValue)Definition)$/.test(
          node.kind,
        )
      ) {
        under.pop();
      }
    },
  });
}

interface Applied {
  readonly at: string;
  readonly name: string;
  readonly text: string;
}

function directivesOf(document: DocumentNode): Applied[] {
  const applied: Applied[] = [];
  eachPart(document, (at, node) => {
    const directives = 'directives' in node ? ((node.directives ?? []) as readonly ConstDirectiveNode[]) : [];
    for (const directive of directives)
      applied.push({ at, name: directive.name.value, text: print(directive).replace(/\s+/g, ' ') });
  });
  return applied;
}

function coordinatesOf(name: string, applied: readonly Applied[]): string[] {
  return applied
    .filter((one) => one.name === name)
    .map(({ at }) => at)
    .sort();
}

/** Definitions as texts with descriptions and directives, without line breaks. */
function textsOf(document: DocumentNode): string[] {
  const unbroken = visit(document, {
    StringValue: (node) => ({ ...node, block: false, value: node.value.replace(/\s+/g, ' ').trim() }),
    // The fields that the federation library adds to Query.
    FieldDefinition: ({ name }) => (name.value.startsWith('_') ? null : undefined),
  });
  return unbroken.definitions
    .filter(({ kind }) => kind !== Kind.SCHEMA_DEFINITION)
    .map((definition) => stripIgnoredCharacters(print(definition)));
}
