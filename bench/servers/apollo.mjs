/**
 * Apollo Server standalone, as a tutorial writes it: a DataLoader for each operation, and a p-queue for the two
 * simultaneous requests. The argument is a file of answers, or the address of Wolkvox.
 */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import PQueue from 'p-queue';
import { createGraph, keyOf, readAnswers } from './graph.mjs';
import { announce } from './http.mjs';
import { findRecords } from './wolkvox.mjs';

const [, , source] = process.argv;
const { find, findById } = source.startsWith('http://') ? callWolkvox(source) : readAnswers(source);

function callWolkvox(origin) {
  const queue = new PQueue({ concurrency: 2 });
  return { find: (args) => queue.add(() => findRecords(origin, args)), findById: () => undefined };
}

function createLoader() {
  return new DataLoader((lookups) => Promise.all(lookups.map(find)), { cacheKeyFn: keyOf });
}

const server = new ApolloServer({
  schema: createGraph({ find: (args, { loader }) => loader.load(args), findById }),
});
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => ({ loader: createLoader() }),
});
announce(url);
