import { composeServices } from '@apollo/composition';
import { ApolloGateway } from '@apollo/gateway';
import { parse } from 'graphql';

/** A subgraph of the gateway. */
export interface Subgraph {
  readonly name: string;
  /** The address of its GraphQL endpoint. */
  readonly url: string;
  readonly sdl: string;
}

/**
 * Composes the subgraphs to a supergraph, which gateways and routers read.
 *
 * @throws Error with all composition errors
 */
export function composeSupergraph(subgraphs: readonly Subgraph[]): string {
  const result = composeServices(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
  if (result.errors !== undefined) {
    throw new Error(`The subgraphs do not compose:\n${result.errors.map(({ message }) => message).join('\n')}`);
  }
  return result.supergraphSdl;
}

/** An Apollo Gateway for the subgraphs. It sends requests to no other host, and logs only warnings and errors. */
export function createGateway(subgraphs: readonly Subgraph[]): ApolloGateway {
  const ignore = (): void => undefined;
  return new ApolloGateway({
    supergraphSdl: composeSupergraph(subgraphs),
    logger: { debug: ignore, info: ignore, warn: console.warn, error: console.error },
  });
}
