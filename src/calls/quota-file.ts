import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';

/** The count of calls by day. */
export interface QuotaCount {
  /** The count as it was last read. */
  usedOn(day: string): number;
  /** Resolves to the count of all processes. */
  read(day: string): Promise<number>;
  /** Adds one call; resolves to the new count once it is stored. */
  add(day: string): Promise<number>;
  /** Takes one call back; resolves to the new count once it is stored. */
  remove(day: string): Promise<number>;
  /** Raises the count to `used` if it is lower; resolves to the new count once it is stored. */
  raise(day: string, used: number): Promise<number>;
}

export interface QuotaFileOptions {
  readonly stateDir: string | undefined;
  readonly account: string;
  readonly zone: string;
  readonly clock: { wallMs(): number };
}

const KEEP_DAYS = 7;

/**
 * One file a day. Each call appends `+`, each call that is taken back appends `-`, and `<120>` raises the count to at
 * least 120. Each append waits until the disk has it. It is whole or absent, so several processes can share the file,
 * and each reads what the others wrote, in the same order.
 *
 * @throws an error with a system error code if the folder cannot be written
 */
export async function createQuotaFile(options: QuotaFileOptions): Promise<QuotaCount> {
  const folder = options.stateDir ?? '.';
  const prefix = `calls-${createHash('sha256').update(options.account).digest('hex').slice(0, 12)}-`;
  const counts = new Map<string, { used: number; readBytes: number }>();
  let lastAppend: Promise<unknown> = Promise.resolve();

  const today = DateTime.fromMillis(options.clock.wallMs(), { zone: options.zone });
  await mkdir(folder, { recursive: true });
  await removeOldFiles(today.minus({ days: KEEP_DAYS }).toFormat('yyyy-MM-dd'));
  await append(today.toFormat('yyyy-MM-dd'), '');

  return {
    usedOn: (day) => counts.get(day)?.used ?? 0,
    read: (day) => appendInOrder(day, ''),
    add: (day) => appendInOrder(day, '+'),
    remove: (day) => appendInOrder(day, '-'),
    raise: (day, used) => appendInOrder(day, `<${used}>`),
  };

  /** One append at a time, so that `readBytes` is right. */
  function appendInOrder(day: string, text: string): Promise<number> {
    const done = lastAppend.then(() => append(day, text));
    lastAppend = done.catch(() => undefined);
    return done;
  }

  async function append(day: string, text: string): Promise<number> {
    const file = await open(path.join(folder, prefix + day), 'a+', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
      if (!counts.has(day)) await syncFolder();
      const count = counts.get(day) ?? { used: 0, readBytes: 0 };
      const { size } = await file.stat();
      const added = Buffer.alloc(Math.max(0, size - count.readBytes));
      await file.read(added, 0, added.length, count.readBytes);
      count.used = countOn(count.used, added.toString('latin1'));
      count.readBytes = size;
      counts.set(day, count);
      return count.used;
    } finally {
      await file.close();
    }
  }

  /** Makes sure that the name of a new file survives a crash, too. */
  async function syncFolder(): Promise<void> {
    const handle = await open(folder);
    await handle.sync();
    await handle.close();
  }

  async function removeOldFiles(firstDay: string): Promise<void> {
    for (const name of await readdir(folder)) {
      if (name.startsWith(prefix) && name < prefix + firstDay) await rm(path.join(folder, name), { force: true });
    }
  }
}

/** The count after these marks. Any other character than those of the description counts one call. */
function countOn(used: number, marks: string): number {
  let count = used;
  for (const [mark, level] of marks.matchAll(/<(\d+)>|[^]/g)) {
    if (level !== undefined) count = Math.max(count, Number(level));
    else count += mark === '-' ? -1 : 1;
  }
  return count;
}
