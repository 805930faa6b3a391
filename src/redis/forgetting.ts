import { concerns, type Person } from '../records/person.js';
import type { Answer } from '../records/source.js';
import type { Link } from './connection.js';
import type { Sealing } from './sealing.js';

export interface Forgetting {
  /**
   * Erases every answer about a person, and tells every replica to; this one too.
   *
   * @returns how many answers Redis had
   * @throws where Redis is away
   */
  forget(person: Person): Promise<number>;
  /** Called in every replica, this one too, on `forget`. */
  onForget(listener: (person: Person) => void): void;
}

const PAGE = 500;

/**
 * Names of answers tell nothing of a person, and a person may stand in answers to questions that name nobody; so every answer of the
 * account is opened and looked through. An empty answer to a question by the person's own phone or id holds nothing personal: its name
 * is a hash, and it expires.
 *
 * @param name names the account's answers in Redis
 */
export function createForgetting(options: { link: Link; sealing: Sealing; name: string }): Forgetting {
  const { link, sealing, name } = options;
  const channel = `${name}:forget`;
  const listeners: ((person: Person) => void)[] = [];

  link.listen(channel, (message) => {
    void sealing.open(channel, Buffer.from(message, 'base64')).then((text) => {
      if (text === undefined) return;
      // What this secret has sealed, this service has written.
      for (const listener of listeners) listener(JSON.parse(text) as Person);
    });
  });

  return {
    async forget(person) {
      const sealed = (await sealing.seal(channel, JSON.stringify(person))).toString('base64');
      // First the replicas: what is under way there must not be stored after the search has passed.
      await link.send('PUBLISH', channel, sealed);
      let erased = 0;
      let cursor = '0';
      do {
        const page = await link.send('SCAN', cursor, 'MATCH', `${name}:answer:*`, 'COUNT', PAGE);
        if (!Array.isArray(page)) throw new TypeError('Expected a list from SCAN; it was none.');
        cursor = String(page[0]);
        for (const key of Array.isArray(page[1]) ? page[1].map(String) : []) {
          if (await isAbout(person, key)) erased += Number(await link.send('UNLINK', key));
        }
      } while (cursor !== '0');
      // Once more: what was not erased yet may have come back into a memory meanwhile.
      await link.send('PUBLISH', channel, sealed);
      return erased;
    },
    onForget(listener) {
      listeners.push(listener);
    },
  };

  async function isAbout(person: Person, key: string): Promise<boolean> {
    const text = await openAnswer(sealing, key, await link.sendBinary('GET', key));
    if (text === undefined) return false;
    const { records } = JSON.parse(text) as Pick<Answer, 'records'>;
    return concerns(person, {}, records);
  }
}

/** The sealed part of an answer as Redis keeps it: behind the instant of the answer, in plain text, and a space. */
export async function openAnswer(sealing: Sealing, key: string, value: unknown): Promise<string | undefined> {
  if (!Buffer.isBuffer(value) || value.length === 0) return undefined;
  return sealing.open(key, value.subarray(value.indexOf(' ') + 1));
}
