import { expect, it } from 'vitest';
import { checkDelayMs, quotaWarningPercent } from '../../../src/core/limits.js';

it.each([
  [0, 10_000],
  [1, 60_000],
  [2, 300_000],
  [3, 900_000],
  [4, 3_600_000],
  [5, 3_600_000],
  [500, 3_600_000],
])('After %i checks of a used up day the next one comes after %i ms', (checks, ms) => {
  expect(checkDelayMs(checks)).toBe(ms);
});

it.each([
  [0, 100, 0],
  [79, 100, 0],
  [80, 100, 80],
  [94, 100, 80],
  [95, 100, 95],
  [99, 100, 95],
  [100, 100, 100],
  [101, 100, 100],
  [0, 1, 0],
  [1, 1, 100],
  [2, 3, 0],
  [5, 0, 0],
  [5, undefined, 0],
])('%i calls of a limit of %s have reached %i percent', (used, limit, percent) => {
  expect(quotaWarningPercent(used, limit)).toBe(percent);
});
