import type { GraphQLRequestContextDidEncounterErrors } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { createTimeSlices } from '../../../src/core/time-slices.js';
import type { OperationContext } from '../../../src/graphql/context.js';
import { operationHooks, type OperationHookOptions } from '../../../src/graphql/operation-hooks.js';

type Failed = GraphQLRequestContextDidEncounterErrors<OperationContext>;

it('The errors that a response leaves out are not formatted, and the bugs among them are reported', async () => {
  const bugs: unknown[] = [];
  const options = { slices: createTimeSlices(), onBug: (error: unknown) => void bugs.push(error) };
  const hooks = operationHooks(options as unknown as OperationHookOptions);
  const listener = await hooks.requestDidStart?.({} as Failed);
  const bug = new TypeError('a bug');
  const originals = Array.from({ length: 150 }, (_, index) => (index === 120 ? bug : new LookupFailure('queue-full')));
  const errors = originals.map((originalError, index) => new GraphQLError('', { originalError, path: [index] }));
  errors.push(new GraphQLError('', { extensions: { code: 'BAD_USER_INPUT' } }));

  await listener?.didEncounterErrors?.({ errors, contextValue: {} } as unknown as Failed);
  expect(errors.map(({ path }) => path?.[0])).toEqual([...Array(100).keys()]);
  expect(bugs).toEqual([bug]);
});
