import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { LONG_COLUMNS } from './columns.js';
import { FAULTS, FAULT_NAMES } from './faults.js';
import type { Incoming } from './response.js';
import type { Account } from './account.js';
import type { WireRecord } from './columns.js';
import { changedSettings, type SimulatorSettings } from './settings.js';
import type { DialMatch, DialedCall } from './store.js';

/** The control routes are for tests in another process. They cost no call and are not in the request log. */
export const CONTROL_PATH = '/_simulator/';

const string = z.string().exactOptional();
const criteria = z.strictObject({ campaignId: string, phone: string, customerId: string });
const when = criteria.extend({ api: string }).default({});
const faultName = z.enum(FAULT_NAMES);
const faultChange = z.union([
  z.strictObject({ next: faultName, times: z.int().default(1), when }),
  z.strictObject({ always: faultName, when }),
  z.strictObject({ random: z.unknown(), seed: z.int().exactOptional() }),
  z.strictObject({ clear: z.literal(true) }),
]);
const dialRequest = z.strictObject({
  match: criteria.refine((match) => Object.keys(match).length > 0, 'a criterion is required'),
  call: z.strictObject({ result: string, date: string }).default({}),
});
const columns = z.partialRecord(z.enum(LONG_COLUMNS), z.string());
const newRecord = columns.refine((record) => record.campaign_id !== undefined, 'campaign_id is required');

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
  'POST faults': ({ settings, faults }, body) => {
    const change = faultChange.parse(body);
    if ('next' in change) faults.next(change.next, change);
    else if ('always' in change) faults.always(change.always, change);
    else if ('clear' in change) faults.clear();
    else faults.random(changedSettings(settings, { faultChances: change.random }).faultChances, change.seed);
  },
  'POST dial': (simulator, body) => {
    const { match, call } = dialRequest.parse(body);
    return { records: simulator.dial(match, call) };
  },
  'POST records': (simulator, body) => ({ record: simulator.add(newRecord.parse(body)) }),
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
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    [status, value] = [400, { error: error instanceof z.ZodError ? z.prettifyError(error) : error.message }];
  }
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}
