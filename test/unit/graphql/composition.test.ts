import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { ROUTER_COMPATIBILITY_VERSION_ONE, federateSubgraphs as composeWithCosmo } from '@wundergraph/composition';
import { parse, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { describe, expect, test } from 'vitest';

import { CUSTOMERS_SDL } from '../../../examples/federation/customers.js';
import { readTypeDefs } from '../../../src/graphql/schema.js';

interface Named {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
}

/** Each composer returns its error messages, and the supergraph if it composes one. */
const COMPOSERS: Record<string, (subgraphs: Named[]) => { errors: string[]; supergraph: string }> = {
  Apollo: (subgraphs) => {
    const { errors = [], supergraphSdl = '' } = composeWithApollo(subgraphs);
    return { errors: errors.map(({ message }) => message), supergraph: supergraphSdl };
  },
  'The Guild': (subgraphs) => {
    const { errors = [], supergraphSdl = '' } = composeWithGuild(subgraphs);
    return { errors: errors.map(({ message }) => message), supergraph: supergraphSdl };
  },
  Cosmo: (subgraphs) => {
    const result = composeWithCosmo({
      subgraphs: subgraphs.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
      version: ROUTER_COMPATIBILITY_VERSION_ONE,
    });
    return result.success
      ? { errors: [], supergraph: print(result.federatedGraphAST) }
      : { errors: result.errors.map(({ message }) => message), supergraph: '' };
  },
};

const campaigns: Named = { name: 'campaigns', url: 'http://campaigns.example/graphql', typeDefs: readTypeDefs() };
const customers: Named = { name: 'customers', url: 'http://customers.example/graphql', typeDefs: parse(CUSTOMERS_SDL) };
/** A subgraph whose key field of Customer has a wrong name. */
const misspelt: Named = { ...customers, typeDefs: parse(CUSTOMERS_SDL.replaceAll('customerId', 'customerID')) };

describe.each(Object.entries(COMPOSERS))('%s composer', (_name, compose) => {
  test('composes the schema alone', () => {
    expect(compose([campaigns]).errors).toEqual([]);
  });

  test('composes it with a subgraph that owns the customers', () => {
    const { errors, supergraph } = compose([campaigns, customers]);
    expect(errors).toEqual([]);
    const customer = /^type Customer\b[^]*?^\}/m.exec(supergraph)?.[0];
    expect(customer).toContain('campaignRecords(');
    expect(customer).toContain('email');
  });

  test('composes it with a subgraph that has its own types Opt, Phone and Address (defect 57)', () => {
    const typeDefs = parse(`${CUSTOMERS_SDL}
      extend type Query { phone: Phone address: Address opt: Opt }
      type Phone { kind: Int! } type Address { lines: [String!]! } type Opt { isSet: Boolean! }`);
    const { errors, supergraph } = compose([campaigns, { ...customers, typeDefs }]);
    expect(errors).toEqual([]);
    expect(supergraph).toMatch(/^type Phone\b/m);
  });

  test('refuses a subgraph with a misspelt key', () => {
    expect(compose([campaigns, misspelt]).errors.join('\n')).toMatch(/Customer/);
  });
});
