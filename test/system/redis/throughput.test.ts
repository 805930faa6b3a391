import { expect, it } from 'vitest';
import { startReplicas } from '../../support/replicas.js';

/**
 * Of about 200 calls. Chance alone changes a share of a third by 0.034 (standard deviation). `throughput.ts` measures
 * longer, against the bar of 0.25.
 */
const FAIR_SHARE = 0.2;

it('three replicas share the slots evenly, and use both', async (test) => {
  const { counter, replicas } = await startReplicas(test, 3);
  const ms = 6_000;
  const callMs = 60;
  const results = await Promise.all(replicas.map((replica) => replica.work(ms, 6, callMs)));
  const begun = counter.begun();
  expect(results.map(({ failed }) => failed)).toEqual([0, 0, 0]);
  expect(counter.most()).toBe(2);
  // How much of the time the slots are in use is measured by `npx tsx test/soak/throughput.ts`.
  expect(begun.length).toBeGreaterThan(30);
  for (const { label } of replicas) {
    expect(begun.filter((other) => other === label).length / begun.length).toBeGreaterThan(FAIR_SHARE);
  }
});
