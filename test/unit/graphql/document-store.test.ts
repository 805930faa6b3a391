import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createDocumentStore } from '../../../src/graphql/document-store.js';

const SHORT = parse('{ __typename }');

describe('the document store', () => {
  it('returns what was stored, until it is deleted', async () => {
    const store = createDocumentStore();
    await store.set('a', SHORT);
    expect(await store.get('a')).toBe(SHORT);
    expect(await store.get('b')).toBeUndefined();
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
  });

  it('drops the documents that were not used for the longest time, by the length of all texts', async () => {
    const store = createDocumentStore(100);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      await store.set(key, SHORT);
      await store.get('a');
    }
    expect(await store.get('a')).toBe(SHORT);
    expect(await store.get('b')).toBe(SHORT);
    await store.set('h', SHORT);
    expect(await store.get('c')).toBeUndefined();
    expect(await store.get('a')).toBe(SHORT);
    // A document that is longer than all together is not stored, nor is one whose text is unknown.
    await store.set('long', parse(`{ __typename } #${'x'.repeat(100)}`));
    await store.set('unknown', parse('{ __typename }', { noLocation: true }));
    expect(await store.get('long')).toBeUndefined();
    expect(await store.get('unknown')).toBeUndefined();
    expect(await store.get('a')).toBe(SHORT);
  });

  it('drops every document when it is cleared (defect 48)', async () => {
    const store = createDocumentStore();
    await store.set('a', SHORT);
    store.clear();
    expect(await store.get('a')).toBeUndefined();
  });
});
