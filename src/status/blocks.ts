import type { ErrorCode } from '../core/error-codes.js';
import type { DailyQuotaStatus, QueueStatus, RecentMinute, ServiceStatus } from '../core/status.js';
import { latencyChart } from './chart.js';
import { formatBytes, formatCount, formatMs, formatNumberOf, formatShare } from './format.js';
import { html, type Html } from './html.js';
import { noticesOf } from './notices.js';

/** The parts of the page that change. Each has one element, whose `id` is the name. */
export type Blocks = Readonly<Record<(typeof BLOCK_NAMES)[number], Html>>;

export const BLOCK_NAMES = [
  ...(['state', 'quota', 'slots', 'queue', 'latency', 'clients'] as const),
  ...(['answers', 'errors', 'health'] as const),
];

const SHOWN_CLIENTS = 8;
const SEVERITY_WORDS = { problem: 'Problem: ', warning: 'Warning: ', normal: '' };
const SOURCES = {
  memory: 'Memory',
  shared: 'Cache in Redis',
  flight: 'Call of another lookup',
  wolkvox: 'Call of its own',
  stale: 'Stale answer',
} as const satisfies Record<keyof RecentMinute['answers'], string>;
const CIRCUITS = {
  closed: 'Closed: calls are sent',
  open: 'Open: no call is sent',
  'half-open': 'Half-open: one call checks whether Wolkvox works',
} as const satisfies Record<ServiceStatus['circuit'], string>;

/**
 * The replica that holds each slot, by its name; undefined: the slot is free. Undefined instead of a list: the holders
 * are not known, or no Redis is configured.
 */
export type SlotHolders = readonly (string | undefined)[] | undefined;

/**
 * @param now on the clock of the status, in epoch milliseconds
 */
export function blocksOf(status: ServiceStatus, now: number, holders?: SlotHolders): Blocks {
  return {
    state: stateBlock(status),
    quota: quotaBlock(status.dailyQuota, now),
    slots: slotsBlock(status, holders),
    queue: queueBlock(status.queue),
    latency: latencyChart(status.recent),
    health: healthBlock(status),
    answers: answersBlock(status.recent),
    errors: errorsBlock(status.recent),
    clients: clientsBlock(status.clients),
  };
}

function stateBlock(status: ServiceStatus): Html {
  const lines = noticesOf(status).map(
    ({ severity, text }) => html`<li class="${severity}"><b>${SEVERITY_WORDS[severity]}</b>${text}</li>`,
  );
  return html`<ul>
    ${lines}
  </ul>`;
}

function quotaBlock(quota: DailyQuotaStatus, now: number): Html {
  const { limit, used, remaining, projectedUse, usedByOthers, resetsAt } = quota;
  const projection = projectedUse === undefined ? 'not known yet' : formatCount(projectedUse);
  return html`${
    limit === undefined
      ? figure(formatCount(used), 'not limited')
      : figure(formatCount(used), `of ${formatCount(limit)}, ${formatShare(used, limit)}`)
  }${limit === undefined ? '' : quotaBar(used, projectedUse, limit)}
  ${list([
    ...(remaining === undefined ? [] : [['Left today', formatCount(remaining)] as const]),
    ['Expected by the end of the day', projection],
    ['Used by other programs', usedByOthers === undefined ? 'not known' : formatCount(usedByOthers)],
    ['Next day begins in', formatMs(resetsAt - now)],
  ])}`;
}

function quotaBar(used: number, projectedUse: number | undefined, limit: number): Html {
  return html`<svg class="bar large" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    <rect class="expected" width="${percent(projectedUse ?? 0, limit)}" height="1" />
    <rect class="${used < 0.8 * limit ? 'value' : 'value high'}" width="${percent(used, limit)}" height="1" />
  </svg>`;
}

function slotsBlock({ queue: { running, concurrency }, redis }: ServiceStatus, holders: SlotHolders): Html {
  const own = redis?.slotsHeld ?? running;
  const isUsed = Array.from({ length: concurrency }, (_, slot) =>
    holders === undefined ? slot < own : holders[slot] !== undefined,
  );
  const squares = isUsed.map((used) => html`<span class="${used ? 'used' : 'free'}"></span>`);
  const byWhom = redis !== undefined && holders === undefined ? ' by this replica' : '';
  return html`${figure(formatCount(isUsed.filter(Boolean).length), `of ${concurrency} in use${byWhom}`)}
    <p class="squares" aria-hidden="true">${squares}</p>
    ${
      redis === undefined
        ? html`<p class="note">One process has both slots: no Redis is configured.</p>`
        : list([
            ...isUsed.map((_, slot) => [`Slot ${slot + 1}`, holderOf(slot, holders)] as const),
            ['Waiting here for a slot', formatCount(redis.slotsWaiting)],
          ])
    }`;
}

