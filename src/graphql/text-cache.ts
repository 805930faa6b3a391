import { LRUCache } from 'lru-cache';

/**
 * Texts that the service has written of immutable objects. They go with the least use, after `keepMs`, and when the
 * cache is cleared: an erasure must clear it, because the texts hold personal data.
 */
export interface TextCache {
  get(source: object, selection: string): string | undefined;
  put(source: object, selection: string, text: string): void;
  clear(): void;
  /** The estimated size of the texts, in bytes. */
  bytes(): number;
}

export interface TextCacheOptions {
  /** Bound of the texts, in bytes. 0: none is kept. */
  readonly maxBytes: number;
  /** How long the texts of an object are kept after the first one, in milliseconds. 0: none is kept. */
  readonly keepMs: number;
  /** Changes when the texts of the same objects become different. The texts of another version are dropped. */
  readonly version: () => number;
}

interface Texts {
  /** By selection. */
  readonly texts: Map<string, string>;
  bytes: number;
}

/** An upper estimate of the memory that an object with texts takes. */
const OBJECT_BYTES = 400;

export function createTextCache({ maxBytes, keepMs, version }: TextCacheOptions): TextCache {
  if (maxBytes === 0 || keepMs === 0) return NO_CACHE;
  const sources = new LRUCache<object, Texts>({ maxSize: maxBytes, ttl: keepMs, ttlAutopurge: true });
  let textVersion = version();

  function dropOtherVersion(): void {
    const current = version();
    if (current !== textVersion) sources.clear();
    textVersion = current;
  }

  return {
    get(source, selection) {
      dropOtherVersion();
      return sources.get(source)?.texts.get(selection);
    },
    put(source, selection, text) {
      const entry = sources.get(source) ?? { texts: new Map<string, string>(), bytes: OBJECT_BYTES };
      // Two bytes a character.
      const bytes = entry.bytes + 2 * (selection.length + text.length);
      if (bytes > maxBytes) return;
      entry.texts.set(selection, text);
      entry.bytes = bytes;
      sources.set(source, entry, { size: bytes, noUpdateTTL: true });
    },
    clear: () => sources.clear(),
    bytes: () => sources.calculatedSize,
  };
}

const NO_CACHE: TextCache = {
  get: () => undefined,
  put: () => undefined,
  clear: () => undefined,
  bytes: () => 0,
};
