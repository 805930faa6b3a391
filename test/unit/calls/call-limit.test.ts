import { expect, it } from 'vitest';
import { createCallLimit } from '../../../src/calls/call-limit.js';
import type { LookupSource, Operation } from '../../../src/core/answer.js';
import { FAILURES, LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import {
  answeringSource,
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
} from '../../support/lookup-source.js';

const ANA = { phone: '3001112233' };
const clock = createManualClock();

it('An operation may cause as many calls as the limit says; each operation has its own count', async () => {
  const top = createCallLimit(3)(answeringSource());
  const find = (operation: Operation): Promise<unknown> => top.find(ANA, lookupOptions(clock, { operation }));
  const [one, other] = [{ startedAt: 0 }, { startedAt: 0 }];
  for (let call = 0; call < 3; call += 1) await find(one);
  await expect(find(one)).rejects.toMatchObject({
    kind: 'too-many-lookups',
    code: 'TOO_MANY_LOOKUPS',
    retryable: false,
    message: expect.stringContaining('more than 3 calls to Wolkvox (LOOKUPS_PER_OPERATION)') as string,
  });
  await expect(find(other)).resolves.toBeDefined();
});

it('A call counts from the time when it enters the queue', async () => {
  const source = createManualSource(clock);
  const top = createCallLimit(5)(source);
  const options = lookupOptions(clock);
  const found = Array.from({ length: 8 }, () => top.find(ANA, options));
  const ended = Promise.allSettled(found);
  await settle();
  expect(source.calls).toHaveLength(5);
  for (const call of source.calls) await call.answer();
  expect((await ended).filter(({ status }) => status === 'rejected')).toHaveLength(3);
});

it.each(Object.keys(FAILURES) as FailureKind[])(
  'A lookup that ends with %s counts if the failure ended a call',
  async (kind) => {
    const failing: LookupSource = { find: () => Promise.reject(new LookupFailure(kind)) };
    const top = createCallLimit(1)(failing);
    const options = lookupOptions(clock);
    await expect(top.find(ANA, options)).rejects.toMatchObject({ kind });
    const { endsCall } = new LookupFailure(kind);
    await expect(top.find(ANA, options)).rejects.toMatchObject({ kind: endsCall ? 'too-many-lookups' : kind });
  },
);

it('An answer of another replica is free (defect 9)', async () => {
  const shared: LookupSource = { find: () => Promise.resolve({ records: [], sentAt: 0, source: 'shared' }) };
  const options = lookupOptions(clock);
  const top = createCallLimit(1)(shared);
  for (let lookup = 0; lookup < 3; lookup += 1) await expect(top.find(ANA, options)).resolves.toBeDefined();
});
