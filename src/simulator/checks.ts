import type { Account } from './account.js';
import type { ApiRequest } from './request.js';
import { FAULTS, type RefusingCheck } from './faults.js';
import { MAINTENANCE, REFUSALS, type Refusal } from './response.js';

type Check = (request: ApiRequest, account: Account) => Refusal | undefined;

/** In the order of Wolkvox (assumed). The first check that refuses ends the request. */
const CHECKS: readonly Check[] = [maintenance, token, dailyQuota, concurrency, api, parameters];

export function check(request: ApiRequest, account: Account): Refusal | undefined {
  for (const runCheck of CHECKS) {
    const refusal = runCheck(request, account);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The refusal that the request's fault imitates at this check. */
function imitated(check: RefusingCheck, { fault }: ApiRequest): Refusal | undefined {
  if (fault === null) return undefined;
  const { effect } = FAULTS[fault];
  if (effect.kind !== 'refuse' || effect.check !== check) return undefined;
  return { ...effect.refusal, outcome: `fault: ${fault}` };
}

function maintenance(request: ApiRequest, { settings }: Account): Refusal | undefined {
  return settings.maintenance === 'off' ? imitated('maintenance', request) : MAINTENANCE[settings.maintenance];
}

function token(request: ApiRequest, { settings }: Account): Refusal | undefined {
  if (request.token === '') return REFUSALS.noToken;
  return settings.tokens.includes(request.token) ? imitated('token', request) : REFUSALS.token;
}

/** A request that passes uses one of the day's calls, even if a later check refuses it (assumed). */
function dailyQuota(request: ApiRequest, { settings, quota, requestLog }: Account): Refusal | undefined {
  const isUsedUp = quota.used() >= (settings.dailyLimit ?? Infinity);
  if (isUsedUp) requestLog.refusedQuota += 1;
  const refusal = isUsedUp ? REFUSALS.quota : imitated('quota', request);
  if (refusal !== undefined) return refusal;
  quota.consume(request.token);
  requestLog.add('attempts', request.entry);
  return undefined;
}

/** A request that passes counts as simultaneous until its response has been sent or its connection closes. */
function concurrency(request: ApiRequest, { settings, requestLog, accepted }: Account): Refusal | undefined {
  const isThird = [...accepted].filter(({ token }) => token === request.token).length >= settings.concurrency;
  if (isThird) requestLog.refusedThird += 1;
  const refusal = isThird ? REFUSALS.third : imitated('concurrency', request);
  if (refusal !== undefined) return refusal;
  accepted.add(request);
  request.signal.addEventListener('abort', () => accepted.delete(request));
  return undefined;
}

function api({ entry }: ApiRequest): Refusal | undefined {
  const apis = entry.page === 'campaign' ? ['find_record'] : ['campaigns', 'token_info'];
  return apis.includes(entry.api) ? undefined : REFUSALS.api;
}

function parameters({ entry }: ApiRequest, { requestLog }: Account): Refusal | undefined {
  if (entry.page === 'information') {
    requestLog.add('information', entry);
    return undefined;
  }
  if (Object.values(entry.lookup).every((criterion) => criterion === '')) return REFUSALS.parameters;
  requestLog.add('calls', entry);
  return undefined;
}
