import { CALL_DURATION_BOUNDS_MS, type RecentMinute } from '../core/status.js';
import { formatMs, formatNumberOf } from './format.js';
import { html, type Html } from './html.js';

const MINUTES = 60;
/** Units of the drawing for a minute, and its height. The page stretches it. */
const STEP = 10;
const HEIGHT = 120;
/** A minute with failed calls has a mark of this height at its foot. */
const MARK_HEIGHT = 5;
/** The top of the axis, in milliseconds: the lowest one that shows the slowest call. */
const TOPS_MS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];

/** The duration of the calls of the last hour: a bar for the mean of each minute, and a paler one up to the slowest. */
export function latencyChart(minutes: readonly RecentMinute[]): Html {
  const summary = summaryOf(minutes);
  const slowestMs = Math.max(0, ...minutes.map(({ calls }) => calls.slowestMs));
  const topMs = TOPS_MS.find((top) => top >= slowestMs) ?? slowestMs;
  const bars = minutes.map(({ calls }, index) => {
    const x = (MINUTES - minutes.length + index) * STEP;
    return [
      bar('slowest', x, (HEIGHT * calls.slowestMs) / topMs),
      bar('mean', x, (HEIGHT * calls.meanMs) / topMs),
      bar('failed', x, calls.failed > 0 ? MARK_HEIGHT : 0),
    ];
  });
  return html`<div class="chart">
      <p class="axis" aria-hidden="true"><span>${formatMs(topMs)}</span><span>0</span></p>
      <svg role="img" aria-label="${summary}" viewBox="0 0 ${MINUTES * STEP} ${HEIGHT}" preserveAspectRatio="none">
        <path class="grid" d="M0 .5H600M0 60H600M0 119.5H600" />
        ${bars.flat(2)}
      </svg>
      <p class="axis-x" aria-hidden="true"><span>60 min ago</span><span>now</span></p>
    </div>
    <p class="key" aria-hidden="true">
      <span class="mean">mean</span><span class="slowest">slowest</span
      ><span class="failed">minute with failed calls</span>
    </p>
    <p class="note">${summary}</p>`;
}

function bar(kind: 'slowest' | 'mean' | 'failed', x: number, height: number): Html[] {
  if (height <= 0) return [];
  const shown = Math.max(1, Math.round(height));
  return [html`<rect class="${kind}" x="${x + 1}" y="${HEIGHT - shown}" width="${STEP - 2}" height="${shown}" />`];
}

function summaryOf(minutes: readonly RecentMinute[]): string {
  const failed = minutes.reduce((sum, { calls }) => sum + calls.failed, 0);
  const ended = minutes.reduce((sum, { calls }) => sum + calls.answered, failed);
  if (ended === 0) return 'No call ended in the last hour.';
  const slowestMs = Math.max(...minutes.map(({ calls }) => calls.slowestMs));
  return (
    `${formatNumberOf(ended, 'call')} in the last hour, ${failed === 0 ? 'none' : failed} of them failed. ` +
    `Half took ${boundOf(minutes, ended / 2)}, 95% ${boundOf(minutes, 0.95 * ended)}, ` +
    `the slowest one ${formatMs(slowestMs)}.`
  );
}

/** The bound that this many calls did not exceed. */
function boundOf(minutes: readonly RecentMinute[], count: number): string {
  let counted = 0;
  for (const [index, boundMs] of CALL_DURATION_BOUNDS_MS.entries()) {
    for (const { calls } of minutes) counted += calls.byDuration[index] ?? 0;
    if (counted >= count && Number.isFinite(boundMs)) return `at most ${formatMs(boundMs)}`;
  }
  return 'more than a minute';
}
