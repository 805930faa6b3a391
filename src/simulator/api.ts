import { setTimeout as wait } from 'node:timers/promises';
import { campaignRows, tokenRow, type Account } from './account.js';
import { check } from './checks.js';
import { FAULTS, FAULT_NAMES, type FaultName } from './faults.js';
import type { LoggedRequest } from './request-log.js';
import type { ApiRequest } from './request.js';
import { JSON_TYPE, jsonError, sendEnvelope, sendPlain } from './response.js';
import type { Envelope, Incoming, Row } from './response.js';
import { readLatency, type SimulatorSettings } from './settings.js';

/** Answers a request to a page of the API. Rejects if the caller hangs up. */
export async function answerApi(page: string, incoming: Incoming, account: Account): Promise<void> {
  const faultHeader = headerOf(incoming, 'x-simulator-fault');
  const ownFault = FAULT_NAMES.find((name) => name === faultHeader);
  if (faultHeader !== '' && ownFault === undefined) {
    return sendPlain(incoming, jsonError(400, 'SIMULATOR', 'NO SUCH FAULT'));
  }
  const request = beginRequest(page, ownFault, incoming, account);
  const { entry, fault, latency, response, signal } = request;
  if (fault === 'reset') {
    entry.outcome = 'fault: reset';
    response.socket?.resetAndDestroy();
    return;
  }
  const refusal = check(request, account);
  if (refusal !== undefined) {
    entry.outcome = refusal.outcome;
    return sendPlain(request, refusal);
  }
  const slowMs = fault === 'slow' ? account.settings.slowMs : 0;
  const waitMs = latency.minMs + account.random(latency.maxMs - latency.minMs + 1) + slowMs;
  if (waitMs > 0) await wait(waitMs, undefined, { signal });
  await respond(request, account);
}

/** Reads and logs a request. It stays in flight until its response has been sent or its connection closes. */
function beginRequest(page: string, ownFault: FaultName | undefined, incoming: Incoming, account: Account): ApiRequest {
  const { request, response, url } = incoming;
  const { settings, faults, requestLog } = account;
  // As in PHP, the last of several equal parameters counts.
  const parameter = (name: string): string => url.searchParams.getAll(name).at(-1) ?? '';
  const [campaignId, phone] = [parameter('campaign_id'), parameter('customer_phone')];
  const lookup = { campaignId, phone, customerId: parameter('customer_id') };
  const [api, token] = [parameter('api'), headerOf(incoming, 'wolkvox-token')];
  const entry = requestLog.begin({ page, method: request.method ?? '', api, lookup }, token);
  const ended = new AbortController();
  response.once('close', () => {
    requestLog.end(entry, token, response.writableFinished);
    ended.abort();
  });
  const gzip = settings.gzip && /\bgzip\b/.test(headerOf(incoming, 'accept-encoding'));
  const fault = ownFault ?? faults.choose({ api, ...lookup });
  const latency = readLatency(headerOf(incoming, 'x-simulator-latency')) ?? settings.latency;
  return { response, entry, token, signal: ended.signal, gzip, fault, latency };
}

async function respond(request: ApiRequest, account: Account): Promise<void> {
  const { entry, fault } = request;
  const effect = fault === null ? undefined : FAULTS[fault].effect;
  const custom = effect === undefined || effect.kind === 'delay' ? await account.responder?.(entry) : undefined;
  if (custom !== undefined) {
    entry.outcome = 'custom response';
    return sendPlain(request, { status: 200, ...custom, headers: { ...JSON_TYPE, ...custom.headers } });
  }
  const envelope = entry.api === 'find_record' ? search(entry, account) : information(request, account);
  if (fault !== null) entry.outcome = `fault: ${fault}`;
  return effect?.kind === 'send' ? effect.send(request, envelope, account.settings) : sendEnvelope(request, envelope);
}

const ZERO_DATE = { date: '0000-00-00 00:00:00', conn_id: '0' };

function search(entry: LoggedRequest, { settings, store }: Account): Envelope {
  const records = store.find(entry.lookup, settings).slice(0, settings.maxRecords);
  entry.outcome = records.length === 0 ? 'no match' : 'match';
  if (records.length === 0) return noMatch(settings.noMatch);
  if (settings.undialled === 'empty') return found(records);
  return found(records.map((record) => (record.calls === '0' ? { ...record, ...ZERO_DATE } : record)));
}

function information({ entry, token }: ApiRequest, account: Account): Envelope {
  entry.outcome = 'information';
  return found(entry.api === 'campaigns' ? campaignRows(account) : [tokenRow(account, token)]);
}

function found(rows: readonly Row[]): Envelope {
  return { status: 200, code: '200', error: null, msg: `${rows.length} records were found`, data: rows };
}

function noMatch(setting: SimulatorSettings['noMatch']): Envelope {
  const data = setting.endsWith('no-data') ? undefined : setting.endsWith('null') ? null : [];
  if (!setting.startsWith('404')) return { ...found([]), data };
  return { ...found([]), status: 404, code: '404', error: 'NOT FOUND', data };
}

function headerOf({ request }: Incoming, name: string): string {
  return String(request.headers[name] ?? '').trim();
}
