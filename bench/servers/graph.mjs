/** The graph of the references: the project's own SDL over answers that are in memory. */
import { readFileSync, readdirSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLScalarType, parse, validate } from 'graphql';

const SCHEMA_FOLDER = new URL('../../schema/', import.meta.url);

/** The SDL of the project. */
export function readTypeDefs() {
  const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.graphql'));
  return files.map((name) => readFileSync(new URL(name, SCHEMA_FOLDER), 'utf8')).join('\n');
}

/**
 * The executable schema. Records are plain objects with the fields of the graph, so no field needs a resolver.
 *
 * @param {object} source
 * @param {(args: object, context: object) => object[] | Promise<object[]>} source.find
 * @param {(id: string) => object | undefined} source.findById
 */
export function createGraph({ find, findById }) {
  const resolvers = {
    Query: { findCampaignRecords: (_, args, context) => find(args, context) },
    CampaignRecord: { __resolveReference: ({ id }) => findById(id) },
    Customer: {
      __resolveReference: ({ customerId }) => ({ customerId }),
      campaignRecords: ({ customerId }, args, context) => find({ ...args, customerId }, context),
    },
    Campaign: {
      __resolveReference: ({ campaignId }) => ({ campaignId }),
      findRecords: ({ campaignId }, args, context) => find({ ...args, campaignId }, context),
    },
    DateTime: new GraphQLScalarType({ name: 'DateTime' }),
  };
  return buildSubgraphSchema([{ typeDefs: parse(readTypeDefs()), resolvers }]);
}

/**
 * Reads the file of answers that the runner writes.
 *
 * @returns the `source` of `createGraph`
 */
export function readAnswers(path) {
  const answers = new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8'))));
  const records = new Map([...answers.values()].flat().map((record) => [record.id, record]));
  return {
    find(args) {
      const answer = answers.get(keyOf(args));
      if (answer === undefined) throw new Error('The file of answers has no answer to this lookup.');
      return answer;
    },
    findById: (id) => records.get(id),
  };
}

/** The name of a lookup in the file of answers. `bench/answers.ts` writes the same. */
export function keyOf({ campaignId, customerId, phone }) {
  return JSON.stringify([campaignId ?? null, customerId ?? null, phone ?? null]);
}

/**
 * Prepares each document once.
 *
 * @template Prepared
 * @param {(document: import('graphql').DocumentNode) => Prepared} prepare called with a valid document
 * @returns {(query: string) => Prepared}
 */
export function cacheDocuments(schema, prepare) {
  const documents = new Map();
  return (query) => {
    let prepared = documents.get(query);
    if (prepared === undefined) {
      const document = parse(query);
      const [error] = validate(schema, document);
      if (error !== undefined) throw error;
      prepared = prepare(document);
      documents.set(query, prepared);
    }
    return prepared;
  };
}
