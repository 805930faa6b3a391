import { malformed } from './failure.js';

/**
 * Cuts an answer into the rows of `data` and the envelope around them, while its bytes arrive. `JSON.parse` then reads
 * one row at a time, so the whole answer is never in memory and no parse lasts long. The meaning of the JSON (escapes,
 * repeated keys, `__proto__`, bytes that are not UTF-8) is left to `JSON.parse`. The result depends on the bytes, not
 * on the chunks that they arrive in.
 */
export interface RowCutter {
  /** @throws LookupFailure `malformed`, or the error of `onRow`; the cutter cannot be used after that */
  write(bytes: Uint8Array): void;
  /**
   * Ends the answer.
   *
   * @returns the envelope; its `data` holds no rows
   * @throws LookupFailure `malformed`
   */
  end(): Envelope;
}

/** The outermost object of an answer. `data` is an empty array if rows were cut out of it. */
export type Envelope = Readonly<Record<string, unknown>>;

type OnRow = (row: Readonly<Record<string, unknown>>) => void;

/**
 * The bytes that one row, or the envelope, may have. A row of 35 columns has 3 kB if each has its documented length.
 * The bound keeps an endless text from filling the memory.
 */
const MAX_PART_BYTES = 1024 * 1024;
/** The key of an array is looked for in this many bytes before it: `"data"`, a colon and white space. */
const KEY_BYTES = 256;
const DATA_KEY = /[{,\s]"data"\s*:\s*$/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** @param onRow receives each row, in order, as soon as it is complete */
export function createRowCutter(onRow: OnRow): RowCutter {
  return new StreamingRowCutter(onRow);
}

/** The part of the answer that the next byte belongs to. `between` is the level of the commas of `data`. */
type Section = 'start' | 'envelope' | 'between' | 'row';

class StreamingRowCutter implements RowCutter {
  readonly #onRow: OnRow;
  readonly #envelope = createPart('envelope');
  readonly #row = createPart('row');
  readonly #scanner = new BracketScanner();
  #section: Section = 'start';
  /** Open braces and brackets of the envelope, or of the row. */
  #depth = 0;
  #hasData = false;
  /** What came last in `between`. */
  #last: 'start' | 'row' | 'comma' = 'start';

  constructor(onRow: OnRow) {
    this.#onRow = onRow;
  }

  write(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < chunk.length;) at = this.#readSection(chunk, at);
  }

  end(): Envelope {
    if (this.#section === 'between' || this.#section === 'row') throw malformed('the answer ends inside `data`');
    const envelope = readObject(this.#envelope.text(), 'envelope');
    const data = envelope['data'];
    // A second `data` that is not an array, or rows under a key that is written with escapes: valid JSON, never seen.
    const isOdd = this.#hasData ? !Array.isArray(data) : Array.isArray(data) && data.length > 0;
    if (isOdd) throw malformed('`data` is written in an unexpected way');
    return envelope;
  }

  /** @returns the index of the first byte that was not read */
  #readSection(chunk: Buffer, from: number): number {
    switch (this.#section) {
      case 'start':
        return this.#readStart(chunk, from);
      case 'envelope':
        return this.#readEnvelope(chunk, from);
      case 'between':
        return this.#readBetween(chunk, from);
      case 'row':
        return this.#readRow(chunk, from);
    }
  }

  /** Reads white space and a byte order mark up to the first brace. */
  #readStart(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && (isSpace(chunk[at]) || isByteOrderMark(chunk[at]))) at += 1;
    this.#envelope.add(chunk, from, at);
    if (at === chunk.length) return at;
    if (chunk[at] !== OPEN_BRACE) throw malformed('the answer is not a JSON object');
    this.#section = 'envelope';
    return at;
  }

  /** Reads the envelope up to the opening bracket of `data`, or to its end. */
  #readEnvelope(chunk: Buffer, from: number): number {
    let start = from;
    for (let at = this.#scanner.next(chunk, from); at < chunk.length; at = this.#scanner.next(chunk, at + 1)) {
      const byte = chunk[at];
      this.#depth += byte === OPEN_BRACE || byte === OPEN_BRACKET ? 1 : -1;
      if (byte !== OPEN_BRACKET || this.#depth !== 2) continue;
      this.#envelope.add(chunk, start, at);
      const isData = DATA_KEY.test(this.#envelope.tail(KEY_BYTES));
      this.#envelope.add(chunk, at, at + 1);
      start = at + 1;
      if (!isData) continue;
      this.#startRows();
      return start;
    }
    this.#envelope.add(chunk, start, chunk.length);
    return chunk.length;
  }

  #startRows(): void {
    if (this.#hasData) throw malformed('the answer has two `data`');
    this.#hasData = true;
    // The part before the rows is checked now, so that a body that is not JSON is not read to its end.
    readObject(`${this.#envelope.text()}]}`, 'envelope');
    this.#section = 'between';
    this.#last = 'start';
  }

  /** Reads up to the first byte of a row, or to the closing bracket of `data`. */
  #readBetween(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (isSpace(byte)) continue;
      if (byte === COMMA && this.#last === 'row') {
        this.#last = 'comma';
      } else if (byte === OPEN_BRACE && this.#last !== 'row') {
        this.#section = 'row';
        this.#depth = 0;
        return at;
      } else if (byte === CLOSE_BRACKET && this.#last !== 'comma') {
        this.#section = 'envelope';
        this.#depth = 2;
        return at;
      } else {
        throw malformed('`data` holds something other than objects with commas between them');
      }
    }
    return chunk.length;
  }

  /** Reads a row up to its closing brace. */
  #readRow(chunk: Buffer, from: number): number {
    for (let at = this.#scanner.next(chunk, from); at < chunk.length; at = this.#scanner.next(chunk, at + 1)) {
      const byte = chunk[at];
      this.#depth += byte === OPEN_BRACE || byte === OPEN_BRACKET ? 1 : -1;
      if (this.#depth > 0) continue;
      this.#section = 'between';
      this.#last = 'row';
      this.#onRow(readObject(this.#row.take(chunk, from, at + 1), 'row'));
      return at + 1;
    }
    this.#row.add(chunk, from, chunk.length);
    return chunk.length;
  }
}

