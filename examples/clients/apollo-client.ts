/** The graph with Apollo Client 4. Nothing here needs React: `useQuery` takes the same client. */
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { ErrorLink } from '@apollo/client/link/error';
import type { GraphQLFormattedError } from 'graphql';
import { switchMap, timer } from 'rxjs';
import { FindCustomerDocument, type FindCustomerQuery } from './generated/graphql.js';

/** Every query gets the fields that were answered, and the errors of the others. */
const errorPolicy = 'all';
declare module '@apollo/client' {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Apollo Client reads the type of its defaults here.
  export namespace ApolloClient.DeclareDefaultOptions {
    interface Query {
      errorPolicy: typeof errorPolicy;
    }
    interface WatchQuery {
      errorPolicy: typeof errorPolicy;
    }
  }
}

function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Customer: { keyFields: ['customerId'] },
      Campaign: { keyFields: ['campaignId'] },
      // The parts of a record have no key. Their position and name are unique only in their record.
      CampaignOpt: { keyFields: false },
      CampaignPhone: { keyFields: false },
      CampaignAddress: { keyFields: false, merge: true },
    },
  });
}

const DEFAULT_WAIT_SECONDS = 1;
const MAX_WAIT_SECONDS = 20;

/**
 * The time after which the operation may succeed, in milliseconds. Undefined: no error may pass soon. It includes up to
 * a second at random, so that clients that failed together do not return together.
 */
export function retryDelayMs(errors: readonly GraphQLFormattedError[]): number | undefined {
  const waits = errors
    .filter(({ extensions }) => extensions?.['retryable'] === true)
    .map(({ extensions }) => Number(extensions?.['retryAfterSeconds'] ?? DEFAULT_WAIT_SECONDS));
  const seconds = Math.max(...waits);
  return waits.length === 0 || seconds > MAX_WAIT_SECONDS ? undefined : (seconds + Math.random()) * 1_000;
}

/** Sends an operation a second time if that may help. Fields that were answered come from the service's cache. */
const retryLink = new ErrorLink(({ error, operation, forward }) => {
  const delayMs = CombinedGraphQLErrors.is(error) ? retryDelayMs(error.errors) : undefined;
  return delayMs === undefined ? undefined : timer(delayMs).pipe(switchMap(() => forward(operation)));
});

/**
 * Each query is sent, because the service has a cache of its own: an answer from it costs no call. The cache of Apollo
 * Client is for components that show the same records. It also holds the null of a failed list, without its error.
 *
 * @param url the address of the router's GraphQL endpoint
 */
export function createApolloClient(url: string): ApolloClient {
  return new ApolloClient({
    link: ApolloLink.from([retryLink, new HttpLink({ uri: url })]),
    cache: createCache(),
    clientAwareness: { name: 'agent-desktop', version: '1.0.0' },
    defaultOptions: {
      query: { errorPolicy, fetchPolicy: 'network-only' },
      watchQuery: { errorPolicy, fetchPolicy: 'cache-and-network' },
    },
  });
}

/**
 * The records with this phone, and all records of the customers who have it.
 *
 * @returns null if the lookup failed; an empty list if nobody has the phone
 * @throws Error if there is no answer at all; `cause` says why, such as a network error
 */
export async function findCustomer(
  client: ApolloClient,
  phone: string,
): Promise<FindCustomerQuery['findCampaignRecords']> {
  const { data, error } = await client.query({ query: FindCustomerDocument, variables: { phone } });
  if (data === undefined) throw new Error('The graph gave no answer.', { cause: error });
  return data.findCampaignRecords;
}