function holderOf(slot: number, holders: SlotHolders): string {
  return holders === undefined ? 'not known' : (holders[slot] ?? 'free');
}

function queueBlock({ waiting, waitingByPriority: { next, later, background }, oldestWaitMs }: QueueStatus): Html {
  return html`${figure(
    formatCount(waiting),
    waiting === 0 ? 'no call waits' : `${waiting === 1 ? 'waits' : 'wait'}, the oldest for ${formatMs(oldestWaitMs)}`,
  )}
  ${bars([
    ['Next call of each operation', next],
    ['Their later calls', later],
    ['For the cache only', background],
  ])}`;
}

function healthBlock({ circuit, queue, redis, cache }: ServiceStatus): Html {
  return list([
    ['Circuit', CIRCUITS[circuit]],
    ['Pause of all calls', queue.pausedForMs === 0 ? 'none' : `${formatMs(queue.pausedForMs)} more`],
    ['Redis', redis === undefined ? 'not configured' : { up: 'connected', down: 'unreachable' }[redis.connection]],
    ['Memory cache', `${formatNumberOf(cache.entries, 'answer')}, ${formatBytes(cache.bytes)}`],
  ]);
}

function answersBlock(minutes: readonly RecentMinute[]): Html {
  const sources = Object.keys(SOURCES) as (keyof typeof SOURCES)[];
  const counts = sources.map((source) => [SOURCES[source], sumOf(minutes, (one) => one.answers[source])] as const);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const ofCalls = sumOf(minutes, ({ answers }) => answers.wolkvox);
  return html`${
    total === 0 ? figure('0', 'no lookups') : figure(formatShare(total - ofCalls, total), 'without a call of their own')
  }${bars(counts)}`;
}

function errorsBlock(minutes: readonly RecentMinute[]): Html {
  const counts = new Map<string, number>();
  for (const { errors } of minutes) {
    for (const [code, count] of Object.entries(errors) as [ErrorCode, number][]) {
      counts.set(code, (counts.get(code) ?? 0) + count);
    }
  }
  const rows = [...counts].sort(([, one], [, other]) => other - one);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  return html`${figure(formatCount(total), total === 0 ? 'no errors' : 'in responses')}${bars(rows)}`;
}

function clientsBlock(clients: ServiceStatus['clients']): Html {
  if (clients.length === 0) return html`<p class="note">No client has caused a call yet.</p>`;
  const rows = clients.slice(0, SHOWN_CLIENTS).map(
    ({ name, calls, refusals }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${formatCount(calls)}</td>
        <td>${formatCount(refusals)}</td>
      </tr>`,
  );
  const others = clients.length - rows.length;
  return html`<table>
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">Calls</th>
          <th scope="col">Refused</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${others > 0 ? html`<p class="note">${formatNumberOf(others, 'further client')} with fewer calls.</p>` : ''}`;
}

function figure(value: string, caption: string): Html {
  return html`<p class="figure"><strong>${value}</strong> <span>${caption}</span></p>`;
}

function list(rows: readonly (readonly [name: string, value: string])[]): Html {
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A row for each count, with a bar in proportion to the sum. */
function bars(counts: readonly (readonly [name: string, count: number])[]): Html {
  if (counts.length === 0) return html``;
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const rows = counts.map(
    ([name, count]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${formatCount(count)}</dd>
        <dd class="share" aria-hidden="true">
          <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none">
            <rect class="value" width="${percent(count, total)}" height="1" />
          </svg>
        </dd>
      </div>`,
  );
  return html`<dl class="bars">${rows}</dl>`;
}

/** A part of 100, with one decimal. */
function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.round((1_000 * part) / whole) / 10);
}

function sumOf(minutes: readonly RecentMinute[], count: (minute: RecentMinute) => number): number {
  return minutes.reduce((sum, minute) => sum + count(minute), 0);
}
