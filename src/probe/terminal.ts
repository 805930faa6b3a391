import { createInterface } from 'node:readline/promises';
import { LookupFailure } from '../core/failure.js';

/** Asks the user. Every question throws a LookupFailure `abandoned` after Ctrl-C, Ctrl-D or the abort of the signal. */
export interface Terminal {
  /** Asks for a person whom the user knows to be in a campaign. Blank texts were not given. */
  askPerson(): Promise<{ readonly customerId: string; readonly phone: string; readonly campaignId: string }>;
  /** Whether the answer is yes. */
  confirm(question: string): Promise<boolean>;
  close(): void;
}

export function openTerminal(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Terminal {
  const lines = createInterface({ input, output });
  const ended = new AbortController();
  const close = (): void => lines.close();
  // On a terminal readline takes Ctrl-C for itself.
  lines.once('SIGINT', close);
  // Without an abort a question never settles after the end of the input.
  lines.once('close', () => ended.abort());
  signal.addEventListener('abort', close, { once: true });

  async function ask(text: string): Promise<string> {
    try {
      return await lines.question(text, { signal: ended.signal });
    } catch {
      throw new LookupFailure('abandoned');
    }
  }

  return {
    async askPerson() {
      output.write('Name a person whom you know to be in a campaign. Enter skips a question.\n');
      const customerId = await ask('Customer id: ');
      const phone = await ask('Phone, without a prefix: ');
      const campaignId = await ask('A campaign that the person is in (its number): ');
      return { customerId, phone, campaignId };
    },
    confirm: async (question) => /^\s*y(?:es)?\s*$/i.test(await ask(`${question} [y/N] `)),
    close() {
      signal.removeEventListener('abort', close);
      lines.close();
    },
  };
}
