import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createTextCache, type TextCache } from '../../../src/graphql/text-cache.js';

const MAX_BYTES = 100_000;
const KEEP_MS = 60_000;

function createCache(options: Partial<Parameters<typeof createTextCache>[0]> = {}): TextCache {
  return createTextCache({ maxBytes: MAX_BYTES, keepMsOf: () => KEEP_MS, version: () => 0, ...options });
}

/** The bytes of the characters that the cache holds of these objects. */
function bytesHeld(cache: TextCache, sources: readonly object[], selections: readonly string[]): number {
  const texts = sources.flatMap((source) => selections.map((selection) => cache.get(source, selection) ?? ''));
  return 2 * texts.join('').length;
}

describe('The cache of texts', () => {
  it('keeps a text by its object and its selection', () => {
    const cache = createCache();
    const [one, other] = [{}, {}];
    cache.put(one, '{a}', '1', cache.generation());
    cache.put(one, '{b}', '2', cache.generation());
    cache.put(other, '{a}', '3', cache.generation());
    expect([cache.get(one, '{a}'), cache.get(one, '{b}'), cache.get(other, '{a}')]).toEqual(['1', '2', '3']);
    expect(cache.get(other, '{b}')).toBeUndefined();
    expect(cache.get({}, '{a}')).toBeUndefined();
  });

  it('counts at least two bytes a character, of texts and selections', () => {
    const cache = createCache();
    expect(cache.bytes()).toBe(0);
    cache.put({}, '{selection}', 'x'.repeat(1_000), cache.generation());
    expect(cache.bytes()).toBeGreaterThanOrEqual(2 * 1_011);
    expect(cache.bytes()).toBeLessThan(3_000);
  });

  it('counts the bytes of a text that is given as bytes, and drops it', () => {
    const cache = createCache();
    const source = {};
    const bytes = Buffer.from('á'.repeat(1_000));
    cache.put(source, '{a}', bytes, cache.generation());
    expect(cache.get(source, '{a}')).toBe(bytes);
    expect(cache.bytes()).toBeGreaterThanOrEqual(2_000);
    expect(cache.bytes()).toBeLessThan(3_000);
    cache.clear();
    expect(cache.get(source, '{a}')).toBeUndefined();
    expect(cache.bytes()).toBe(0);
  });

  it('counts a text once that is written twice', () => {
    const cache = createCache();
    const source = {};
    cache.put(source, '{a}', 'x'.repeat(1_000), cache.generation());
    const bytes = cache.bytes();
    cache.put(source, '{a}', 'x'.repeat(1_000), cache.generation());
    expect(cache.bytes()).toBe(bytes);
  });

  it.each([
    ['of many objects', 200, 1],
    ['of one object', 1, 200],
    ['of some objects', 10, 20],
  ])('holds no more than its bound: texts %s', (_, sourceCount, selectionCount) => {
    const cache = createCache();
    const sources = Array.from({ length: sourceCount }, () => ({}));
    const selections = Array.from({ length: selectionCount }, (_, index) => `{a${index}}`);
    for (const selection of selections) {
      for (const source of sources) {
        cache.put(source, selection, 'x'.repeat(1_000), cache.generation());
        expect(cache.bytes()).toBeLessThanOrEqual(MAX_BYTES);
      }
    }
    const held = bytesHeld(cache, sources, selections);
    expect(held).toBeLessThanOrEqual(MAX_BYTES);
    expect(held).toBeGreaterThan(0.5 * MAX_BYTES);
    // The latest one is held.
    expect(cache.get(sources.at(-1) ?? {}, selections.at(-1) ?? '')).toHaveLength(1_000);
  });

  it('drops the texts that were not used for the longest time', () => {
    const cache = createCache();
    const sources = Array.from({ length: 10 }, () => ({}));
    for (const source of sources) {
      cache.put(source, '{a}', 'x'.repeat(7_000), cache.generation());
      expect(cache.get(sources[0] ?? {}, '{a}')).toBeDefined();
    }
    expect(cache.get(sources[1] ?? {}, '{a}')).toBeUndefined();
    expect(cache.get(sources[9] ?? {}, '{a}')).toBeDefined();
  });

  it('keeps no text that is larger than all together may be, and keeps the others', () => {
    const cache = createCache();
    const source = {};
    cache.put(source, '{a}', '1', cache.generation());
    cache.put(source, '{b}', 'x'.repeat(MAX_BYTES), cache.generation());
    cache.put({}, '{b}', 'x'.repeat(MAX_BYTES), cache.generation());
    expect(cache.get(source, '{b}')).toBeUndefined();
    expect(cache.get(source, '{a}')).toBe('1');
  });

  it('drops the texts of an object after their time, without being asked', async () => {
    const cache = createCache({ keepMsOf: () => 100 });
    cache.put({}, '{a}', '1', cache.generation());
    expect(cache.bytes()).toBeGreaterThan(0);
    await expect.poll(() => cache.bytes()).toBe(0);
  });

  it('holds nothing after clear', () => {
    const cache = createCache();
    const source = {};
    cache.put(source, '{a}', '1', cache.generation());
    cache.clear();
    expect(cache.get(source, '{a}')).toBeUndefined();
    expect(cache.bytes()).toBe(0);
    cache.put(source, '{a}', '2', cache.generation());
    expect(cache.get(source, '{a}')).toBe('2');
  });

  it('serves no text of another version', () => {
    let version = 1;
    const cache = createCache({ version: () => version });
    const source = {};
    cache.put(source, '{a}', '1', cache.generation());
    expect(cache.get(source, '{a}')).toBe('1');
    version = 2;
    expect(cache.get(source, '{a}')).toBeUndefined();
    cache.put(source, '{a}', '2', cache.generation());
    expect(cache.get(source, '{a}')).toBe('2');
  });

  it.each([{ maxBytes: 0 }, { keepMsOf: () => 0 }])('keeps nothing with %o', (options) => {
    const cache = createCache(options);
    const source = {};
    cache.put(source, '{a}', '1', cache.generation());
    expect(cache.get(source, '{a}')).toBeUndefined();
    expect(cache.bytes()).toBe(0);
    cache.clear();
  });
});

describe('The memory of the cache of texts', () => {
  it('has no object that nothing else holds: an answer may be large, and its text short', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const cache = createCache();
    const held = { name: 'held' };
    const put = (source: object): WeakRef<object> => {
      cache.put(source, '{a}', '1', cache.generation());
      return new WeakRef(source);
    };
    const heldRef = put(held);
    const dropped = put({ name: 'dropped' });
    // A reference is kept until the end of the task that has made it.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(heldRef.deref()).toBe(held);
    expect(cache.get(held, '{a}')).toBe('1');
    expect(dropped.deref()).toBeUndefined();
  });
});
