import { readFileSync } from 'node:fs';

import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchema } from 'graphql';
import { parse } from 'graphql';

import { EXAMPLES } from '../../src/simulator/example-people.js';

/** A person in the customers subgraph. */
export interface Customer {
  readonly customerId: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly segment: string;
}

export const CUSTOMERS_SDL = readFileSync(new URL('customers.graphql', import.meta.url), 'utf8');

/** The simulator's example people, and one person who is in no campaign. All are invented. */
export const CUSTOMERS: readonly Customer[] = [
  {
    customerId: EXAMPLES.inSeveralCampaigns.customerId,
    name: 'María Fernanda Gómez Ríos',
    email: 'maria.gomez@example.com',
    segment: 'premium',
  },
  {
    customerId: EXAMPLES.twiceInOneCampaign.customerId,
    name: 'Andrés Felipe Cárdenas Muñoz',
    email: 'andres.cardenas@example.com',
    segment: 'classic',
  },
  {
    customerId: EXAMPLES.undialled.customerId,
    name: 'Luz Marina Ospina Vélez',
    email: null,
    segment: 'classic',
  },
  {
    customerId: EXAMPLES.severalPhones.customerId,
    name: 'Jorge Iván Quintero Salazar',
    email: 'jorge.quintero@example.com',
    segment: 'business',
  },
  {
    customerId: EXAMPLES.nobody.customerId,
    name: 'Inés Paola Duarte Lleras',
    email: 'ines.duarte@example.com',
    segment: 'prospect',
  },
];

/** A small subgraph that owns the customers. It joins with the campaign records by `customerId`. */
export function createCustomersSchema(customers: readonly Customer[]): GraphQLSchema {
  const byId = new Map(customers.map((customer) => [customer.customerId, customer]));
  return buildSubgraphSchema({
    typeDefs: parse(CUSTOMERS_SDL),
    resolvers: {
      Query: {
        customer: (_parent: unknown, { customerId }: { customerId: string }) => byId.get(customerId) ?? null,
        customers: (_parent: unknown, { customerIds }: { customerIds?: readonly string[] | null }) =>
          customerIds?.map((customerId) => byId.get(customerId) ?? null) ?? customers,
      },
      Customer: {
        // A copy, because the federation library writes `__typename` on the object.
        __resolveReference: (reference: { customerId: string }) => {
          const customer = byId.get(reference.customerId);
          return Promise.resolve(customer === undefined ? null : { ...customer });
        },
      },
    },
  });
}
