import { describe, expect, it } from 'vitest';
import { drawBarChart, formatNumber } from '../../../bench/chart.js';

const bar = (title: string, value: number, isHighlighted = false) => ({ title, value, isHighlighted });
const chart = drawBarChart({
  title: 'Lists & "records"',
  groups: [
    { title: 'requests a second', bars: [bar('ours', 50, true), bar('theirs', 100), bar('not measured', NaN)] },
    { title: 'ms', bars: [bar('ours', 3, true), bar('theirs <x>', 0)] },
  ],
});
const widths = [...chart.matchAll(/<rect class="(\w+)" [^>]*width="(\d+)"/g)].map(([, name, width]) => [
  name,
  Number(width),
]);

describe('A bar chart of the benchmark', () => {
  it('has bars in proportion to the values of their group, and highlights the subgraph', () => {
    expect(widths.map(([name]) => name)).toEqual(['ours', 'bar', 'ours', 'bar']);
    const [ours = 0, theirs = 0, alone = 0, none = 0] = widths.map(([, width]) => Number(width));
    expect(theirs).toBe(2 * ours);
    expect(alone).toBe(theirs);
    expect(none).toBe(1);
  });

  it('leaves out what was not measured, and escapes texts', () => {
    expect(chart).not.toContain('not measured');
    expect(chart).toContain('Lists &amp; &quot;records&quot;');
    expect(chart).toContain('theirs &lt;x>');
  });

  it('has every bar inside the picture, and colours for a light and a dark page', () => {
    const height = Number(/height="(\d+)" viewBox/.exec(chart)?.[1]);
    const bottoms = [...chart.matchAll(/<rect [^>]*y="(\d+)"[^>]*height="(\d+)"/g)].map(
      ([, y, h]) => Number(y) + Number(h),
    );
    expect(bottoms).toHaveLength(4);
    expect(Math.max(...bottoms)).toBeLessThanOrEqual(height);
    expect(chart).toContain('@media (prefers-color-scheme: dark)');
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  });

  it('shows three digits that matter', () => {
    expect([0.053412, 7.1449, 99.96, 1_320.4, -4.22, 0, NaN].map(formatNumber)).toEqual([
      ...['0.0534', '7.14', '100', '1,320', '-4.22', '0', '–'],
    ]);
  });
});
