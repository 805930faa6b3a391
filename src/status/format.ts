const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** `1,234` */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `1,234 calls`, `1 call` */
export function formatNumberOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `420 ms`, `1.9 s`, `2 s`, `42 s`, `3 min 5 s`, `5 h 12 min`, by its length. Negative durations are 0. */
export function formatMs(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${Math.round(ms / 100) / 10} s`;
  if (ms < MINUTE_MS) return `${Math.max(10, Math.floor(ms / SECOND_MS))} s`;
  const [unitMs, unit, partMs, part] =
    ms < HOUR_MS ? ([MINUTE_MS, 'min', SECOND_MS, 's'] as const) : ([HOUR_MS, 'h', MINUTE_MS, 'min'] as const);
  const parts = Math.floor(ms / partMs);
  const rest = parts % 60;
  return `${Math.floor((parts * partMs) / unitMs)} ${unit}${rest === 0 ? '' : ` ${rest} ${part}`}`;
}

/** `37%`. Only 0 is `0%`, and only all is `100%`. */
export function formatShare(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0%';
  const percent = (100 * part) / whole;
  if (percent < 1) return 'under 1%';
  if (percent < 100 && percent > 99) return 'over 99%';
  return `${formatCount(percent)}%`;
}

/** `900 kB`, `1.2 MB` */
export function formatBytes(bytes: number): string {
  return bytes < 1_000_000 ? `${formatCount(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
