/** Reads the text of a variable. Throws a WrongValue if the text is wrong. */
export type ReadValue<Value> = (text: string) => Value;

/** The message says what was expected. It does not hold the text. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}

/** Any text. */
export function readText(text: string): string {
  return text;
}

/** "true" or "false". */
export function readFlag(text: string): boolean {
  return readTrueOrFalse(text) === 'true';
}
const readTrueOrFalse = oneOf(['true', 'false']);

export function textThat(isRight: (text: string) => boolean, expected: string): ReadValue<string> {
  return (text) => {
    if (!isRight(text)) throw new WrongValue(expected);
    return text;
  };
}

export function textLike(pattern: RegExp, expected: string): ReadValue<string> {
  return textThat((text) => pattern.test(text), expected);
}

export function oneOf<const Text extends string>(texts: readonly Text[]): ReadValue<Text> {
  return (given) => {
    const found = texts.find((text) => text === given);
    if (found === undefined) throw new WrongValue(`expected ${texts.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`);
    return found;
  };
}

/** Digits only, from `min` to `max`. */
export function integer(min: number, max: number): ReadValue<number> {
  return (text) => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new WrongValue(`expected a whole number from ${min} to ${max}`);
  };
}

/** Items that are separated by commas. Blank items are left out. */
export function listThat(
  isRight: (items: readonly string[]) => boolean,
  expected: string,
): ReadValue<readonly string[]> {
  return (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    if (!isRight(items)) throw new WrongValue(expected);
    return items;
  };
}
