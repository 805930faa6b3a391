import { describe, expect, it } from 'vitest';
import {
  changedSettings,
  defaultSettings,
  readLatency,
  type SimulatorSettings,
} from '../../../src/simulator/settings.js';
import { WrongValue } from '../../../src/simulator/values.js';

describe('A change of the settings', () => {
  it.each<[keyof SimulatorSettings, readonly unknown[], readonly unknown[]]>([
    ['tokens', [[], ['a', 'b']], ['a', [1], null]],
    [
      'latency',
      [{ minMs: 1, maxMs: 1 }],
      [{ minMs: 2, maxMs: 1 }, { minMs: 1 }, { minMs: 1, maxMs: 2, unit: 's' }, []],
    ],
    ['concurrency', [0, 3], [-1, 0.5, '2', null]],
    ['dailyLimit', [null, 20_000], [-1, '20', undefined]],
    ['tokenInfo', ['blank'], ['none', null]],
    ['gzip', [false], ['false', 0]],
    ['fault', [null, '503'], ['', 'none']],
    ['faultChances', [{}, { '503': 0, cut: 1 }], [{ '503': 1.1 }, { '503': '1' }, { none: 0 }, [], null]],
  ])('sets %s to a right value, and refuses a wrong one', (name, rightValues, wrongValues) => {
    for (const value of rightValues) {
      expect(changedSettings(defaultSettings(), { [name]: value })).toEqual({ ...defaultSettings(), [name]: value });
    }
    for (const value of wrongValues) {
      expect(() => changedSettings(defaultSettings(), { [name]: value })).toThrow(`Wrong settings: ${name}.`);
    }
  });

  it('names every wrong setting and every unknown one', () => {
    const changes: unknown = JSON.parse('{"gzip": true, "slowMs": -1, "colour": 1, "__proto__": {}}');
    expect(() => changedSettings(defaultSettings(), changes)).toThrow('Wrong settings: slowMs, colour, __proto__.');
  });

  it.each([null, [], 'gzip', 1])('is refused if it is no object: %j', (changes) => {
    expect(() => changedSettings(defaultSettings(), changes)).toThrow(WrongValue);
  });
});

describe('A text of a latency', () => {
  it.each([
    ['50', { minMs: 50, maxMs: 50 }],
    ['50-200', { minMs: 50, maxMs: 200 }],
    ['200-50', undefined],
    ['50ms', undefined],
    ['', undefined],
  ])('%s', (text, latency) => {
    expect(readLatency(text)).toEqual(latency);
  });
});
