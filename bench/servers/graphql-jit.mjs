/**
 * graphql-jit over node:http. Each document is compiled once. graphql-jit makes code out of literals in a document, so
 * it serves here only on the loopback interface, and only for the runner.
 */
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { cacheDocuments, createGraph, readAnswers } from './graph.mjs';
import { serve } from './http.mjs';

const schema = createGraph(readAnswers(process.argv[2]));
const compiledOf = cacheDocuments(schema, (document) => {
  const compiled = compileQuery(schema, document);
  if (!isCompiledQuery(compiled)) throw new Error(JSON.stringify(compiled));
  return compiled;
});

serve(async (body) => {
  const { query, variables } = JSON.parse(body);
  return JSON.stringify(await compiledOf(query).query(undefined, {}, variables));
});
