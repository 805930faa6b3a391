import { quotaWarningPercent } from '../core/limits.js';
import type { ServiceStatus } from '../core/status.js';

/** One sentence about the state. It has no figure that changes each second, because a screen reader reads it aloud. */
export interface Notice {
  readonly severity: 'problem' | 'warning' | 'normal';
  readonly text: string;
}

/** A longer wait is mentioned, in milliseconds. Callers wait for at most 25 s unless configured otherwise. */
const LONG_WAIT_MS = 10_000;

/** What an operator should know, problems first. At least one. */
export function noticesOf(status: ServiceStatus): readonly Notice[] {
  const problems = problemsOf(status).map((text) => ({ severity: 'problem', text }) as const);
  const warnings = warningsOf(status).map((text) => ({ severity: 'warning', text }) as const);
  const notices = [...problems, ...warnings];
  return notices.length > 0 ? notices : [{ severity: 'normal', text: 'The service works normally.' }];
}

function problemsOf({ circuit, dailyQuota: { isExhausted, remaining }, redis }: ServiceStatus): string[] {
  return [
    ...(circuit === 'open' ? ['The circuit is open: Wolkvox failed or refused the token, so no call is sent.'] : []),
    ...(isExhausted ? ["Wolkvox says that today's calls are used up."] : []),
    ...(remaining === 0 && !isExhausted ? ["Today's calls are used up, so no call is sent."] : []),
    ...(redis?.connection === 'down'
      ? ['Redis is unreachable, so no call is sent. Cached answers in memory are served.']
      : []),
  ];
}

function warningsOf({ circuit, queue, dailyQuota: { used, limit, projectedUse, remaining } }: ServiceStatus): string[] {
  const percent = quotaWarningPercent(used, limit);
  const isShort = limit !== undefined && projectedUse !== undefined && projectedUse > limit;
  return [
    ...(circuit === 'half-open' ? ['One call checks whether Wolkvox works again. The others are refused.'] : []),
    ...(queue.pausedForMs > 0 ? ['Wolkvox refused a call, so all calls wait for a while.'] : []),
    ...(queue.oldestWaitMs > LONG_WAIT_MS ? ['A call has waited for more than 10 s.'] : []),
    ...(percent === 80 || percent === 95 ? [`${percent}% of today's calls are used.`] : []),
    ...(isShort && remaining !== 0
      ? ["At the pace of the last hour, today's calls are used up before the day ends."]
      : []),
  ];
}