/** Finds braces and brackets outside of strings. It remembers a string that goes on in the next chunk. */
class BracketScanner {
  #position: 'outside' | 'string' | 'escape' = 'outside';

  /** @returns the index of the next brace or bracket from `from` on; the length of the chunk if there is none */
  next(chunk: Buffer, from: number): number {
    let position = this.#position;
    let at = from;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (position === 'outside') {
        if (byte === QUOTE) position = 'string';
        else if (isBracket(byte)) break;
      } else if (position === 'escape') {
        position = 'string';
      } else if (byte === BACKSLASH) {
        position = 'escape';
      } else if (byte === QUOTE) {
        position = 'outside';
      }
    }
    this.#position = position;
    return at;
  }
}

/** Reads a text, which may begin with a byte order mark, as a JSON object. */
export function readObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    // The message of the parser quotes the text, which may be personal data.
    throw malformed(`the ${what} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`the ${what} is not an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Bytes of a row or of the envelope that arrive in several chunks. */
interface Part {
  /** Appends `chunk[from, to)`. */
  add(chunk: Buffer, from: number, to: number): void;
  /** Returns the part with `chunk[from, to)` as its end, and empties it. */
  take(chunk: Buffer, from: number, to: number): string;
  text(): string;
  /** The last bytes, at most this many, one character each. */
  tail(bytes: number): string;
}

/** The buffer grows, so that chunks of one byte do not cost an object each. */
function createPart(what: string): Part {
  let buffer = Buffer.alloc(0);
  let size = 0;

  function checkSize(added: number): void {
    if (size + added > MAX_PART_BYTES) throw malformed(`the ${what} is longer than ${MAX_PART_BYTES} bytes`);
  }

  function add(chunk: Buffer, from: number, to: number): void {
    checkSize(to - from);
    if (size + to - from > buffer.length) {
      const grown = Buffer.alloc(Math.max(4096, 2 * (size + to - from)));
      buffer.copy(grown, 0, 0, size);
      buffer = grown;
    }
    chunk.copy(buffer, size, from, to);
    size += to - from;
  }

  return {
    add,
    take(chunk, from, to) {
      checkSize(to - from);
      // Most rows are inside one chunk and need no copy.
      if (size === 0) return chunk.toString('utf8', from, to);
      add(chunk, from, to);
      const text = buffer.toString('utf8', 0, size);
      size = 0;
      return text;
    },
    text: () => buffer.toString('utf8', 0, size),
    tail: (bytes) => buffer.toString('latin1', Math.max(0, size - bytes), size),
  };
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isByteOrderMark(byte: number | undefined): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf;
}

function isBracket(byte: number | undefined): boolean {
  return byte === OPEN_BRACE || byte === CLOSE_BRACE || byte === OPEN_BRACKET || byte === CLOSE_BRACKET;
}
