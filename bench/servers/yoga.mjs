/** GraphQL Yoga over node:http, with the plugin for graphql-jit. */
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createYoga } from 'graphql-yoga';
import { createGraph, readAnswers } from './graph.mjs';
import { announce } from './http.mjs';

const schema = createGraph(readAnswers(process.argv[2]));
const server = createServer(createYoga({ schema, plugins: [useGraphQlJit()], graphiql: false, logging: false }));
server.listen(0, '127.0.0.1', () => announce(`http://127.0.0.1:${server.address().port}/graphql`));
