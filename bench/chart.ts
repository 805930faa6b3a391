/** Bar charts as SVG, readable on a light and on a dark page. */

export interface Chart {
  readonly title: string;
  /** Each has a scale of its own. */
  readonly groups: readonly ChartGroup[];
}

export interface ChartGroup {
  readonly title: string;
  readonly bars: readonly ChartBar[];
}

export interface ChartBar {
  readonly title: string;
  readonly value: number;
  readonly isHighlighted: boolean;
}

const WIDTH = 760;
const LABEL_WIDTH = 220;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 26;
const TITLE_HEIGHT = 36;
const GROUP_TITLE_HEIGHT = 24;
const GROUP_GAP = 10;
/** GitHub's colours for text and lines, in both of its themes. */
const STYLE = `text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px } .quiet { fill: #59636e } .bar { fill: #8c959f } .ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 } .bar { fill: #6e7681 } .ours { fill: #4493f8 }
}`;

/** Values that are not numbers are left out. */
export function drawBarChart({ title, groups }: Chart): string {
  const lines: string[] = [text(0, 20, title, 'title')];
  let y = TITLE_HEIGHT;
  for (const group of groups) {
    lines.push(text(0, y + 14, group.title, 'quiet'));
    y += GROUP_TITLE_HEIGHT;
    const bars = group.bars.filter(({ value }) => Number.isFinite(value));
    const greatest = Math.max(...bars.map(({ value }) => value));
    for (const bar of bars) {
      lines.push(...drawBar(bar, y, greatest));
      y += ROW_HEIGHT;
    }
    y += GROUP_GAP;
  }
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}</style>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

function drawBar({ title, value, isHighlighted }: ChartBar, y: number, greatest: number): string[] {
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  // Growth may be negative, and a bar of no width would look like a missing value.
  const width = Math.max(1, Math.round((room * Math.max(0, value)) / Math.max(greatest, Number.MIN_VALUE)));
  const name = isHighlighted ? 'ours' : 'bar';
  return [
    text(0, y + 14, title),
    `<rect class="${name}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
    text(LABEL_WIDTH + width + 8, y + 14, formatNumber(value)),
  ];
}

function text(x: number, y: number, content: string, name?: string): string {
  const attribute = name === undefined ? '' : ` class="${name}"`;
  return `<text${attribute} x="${x}" y="${y}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Three digits that matter, with separators: 0.0534, 7.14, 1,320. NaN is a dash. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
