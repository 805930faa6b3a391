import { LRUCache } from 'lru-cache';

/**
 * Texts that the service has written of immutable objects. They go if they are not used, after their time, and when the
 * cache is cleared: an erasure must clear it, because the texts hold personal data.
 */
export interface TextCache {
  get(source: object, selection: string): CachedText | undefined;
  /** @param generation that of the time when the operation began. A text of another one is dropped. */
  put(source: object, selection: string, text: CachedText, generation: number): void;
  /** Changes when the cache is cleared, and with `version`. */
  generation(): number;
  clear(): void;
  /** The estimated size of the texts, in bytes. */
  bytes(): number;
}

/** A string, or its bytes in UTF-8. */
export type CachedText = string | Buffer;

export interface TextCacheOptions {
  /** Bound of the texts, in bytes. 0: none is kept. */
  readonly maxBytes: number;
  /** How long a text of an object is kept, in milliseconds. 0 or less: it is not kept. */
  readonly keepMsOf: (source: object) => number;
  /** Changes when the texts of the same objects become different. The texts of another version are dropped. */
  readonly version: () => number;
}

/** The texts of an object by selection. */
type Texts = Map<string, StoredText>;

/** It does not refer to the object, so that an object that nothing else holds can be collected. */
interface StoredText {
  readonly text: CachedText;
  readonly selection: string;
  readonly texts: Texts;
}

/** An upper estimate of the memory that a text takes beside its characters. */
const TEXT_BYTES = 700;

export function createTextCache({ maxBytes, keepMsOf, version }: TextCacheOptions): TextCache {
  if (maxBytes === 0) return NO_CACHE;
  const stored = new LRUCache<StoredText, StoredText>({
    maxSize: maxBytes,
    sizeCalculation: ({ text, selection }) => TEXT_BYTES + bytesOf(text) + bytesOf(selection),
    dispose: ({ texts, selection }) => texts.delete(selection),
    ttl: 1,
    ttlAutopurge: true,
  });
  let sources = new WeakMap<object, Texts>();
  let textVersion = version();
  let generation = 0;

  function clear(): void {
    generation += 1;
    sources = new WeakMap();
    stored.clear();
  }

  function currentGeneration(): number {
    const current = version();
    if (current !== textVersion) clear();
    textVersion = current;
    return generation;
  }

  function textsOf(source: object): Texts {
    let texts = sources.get(source);
    if (texts === undefined) {
      texts = new Map();
      sources.set(source, texts);
    }
    return texts;
  }

  return {
    get(source, selection) {
      currentGeneration();
      const found = sources.get(source)?.get(selection);
      return found === undefined ? undefined : stored.get(found)?.text;
    },
    put(source, selection, text, textGeneration) {
      const keepMs = keepMsOf(source);
      if (keepMs <= 0 || textGeneration !== currentGeneration()) return;
      const texts = textsOf(source);
      const previous = texts.get(selection);
      if (previous !== undefined) stored.delete(previous);
      const entry = { text, selection, texts };
      stored.set(entry, entry, { ttl: keepMs });
      // A text that is larger than the whole cache is not stored.
      if (stored.has(entry)) texts.set(selection, entry);
    },
    generation: currentGeneration,
    clear,
    bytes: () => stored.calculatedSize,
  };
}

/** The memory that a text takes. A string has two bytes a character. */
function bytesOf(text: CachedText): number {
  return typeof text === 'string' ? 2 * text.length : text.length;
}

const NO_CACHE: TextCache = {
  get: () => undefined,
  put: () => undefined,
  generation: () => 0,
  clear: () => undefined,
  bytes: () => 0,
};
