/** mercurius, the GraphQL adapter of Fastify, with its just-in-time compiler. */
import fastify from 'fastify';
import mercurius from 'mercurius';
import { createGraph, readAnswers } from './graph.mjs';
import { announce } from './http.mjs';

const app = fastify();
app.register(mercurius, { schema: createGraph(readAnswers(process.argv[2])), jit: 1 });
announce(`${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`);
