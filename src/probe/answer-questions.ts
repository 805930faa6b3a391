import type { CampaignRecord } from '../core/record.js';
import {
  count,
  needsNothing,
  needsPerson,
  skipped,
  type Finding,
  type ProbeContext,
  type Question,
} from './finding.js';
import { findPerson } from './person.js';

/** Two shapes of rows are documented. */
const DOCUMENTED_COLUMNS = [23, 35];

export const FORM: Question = {
  id: 'form',
  question: 'Which form do the answers have?',
  assumed: 'a code as a text, equal to the HTTP status; rows of 23 or 35 texts. Other forms are read, too',
  where: 'src/wolkvox/answer.ts, src/wolkvox/columns.ts',
  calls: () => 0,
  missing: needsNothing,
  async ask({ calls }) {
    const answers = calls.results().flatMap(({ raw }) => raw ?? []);
    if (answers.length === 0) return skipped('No lookup was answered.');
    const columns = [...new Set(answers.flatMap((answer) => answer.columns))].sort((a, b) => a - b);
    const otherValues = answers.reduce((sum, answer) => sum + answer.otherValues, 0);
    const oddCodes = answers.filter(({ code, codeIsStatus }) => code !== 'a text' || !codeIsStatus).length;
    const known = [
      oddCodes === 0
        ? 'the code is a text, equal to the HTTP status'
        : `${count(oddCodes, 'answer')} with another code`,
      columns.length === 0 ? 'no rows' : `rows of ${columns.join(' and ')} columns`,
      otherValues === 0 ? 'all values are texts or null' : `${count(otherValues, 'value')} of other types`,
    ].join('; ');
    const isAsAssumed =
      oddCodes === 0 && otherValues === 0 && columns.every((many) => DOCUMENTED_COLUMNS.includes(many));
    return { verdict: isAsAssumed ? 'as assumed' : 'different', known };
  },
};

export const DATES: Question = {
  id: 'dates',
  question: 'Can the dates be read, and has a record without calls none?',
  assumed: 'yes: YYYY-MM-DD HH:MM:SS; before the first call the date and the id of the call are blank or zero',
  where: 'src/wolkvox/columns.ts',
  calls: () => 0,
  missing: needsPerson,
  async ask(context) {
    const { records } = await findPerson(context);
    const dialled = records.filter(({ calls }) => calls !== null && calls > 0);
    const undialled = records.filter(({ calls }) => calls === 0);
    if (dialled.length + undialled.length === 0) return skipped("None of the person's records has a number of calls.");
    const unread = dialled.filter(({ date }) => date === null).length;
    const early = undialled.filter(({ date, connId }) => date !== null || connId !== null).length;
    const known =
      `${count(dialled.length, 'record')} with calls, ${unread} of them with an unreadable date; ` +
      `${count(undialled.length, 'record')} without, ${early} of them with a date or an id of a call`;
    return { verdict: unread + early === 0 ? 'as assumed' : 'different', known };
  },
};

export const TIME_ZONE: Question = {
  id: 'time-zone',
  question: "In which zone are Wolkvox's dates?",
  assumed: 'in WOLKVOX_TIME_ZONE',
  where: 'src/wolkvox/columns.ts',
  calls: () => 0,
  missing: needsPerson,
  ask: askTimeZone,
};

async function askTimeZone(context: ProbeContext): Promise<Finding> {
  const { records } = await findPerson(context);
  const offsets = records.flatMap((record) => readOffsets(record) ?? []);
  const real = [...new Set(offsets.map((offset) => offset.real))];
  const [first] = real;
  if (first === undefined) return skipped("None of the person's records names a call with its time.");
  const known = real.map(nameOfOffset).join(' and ');
  if (offsets.every((offset) => offset.real === offset.configured)) {
    return { verdict: 'as assumed', known: `yes: UTC${known}` };
  }
  if (real.length > 1) {
    return { verdict: 'unclear', known: `The dates and the ids of the calls differ by several offsets: ${known}.` };
  }
  const reason = 'The ids of the calls show that the dates have this offset.';
  return {
    verdict: 'different',
    known: `UTC${known}`,
    settings: [{ name: 'WOLKVOX_TIME_ZONE', value: known, reason }],
  };
}

/** Offsets from UTC in minutes. */
interface Offsets {
  /** That of WOLKVOX_TIME_ZONE at the time of the call. */
  readonly configured: number;
  /** That of the date, compared with the time in the id of the call, to a quarter of an hour. */
  readonly real: number;
}

const MINUTE_MS = 60_000;
const QUARTER = 15;

/** The third part of the id of a call is a Unix time in seconds (documented by an example). */
function readOffsets({ date, connId }: CampaignRecord): Offsets | undefined {
  const seconds = /^[^.]*\.[^.]*\.(\d{9,10})(?:\.|$)/.exec(connId ?? '')?.[1];
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec((date ?? '').replace(/Z$/, '+00:00')) ?? [];
  if (seconds === undefined || date === null || sign === undefined) return undefined;
  const configured = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  const differenceMinutes = (Date.parse(date) - Number(seconds) * 1_000) / MINUTE_MS;
  return { configured, real: configured + Math.round(differenceMinutes / QUARTER) * QUARTER };
}

/** "-05:00" */
function nameOfOffset(minutes: number): string {
  const parts = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${parts.map((part) => String(part).padStart(2, '0')).join(':')}`;
}
