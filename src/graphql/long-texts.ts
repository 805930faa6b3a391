/**
 * The long texts of one response. They are kept for the next responses as bytes, because V8 needs about 2 ms to encode
 * a megabyte. The executor and Apollo Server write a response as a string, in which a placeholder stands for the bytes.
 */
export interface LongTexts {
  /** Takes a text in UTF-8, and returns its placeholder. */
  add(bytes: Buffer): string;
  /** Puts the long texts in the place of their placeholders. The result is the same string if it has none. */
  fill(text: string): string | Buffer;
  /** Drops the texts, because the response is written again from its start. */
  clear(): void;
}

/** JSON never has this character: it must be escaped in a string, and may not be anywhere else. */
const MARK = '\u0001';

export function createLongTexts(): LongTexts {
  const texts: Buffer[] = [];

  return {
    add(bytes) {
      texts.push(bytes);
      return `${MARK}${texts.length - 1}${MARK}`;
    },
    fill(text) {
      if (texts.length === 0 || !text.includes(MARK)) return text;
      // Every second part is the index of a text.
      const parts = text.split(MARK).map((part, index) => (index % 2 === 0 ? Buffer.from(part) : texts[Number(part)]));
      return Buffer.concat(parts.filter((part) => part !== undefined));
    },
    clear() {
      texts.length = 0;
    },
  };
}
