/** A subgraph that joins `Customer` and `Campaign`: the tickets of a help desk. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createHandler } from 'graphql-http';

interface CustomerKey {
  readonly customerId: string;
}
interface CampaignKey {
  readonly campaignId: string;
}
interface Ticket {
  readonly id: string;
  readonly subject: string;
  readonly customerId: string;
  readonly campaignId: string | null;
}

const TICKETS: readonly Ticket[] = [
  { id: '1', subject: 'The card has not arrived.', customerId: '21839174', campaignId: '4821' },
  { id: '2', subject: 'The rate is not the one of the call.', customerId: '22461203', campaignId: '7203' },
  { id: '3', subject: 'A new address.', customerId: '21839174', campaignId: null },
];

export const TICKETS_SDL = readFileSync(new URL('tickets.graphql', import.meta.url), 'utf8');

/** A field of another subgraph's type starts from its key: return the key, and the router asks the others. */
const resolvers = {
  Query: {
    ticket: (_parent: unknown, { id }: { readonly id: string }) => TICKETS.find((ticket) => ticket.id === id) ?? null,
  },
  Ticket: {
    customer: ({ customerId }: Ticket): CustomerKey => ({ customerId }),
    campaign: ({ campaignId }: Ticket): CampaignKey | null => (campaignId === null ? null : { campaignId }),
  },
  Customer: {
    __resolveReference: async ({ customerId }: CustomerKey) => ({ customerId }),
    tickets: ({ customerId }: CustomerKey) => TICKETS.filter((ticket) => ticket.customerId === customerId),
  },
  Campaign: {
    __resolveReference: async ({ campaignId }: CampaignKey) => ({ campaignId }),
    tickets: ({ campaignId }: CampaignKey) => TICKETS.filter((ticket) => ticket.campaignId === campaignId),
  },
};

export interface RunningSubgraph {
  /** The address of its GraphQL endpoint. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the subgraph on loopback. Apollo Server and GraphQL Yoga take the same schema. */
export async function startTickets(port: number): Promise<RunningSubgraph> {
  const handle = createHandler({ schema: buildSubgraphSchema({ typeDefs: parse(TICKETS_SDL), resolvers }) });
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    handle({ method, url, headers, body: () => text(request), raw: request, context: {} }).then(
      ([body, { status, statusText, headers: sent }]) => response.writeHead(status, statusText, sent).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${listening}/graphql`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
