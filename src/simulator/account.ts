import type { ApiRequest, Responder } from './request.js';
import { instantOf, wireDate } from './columns.js';
import { createFaultSchedule } from './fault-schedule.js';
import { CAMPAIGNS, LARGE_CAMPAIGN } from './people.js';
import { createRandom } from './random.js';
import { RequestLog } from './request-log.js';
import type { Row } from './response.js';
import type { SimulatorSettings } from './settings.js';
import { createStore } from './store.js';

export type Account = ReturnType<typeof createAccount>;

/** The state of the simulated account. `now` is in epoch milliseconds. */
export function createAccount(settings: SimulatorSettings, seed: number, now: () => number) {
  return {
    settings,
    store: createStore(seed),
    quota: createLocalQuota(now),
    requestLog: new RequestLog(),
    /** Accepted requests in flight. */
    accepted: new Set<ApiRequest>(),
    faults: createFaultSchedule(settings, seed),
    /** For the latency. */
    random: createRandom(seed, 22),
    responder: null as Responder | null,
  };
}

/** The calls that the account's tokens used today. The day begins at midnight GMT-5 (assumed). */
function createLocalQuota(now: () => number) {
  let day = '';
  const byToken = new Map<string, number>();
  function today(): Map<string, number> {
    const date = wireDate(now()).slice(0, 10);
    if (date !== day) byToken.clear();
    day = date;
    return byToken;
  }
  return {
    used: () => [...today().values()].reduce((sum, count) => sum + count, 0),
    usedBy: (token: string) => today().get(token) ?? 0,
    consume: (token: string) => void byToken.set(token, (today().get(token) ?? 0) + 1),
    reset: () => byToken.clear(),
  };
}

/** `information.php?api=campaigns`. The keys are documented, not all of the values. */
export function campaignRows({ store }: Pick<Account, 'store'>): Row[] {
  const lastUseMs = instantOf('2026-11-20 18:00:00');
  return [...CAMPAIGNS, LARGE_CAMPAIGN].map(({ id, name }, index) => ({
    ...{ campaign_id: id, campaign_name: name, campaign_description: `${name} (datos inventados)` },
    ...{ type_campaign: index < 2 ? 'preview' : 'predictive', status: index % 4 === 0 ? 'Stopped' : 'Started' },
    records: `${store.count(id)}`,
    ...{ speed: '1', dial_mode: 'auto', last_use: wireDate(lastUseMs - index * 3_600_000) },
    ...{ recycled: '0', turbo_dial: '0', skill_id: `${3_100 + index}` },
  }));
}

/** `information.php?api=token_info`. An account without a limit shows the limit of ten licences. */
export function tokenRow({ quota, settings }: Pick<Account, 'quota' | 'settings'>, token: string): Row {
  const limit = settings.dailyLimit ?? 10_000;
  const [used, left] = [quota.used(), Math.max(0, limit - quota.used())];
  const figures = { limit: `${limit}`, ofToken: `${quota.usedBy(token)}`, used: `${used}`, left: `${left}` };
  const blank = { limit: '', ofToken: '', used: '', left: '' };
  const odd = { limit: 'unlimited', ofToken: '-1', used: '1.5e3', left: 'n/a' };
  const values = { figures, blank, odd }[settings.tokenInfo];
  return {
    description: 'simulator',
    token_limit: values.limit,
    token_use_today: values.ofToken,
    all_token_today: values.used,
    available_consumption_options: values.left,
  };
}
