/** The graph with urql. The bindings for React, Vue and others take the same client. */
import { cacheExchange, Client, fetchExchange, type CombinedError } from '@urql/core';
import { FindPersonDocument, type FindPersonQuery } from './generated/graphql.js';

/**
 * A client that sends POST. By default urql sends a short query by GET, with the phone in the address, where proxies
 * log it; and the service refuses such a GET, because any web page could send it.
 *
 * @param url the address of the router's GraphQL endpoint
 */
export function createUrqlClient(url: string): Client {
  return new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    // A cached result is shown at once and asked again. Otherwise urql would also keep a failed result.
    requestPolicy: 'cache-and-network',
  });
}

/** A client that sends GET, for operations without personal data. One of two headers says that no web page sent it. */
export function createUrqlClientForGet(url: string): Client {
  return new Client({
    url,
    exchanges: [fetchExchange],
    preferGetMethod: true,
    fetchOptions: { headers: { 'apollo-require-preflight': 'true' } },
  });
}

export interface Found {
  /** Null or undefined: the lookup failed. Empty: nobody has the phone. */
  readonly records: FindPersonQuery['findCampaignRecords'];
  readonly error: CombinedError | undefined;
}

export async function findPerson(client: Client, phone: string): Promise<Found> {
  const { data, error } = await client.query(FindPersonDocument, { phone }).toPromise();
  return { records: data?.findCampaignRecords, error };
}
