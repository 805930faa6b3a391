import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DialMatch, DialedCall } from './book.js';
import { LONG_COLUMNS } from './columns.js';
import type { NewRecord, WireRecord } from './columns.js';
import { FAULTS, isFaultName } from './faults.js';
import type { FaultMatch, FaultSchedule } from './faults.js';
import { isObject, readSettings } from './settings.js';
import type { SimulatorSettings } from './settings.js';
import type { Witness } from './witness.js';

/** What the control routes of a simulator in another process reach. */
export interface Controlled {
  readonly settings: SimulatorSettings;
  readonly witness: Witness;
  readonly faults: FaultSchedule;
  readonly spentToday: number;
  dial(match: DialMatch, call?: DialedCall): WireRecord[];
  add(record: NewRecord): WireRecord;
  reset(): void;
}

/** Where the control routes begin; they cost no call, wait for nothing and are not in the witness. */
export const CONTROL_PATH = '/_simulator/';
const BODY_BYTES = 1_000_000;

/** Answers a control route in JSON: 200, or 400 with `{"complaints": […]}`, or 404. */
export async function answerControl(
  simulator: Controlled,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = `${request.method ?? ''} ${url.pathname.slice(CONTROL_PATH.length)}`;
  const body = request.method === 'POST' ? await readBody(request) : {};
  const { status, value } =
    body === undefined ? bad('expected a JSON body of at most 1 MB') : runRoute(simulator, route, url, body);
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}

interface Result {
  readonly status: number;
  readonly value: unknown;
}

function runRoute(simulator: Controlled, route: string, url: URL, body: unknown): Result {
  switch (route) {
    case 'GET witness':
      return ok(witnessOf(simulator, url.searchParams.has('summary')));
    case 'GET settings':
      return ok(simulator.settings);
    case 'POST settings': {
      const { settings, complaints } = readSettings(body);
      if (complaints.length > 0) return bad(...complaints);
      Object.assign(simulator.settings, settings);
      return ok(simulator.settings);
    }
    case 'GET faults':
      return ok(FAULTS);
    case 'POST faults':
      return scheduleFault(simulator.faults, body);
    case 'POST dial': {
      const { campaignId, phone, customerId, result, date } = isObject(body) ? body : {};
      const match = texts({ campaignId, phone, customerId });
      const call = texts({ result, date });
      if (match === undefined || call === undefined || Object.keys(match).length === 0) {
        return bad('expected texts: campaignId, phone or customerId, and perhaps result and date');
      }
      return ok({ records: simulator.dial(match, call) });
    }
    case 'POST records': {
      const record = isObject(body) ? texts(body) : undefined;
      const known = new Set<string>(LONG_COLUMNS);
      if (!isRecord(record) || Object.keys(record).some((column) => !known.has(column))) {
        return bad('expected campaign_id and other columns of a record, all texts');
      }
      return ok({ record: simulator.add(record) });
    }
    case 'POST reset-witness':
      simulator.witness.reset();
      return ok({});
    case 'POST reset':
      simulator.reset();
      return ok({});
    default:
      return { status: 404, value: { complaints: ['no such control route'] } };
  }
}

function witnessOf(simulator: Controlled, isSummary: boolean): unknown {
  const { calls, attempts, requests, counts, mostAtOnce, inFlight, refusedThird, refusedQuota } = simulator.witness;
  const summary = { counts, mostAtOnce, inFlight, refusedThird, refusedQuota, spentToday: simulator.spentToday };
  return isSummary ? summary : { ...summary, calls, attempts, requests };
}

function scheduleFault(faults: FaultSchedule, body: unknown): Result {
  if (!isObject(body)) return bad('expected a JSON object');
  const when = body['when'] === undefined ? {} : isObject(body['when']) ? texts(body['when']) : undefined;
  if (when === undefined) return bad('when: expected texts: api, campaignId, phone, customerId');
  const name = body['next'] ?? body['always'];
  const times = body['times'] ?? 1;
  if (body['clear'] === true) faults.clear();
  else if (body['random'] !== undefined) {
    const { settings, complaints } = readSettings({ faultChances: body['random'] });
    if (complaints.length > 0) return bad(...complaints);
    faults.random(settings.faultChances ?? {}, typeof body['seed'] === 'number' ? body['seed'] : undefined);
  } else if (!isFaultName(name)) return bad('expected next, always, random or clear, and a fault that exists');
  else if (typeof times !== 'number' || !Number.isInteger(times)) return bad('times: expected a whole number');
  else if (body['next'] === undefined) faults.always(name, { when: when satisfies FaultMatch });
  else faults.next(name, { times, when: when satisfies FaultMatch });
  return ok({});
}

function ok(value: unknown): Result {
  return { status: 200, value };
}

function bad(...complaints: readonly string[]): Result {
  return { status: 400, value: { complaints } };
}

/** The values that are given, where all of them are texts. */
function texts(given: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? Object.fromEntries(entries)
    : undefined;
}

function isRecord(
  given: Record<string, string> | undefined,
): given is Record<string, string> & { readonly campaign_id: string } {
  return given !== undefined && given['campaign_id'] !== undefined;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > BODY_BYTES) return undefined;
    parts.push(part as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}') as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
