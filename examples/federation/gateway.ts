import { composeServices } from '@apollo/composition';
import { ApolloGateway } from '@apollo/gateway';
import { parse } from 'graphql';

/** A subgraph as the gateway needs to know it. */
export interface Subgraph {
  readonly name: string;
  /** Where it answers GraphQL. */
  readonly url: string;
  readonly sdl: string;
}

/**
 * Composes the subgraphs into the text that gateways and routers read.
 *
 * @throws Error that names every reason where they do not compose
 */
export function composeSupergraph(subgraphs: readonly Subgraph[]): string {
  const result = composeServices(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
  if (result.errors !== undefined) {
    throw new Error(`Expected subgraphs that compose:\n${result.errors.map(({ message }) => message).join('\n')}`);
  }
  return result.supergraphSdl;
}

/** An Apollo Gateway in front of the subgraphs. It asks nobody else, and says nothing but what goes wrong. */
export function createGateway(subgraphs: readonly Subgraph[]): ApolloGateway {
  const silent = (): void => undefined;
  return new ApolloGateway({
    supergraphSdl: composeSupergraph(subgraphs),
    logger: { debug: silent, info: silent, warn: console.warn, error: console.error },
  });
}
