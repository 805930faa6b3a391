import type { Row } from './answers.js';
import type { Book } from './book.js';
import { instantOf, wireDate, wireDay } from './columns.js';

/** The account's day and what it has cost. Every token's calls count together. */
export interface Day {
  readonly spent: number;
  spentBy(token: string): number;
  spend(token: string): void;
  reset(): void;
}

/** @param now epoch milliseconds; the day turns at midnight GMT-5 */
export function createDay(now: () => number): Day {
  let name = '';
  let byToken = new Map<string, number>();
  const today = (): Map<string, number> => {
    if (name !== wireDay(now())) {
      name = wireDay(now());
      byToken = new Map();
    }
    return byToken;
  };
  return {
    get spent() {
      return [...today().values()].reduce((sum, count) => sum + count, 0);
    },
    spentBy: (token) => today().get(token) ?? 0,
    spend(token) {
      today().set(token, (today().get(token) ?? 0) + 1);
    },
    reset() {
      byToken = new Map();
    },
  };
}

/** When the busiest campaign was last at work; fixed like all the data. */
const LAST_USE_MS = instantOf('2026-11-20 18:00:00');
const HOUR_MS = 3_600_000;

/** The rows of `information.php?api=campaigns`. Documented are the keys, not all of the values. */
export function campaignRows(book: Book): Row[] {
  return book.campaigns().map(({ campaign, count }, index) => ({
    campaign_id: campaign.id,
    campaign_name: campaign.name,
    campaign_description: campaign.description,
    type_campaign: campaign.type,
    status: campaign.status,
    records: `${count}`,
    speed: campaign.type === 'predictive' ? `${1 + (index % 4)}` : '1',
    dial_mode: campaign.type === 'predictive' ? 'auto' : 'manual',
    last_use: wireDate(LAST_USE_MS - index * HOUR_MS),
    recycled: `${index % 3}`,
    turbo_dial: index % 4 === 0 ? '1' : '0',
    skill_id: `${3_100 + index * 7}`,
  }));
}

/** What an account without a limit is said to have: ten licences' worth. */
const UNLIMITED = 10_000;

/** The one row of `information.php?api=token_info`. */
export function tokenRow(day: Day, token: string, dailyLimit: number | null): Row {
  const limit = dailyLimit ?? UNLIMITED;
  return {
    description: 'simulator',
    token_limit: `${limit}`,
    token_use_today: `${day.spentBy(token)}`,
    all_token_today: `${day.spent}`,
    available_consumption_options: `${Math.max(0, limit - day.spent)}`,
  };
}
