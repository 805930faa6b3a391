import { describe, expect, it } from 'vitest';
import { ANA, createTestCache } from '../../support/lookup-cache.js';
import { caller, settle } from '../../support/lookup-source.js';

describe('A caller whose deadline passes', () => {
  it.each([0, 1, 2])('fails with its own deadline after %i calls of others that were refused', async (refused) => {
    const test = createTestCache();
    for (let starter = 0; starter <= refused; starter += 1) void test.find(ANA);
    const { signal, leave } = caller();
    const found = test.find(ANA, { signal });
    await settle();
    for (let call = 0; call < refused; call += 1) await test.source.call(call).fail('queue-full');
    expect(test.source.calls).toHaveLength(refused + 1);
    leave();
    await expect(found).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.events.at(-1)).toMatchObject({ event: 'lookup.refused', reason: 'deadline' });
  });
});

describe('A caller that waited for three calls of others', () => {
  it('fails, and its message says that the others were refused', async () => {
    const test = createTestCache();
    const found = Array.from({ length: 4 }, () => test.find(ANA));
    await settle();
    for (let call = 0; call < 3; call += 1) await test.source.call(call).fail('queue-full');
    await expect(found[2]).rejects.toMatchObject({ kind: 'queue-full' });
    const message = 'The callers whose calls this lookup waited for were refused, or left. Try again.';
    await expect(found[3]).rejects.toMatchObject({ kind: 'displaced', message });
    expect(test.source.calls).toHaveLength(3);
  });
});
