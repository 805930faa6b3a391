import { describe, expect, it } from 'vitest';
import { isPromise, mapValue, settle } from '../../../src/graphql/maybe-promise.js';

describe('isPromise', () => {
  it.each<[string, unknown, boolean]>([
    ['a promise', Promise.resolve(), true],
    ['an object with a method then', { then: () => undefined }, true],
    ['an object with another property then', { then: 'later' }, false],
    ['an object', {}, false],
    ['a list', [], false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a text', 'then', false],
    ['a function', () => undefined, false],
  ])('tells %s', (_, value, expected) => {
    expect(isPromise(value)).toBe(expected);
  });
});

describe('mapValue', () => {
  it('maps a known value at once', () => {
    expect(mapValue(2, (value) => value * 2)).toBe(4);
    expect(mapValue<number | undefined, string>(undefined, String)).toBe('undefined');
  });

  it('throws at once what the function throws for a known value', () => {
    const error = new Error('refused');
    const refuse = (): never => {
      throw error;
    };
    expect(() => mapValue(2, refuse)).toThrow(error);
  });

  it('maps the value of a promise later, also to a promise', async () => {
    const later = mapValue(Promise.resolve(2), (value) => Promise.resolve(value * 2));
    expect(isPromise(later)).toBe(true);
    expect(await later).toBe(4);
  });

  it('does not map a rejection', async () => {
    let calls = 0;
    const rejected = mapValue(Promise.reject<number>(new Error('failed')), () => (calls += 1));
    await expect(rejected).rejects.toThrow('failed');
    expect(calls).toBe(0);
  });
});

describe('settle', () => {
  it('has the value of the function', async () => {
    expect(settle(() => 2)).toBe(2);
    expect(await settle(() => Promise.resolve(2))).toBe(2);
  });

  it('rejects with the error that the function throws', async () => {
    const error = new Error('refused');
    await expect(
      settle(() => {
        throw error;
      }),
    ).rejects.toBe(error);
  });
});
