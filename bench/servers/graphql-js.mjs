/** graphql-js over node:http. Each document is parsed and validated once. */
import { execute } from 'graphql';
import { cacheDocuments, createGraph, readAnswers } from './graph.mjs';
import { serve } from './http.mjs';

const schema = createGraph(readAnswers(process.argv[2]));
const documentOf = cacheDocuments(schema, (document) => document);

serve(async (body) => {
  const { query, variables } = JSON.parse(body);
  return JSON.stringify(await execute({ schema, document: documentOf(query), variableValues: variables }));
});
