/** The graph with graphql-request, which has no cache: for servers, scripts, and TanStack Query. */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print, type GraphQLError } from 'graphql';
import { GraphQLClient } from 'graphql-request';

export interface Answer<Data> {
  /** A field is null if it failed. */
  readonly data: Data;
  readonly errors: readonly GraphQLError[];
}

/** @param url the address of the router's GraphQL endpoint */
export function createRequestClient(url: string): GraphQLClient {
  return new GraphQLClient(url, {
    errorPolicy: 'all',
    headers: { 'apollographql-client-name': 'night-report', 'apollographql-client-version': '1.0.0' },
  });
}

/**
 * Sends an operation that codegen has typed. `request` would return the data without the errors.
 *
 * @throws ClientError if the request is refused as a whole, with an HTTP status of 400 or more
 */
export async function ask<Data, Variables extends object>(
  client: GraphQLClient,
  operation: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Answer<Data>> {
  const { data, errors = [] } = await client.rawRequest<Data>(print(operation), variables);
  return { data, errors };
}
