import { text } from 'node:stream/consumers';
import { WrongValue, isText, isWhole, objectOf, oneOf, recordOf } from './values.js';
import { LONG_COLUMNS } from './columns.js';
import { FAULTS } from './faults.js';
import type { Incoming } from './response.js';
import type { Account } from './account.js';
import type { WireRecord } from './columns.js';
import { changedSettings, isFaultChances, isFaultName, type SimulatorSettings } from './settings.js';
import type { DialMatch, DialedCall } from './store.js';

/** The control routes are for tests in another process. They cost no call and are not in the request log. */
export const CONTROL_PATH = '/_simulator/';

const CRITERIA = ['campaignId', 'phone', 'customerId'] as const;
const isWhen = recordOf([...CRITERIA, 'api'], isText);
const isNext = objectOf({ next: isFaultName }, { times: isWhole, when: isWhen });
const isAlways = objectOf({ always: isFaultName }, { when: isWhen });
const isRandom = objectOf({ random: isFaultChances }, { seed: isWhole });
const isClear = objectOf({ clear: oneOf([true]) }, {});
const isDialRequest = objectOf({ match: recordOf(CRITERIA, isText) }, { call: recordOf(['result', 'date'], isText) });
const isRecord = recordOf(LONG_COLUMNS, isText);

/** What the control routes use of a simulator. */
export interface Controls extends Pick<Account, 'requestLog' | 'faults'> {
  readonly settings: SimulatorSettings;
  readonly usedToday: () => number;
  dial(match: DialMatch, call: DialedCall): WireRecord[];
  add(record: Partial<WireRecord>): WireRecord;
  reset(): void;
}

const ROUTES: Readonly<Record<string, (simulator: Controls, body: unknown, url: URL) => unknown>> = {
  'GET request-log': ({ requestLog, usedToday }, _, url) => {
    const { counts, mostAtOnce, inFlight, refusedThird, refusedQuota } = requestLog;
    const { calls, information, attempts, requests } = requestLog;
    const summary = { counts, mostAtOnce, inFlight, refusedThird, refusedQuota, usedToday: usedToday() };
    return url.searchParams.has('summary') ? summary : { ...summary, calls, information, attempts, requests };
  },
  'POST reset-request-log': ({ requestLog }) => requestLog.reset(),
  'GET settings': ({ settings }) => settings,
  'POST settings': ({ settings }, body) => Object.assign(settings, changedSettings(settings, body)),
  'GET faults': () => Object.fromEntries(Object.entries(FAULTS).map(([name, { description }]) => [name, description])),
  'POST faults': ({ faults }, body) => {
    if (isNext(body)) faults.next(body.next, body);
    else if (isAlways(body)) faults.always(body.always, body);
    else if (isRandom(body)) faults.random(body.random, body.seed);
    else if (isClear(body)) faults.clear();
    else throw new WrongValue('Expected an object with next, always, random or clear, as docs/simulator.md has it.');
  },
  'POST dial': (simulator, body) => {
    if (isDialRequest(body) && Object.keys(body.match).length > 0) {
      return { records: simulator.dial(body.match, body.call ?? {}) };
    }
    throw new WrongValue('Expected an object with match, which has a criterion, and call.');
  },
  'POST records': (simulator, body) => {
    if (isRecord(body) && body.campaign_id !== undefined) return { record: simulator.add(body) };
    throw new WrongValue('Expected an object of columns and their texts, with campaign_id.');
  },
  'POST reset': (simulator) => simulator.reset(),
};

/** Answers a control route with JSON: 200, 400 with `{"error"}`, or 404. */
export async function answerControl({ request, response, url }: Incoming, simulator: Controls): Promise<void> {
  const route = ROUTES[`${request.method ?? ''} ${url.pathname.slice(CONTROL_PATH.length)}`];
  const body = await text(request);
  let [status, value]: [number, unknown] = [404, { error: 'There is no such control route.' }];
  try {
    if (route !== undefined) [status, value] = [200, route(simulator, JSON.parse(body || '{}'), url) ?? {}];
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof WrongValue)) throw error;
    [status, value] = [400, { error: error.message }];
  }
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}
