import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Total length of the documents, in characters. A parsed document needs 50 to 200 bytes of memory per character. */
const MAX_CHARACTERS = 250_000;

/**
 * Parsed and valid documents by the hashes of their texts, in the form that Apollo Server expects. A text may hold a
 * phone or an id in place of a variable, so an erasure must clear the store.
 */
export interface DocumentStore {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): void;
}

/** @param maxCharacters the total length of the documents. The least recently used ones are dropped first. */
export function createDocumentStore(maxCharacters = MAX_CHARACTERS): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: maxCharacters,
    sizeCalculation: ({ loc }) => loc?.source.body.length ?? maxCharacters + 1,
  });

  return {
    get: (key) => Promise.resolve(documents.get(key)),
    async set(key, document) {
      documents.set(key, document);
    },
    async delete(key) {
      documents.delete(key);
    },
    clear: () => documents.clear(),
  };
}
