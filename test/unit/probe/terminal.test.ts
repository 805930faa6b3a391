import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openTerminal, type Terminal } from '../../../src/probe/terminal.js';

interface Opened {
  readonly terminal: Terminal;
  readonly input: PassThrough;
  readonly stop: AbortController;
}

function open(): Opened {
  const [input, stop] = [new PassThrough(), new AbortController()];
  return { terminal: openTerminal(input, new PassThrough(), stop.signal), input, stop };
}

describe('The terminal', () => {
  it.each([
    ['y', true],
    [' Yes ', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
  ])('takes only y and yes as a yes: "%s"', async (text, isYes) => {
    const { terminal, input } = open();
    const answer = terminal.confirm('Go on?');
    input.write(`${text}\n`);
    expect(await answer).toBe(isYes);
    terminal.close();
  });

  it('ends a question when the input ends (Ctrl-D), and every later one', async () => {
    const { terminal, input } = open();
    const answer = terminal.confirm('Go on?');
    input.end();
    await expect(answer).rejects.toMatchObject({ kind: 'abandoned' });
    await expect(terminal.askPerson()).rejects.toMatchObject({ kind: 'abandoned' });
  });

  it('ends a question when the signal aborts', async () => {
    const { terminal, stop } = open();
    const answer = terminal.confirm('Go on?');
    stop.abort();
    await expect(answer).rejects.toMatchObject({ kind: 'abandoned' });
  });
});
