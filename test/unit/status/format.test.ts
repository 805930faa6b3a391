import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatMs, formatNumberOf, formatShare } from '../../../src/status/format.js';

describe('formatMs', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [419.6, '420 ms'],
    [1_000, '1 s'],
    [1_940, '1.9 s'],
    [9_960, '10 s'],
    [42_400, '42 s'],
    [59_700, '59 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [3_599_999, '59 min 59 s'],
    [3_600_000, '1 h'],
    [18_750_000, '5 h 12 min'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });
});

describe('formatShare', () => {
  it.each([
    [0, 10, '0%'],
    [1, 0, '0%'],
    [1, 1_000, 'under 1%'],
    [1, 3, '33%'],
    [999, 1_000, 'over 99%'],
    [10, 10, '100%'],
    [25, 10, '250%'],
  ])('shows %d of %d as %s', (part, whole, text) => {
    expect(formatShare(part, whole)).toBe(text);
  });
});

describe('counts', () => {
  it('have commas, and a noun in the right number', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(formatNumberOf(1, 'call')).toBe('1 call');
    expect(formatNumberOf(0, 'call')).toBe('0 calls');
  });

  it('of bytes have the larger unit from a megabyte', () => {
    expect(formatBytes(900_400)).toBe('900 kB');
    expect(formatBytes(1_930_000)).toBe('1.9 MB');
  });
});
