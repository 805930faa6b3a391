import { malformed } from './failure.js';

/**
 * Cuts an answer, as its bytes come, into the rows of `data` and the envelope around them, so that `JSON.parse` reads one row at
 * a time: no answer is ever in memory as a whole, no parse lasts long, and what JSON means (escapes, doubled keys, `__proto__`,
 * bytes that are not UTF-8) is what `JSON.parse` says it means. The result depends on the bytes, not on how they were cut into
 * chunks.
 */
export interface RowCutter {
  /** @throws WolkvoxFailure `malformed`, or what `onRow` throws; the cutter is of no use after that */
  write(bytes: Uint8Array): void;
  /**
   * The bytes are at their end.
   *
   * @returns the envelope with its `data` emptied of rows
   * @throws WolkvoxFailure `malformed`
   */
  end(): Envelope;
}

/** An answer's outermost object. `data` is an empty array where rows were cut out of it. */
export type Envelope = Readonly<Record<string, unknown>>;

/**
 * The most bytes of one row, and of the envelope. A row of 35 columns has 3 kB when each is filled to its documented length; an
 * endless text must not fill the memory.
 */
const MAX_PART_BYTES = 1024 * 1024;
/** How far back the key of an array is looked for: `"data"`, a colon and some indentation. */
const KEY_BYTES = 256;
const DATA_KEY = /[{,\s]"data"\s*:\s*$/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** @param onRow is called with each row, in order, as soon as it is whole */
export function createRowCutter(onRow: (row: Readonly<Record<string, unknown>>) => void): RowCutter {
  const envelope = createPart('envelope');
  const row = createPart('row');
  /** Where the next byte belongs. `between` is the level of `data`'s own commas. */
  let place: 'before' | 'envelope' | 'between' | 'row' = 'before';
  /** Open braces and brackets of the envelope, or of the row. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  let dataSeen = false;
  /** In `between`: what came last. */
  let last: 'start' | 'row' | 'comma' = 'start';

  function startRows(): void {
    if (dataSeen) throw malformed('two `data` in one answer');
    dataSeen = true;
    // What stands before the rows must be sound already: an answer that is no JSON is not read to its end.
    readObject(`${envelope.text()}]}`, 'envelope');
    place = 'between';
    last = 'start';
  }

  /** @returns true where the byte opens a row */
  function readBetween(byte: number): boolean {
    if (isSpace(byte)) return false;
    if (byte === OPEN_BRACE && last !== 'row') return true;
    if (byte === COMMA && last === 'row') {
      last = 'comma';
      return false;
    }
    if (byte === CLOSE_BRACKET && last !== 'comma') {
      place = 'envelope';
      depth = 1;
      return false;
    }
    throw malformed('`data` holds something else than objects with a comma between them');
  }

  return {
    write(bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      /** The first byte of this chunk that belongs to `place` and is not kept yet. */
      let from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
          continue;
        }
        if (place === 'between') {
          if (readBetween(byte)) {
            place = 'row';
            depth = 1;
          }
          from = at;
          continue;
        }
        if (place === 'before') {
          if (isSpace(byte) || isByteOrderMark(byte)) continue;
          if (byte !== OPEN_BRACE) throw malformed('the answer is no JSON object');
          place = 'envelope';
        }
        if (byte === QUOTE) {
          inString = true;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          depth += 1;
          if (byte === OPEN_BRACKET && depth === 2 && place === 'envelope') {
            envelope.add(chunk, from, at);
            const isData = DATA_KEY.test(envelope.tail(KEY_BYTES));
            envelope.add(chunk, at, at + 1);
            from = at + 1;
            if (isData) startRows();
          }
        } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
          depth -= 1;
          if (place === 'row' && depth === 0) {
            const text = row.take(chunk, from, at + 1);
            from = at + 1;
            place = 'between';
            last = 'row';
            onRow(readObject(text, 'row'));
          }
        }
      }
      if (place === 'row') row.add(chunk, from, chunk.length);
      else if (place !== 'between') envelope.add(chunk, from, chunk.length);
    },

    end() {
      if (place === 'between' || place === 'row') throw malformed('the answer ends in the middle of `data`');
      const read = readObject(envelope.text(), 'envelope');
      const data = read['data'];
      // A later `data` that is no array, or rows under a key that spells `data` with escapes: JSON allows it, nobody writes it.
      if (dataSeen ? !Array.isArray(data) : Array.isArray(data) && data.length > 0)
        throw malformed('an odd spelling of `data`');
      return read;
    },
  };
}

/** A JSON object, out of a text that may begin with a byte order mark. */
export function readObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    // The parser's own message quotes the text, which may be a person's data.
    throw malformed(`the ${what} is no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`the ${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

interface Part {
  /** Keeps `chunk[from, to)`. */
  add(chunk: Buffer, from: number, to: number): void;
  /** The part with `chunk[from, to)` as its end; the part is empty afterwards. */
  take(chunk: Buffer, from: number, to: number): string;
  text(): string;
  /** The last bytes, at most so many. */
  tail(bytes: number): string;
}

/** Bytes in a buffer that grows: chunks of one byte each must not cost an object each. */
function createPart(what: string): Part {
  let kept = Buffer.alloc(0);
  let size = 0;

  function checkSize(added: number): void {
    if (size + added > MAX_PART_BYTES) throw malformed(`the ${what} is longer than ${MAX_PART_BYTES} bytes`);
  }

  function add(chunk: Buffer, from: number, to: number): void {
    checkSize(to - from);
    if (size + to - from > kept.length) {
      const grown = Buffer.alloc(Math.max(4096, 2 * (size + to - from)));
      kept.copy(grown, 0, 0, size);
      kept = grown;
    }
    chunk.copy(kept, size, from, to);
    size += to - from;
  }

  return {
    add,
    take(chunk, from, to) {
      checkSize(to - from);
      // Most rows stand in one chunk and need no copy.
      if (size === 0) return chunk.toString('utf8', from, to);
      add(chunk, from, to);
      const text = kept.toString('utf8', 0, size);
      size = 0;
      return text;
    },
    text: () => kept.toString('utf8', 0, size),
    tail: (bytes) => kept.toString('latin1', Math.max(0, size - bytes), size),
  };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isByteOrderMark(byte: number): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf;
}
