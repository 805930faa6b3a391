import { createCipheriv, timingSafeEqual } from 'node:crypto';

/** Authenticated encryption without a nonce: equal texts have equal ciphertexts. */
export interface AesSiv {
  /** The tag, 16 bytes, and then the ciphertext, which is as long as the plaintext. */
  seal(plaintext: Uint8Array): Buffer;
  /** The plaintext; undefined if the bytes were not sealed with the same key and associated data. */
  open(sealed: Uint8Array): Buffer | undefined;
}

const BLOCK_BYTES = 16;

/**
 * AES-SIV (RFC 5297) over the AES of node:crypto, which has no SIV mode. The names are those of the RFC:
 *
 *     D = CMAC(K1, 0), then for each associated data A: D = dbl(D) xor CMAC(K1, A)     section 2.4
 *     T = P xorend D if the plaintext P has 16 bytes or more, else dbl(D) xor pad(P)
 *     V = CMAC(K1, T), which is the tag
 *     Q = V with bits 31 and 63, counted from the right, set to 0                      section 2.6
 *     C = P xor (AES(K2, Q), AES(K2, Q + 1), …), which is the ciphertext               section 2.5
 *
 * Creating a cipher takes longer than encrypting these few blocks. So both ciphers are created once, and what depends
 * only on the key and the associated data is computed once.
 *
 * @param key K1 and K2. 64 bytes: AES-256; 48: AES-192; 32: AES-128
 * @throws RangeError if the key has another length
 */
export function createAesSiv(key: Uint8Array, ...associatedData: readonly Uint8Array[]): AesSiv {
  if (![32, 48, 64].includes(key.length)) {
    throw new RangeError(`An AES-SIV key has 32, 48 or 64 bytes; got ${key.length}.`);
  }
  const cmac = createCmac(key.subarray(0, key.length / 2));
  const applyKeystream = createKeystream(key.subarray(key.length / 2));
  let d: Uint8Array = cmac(new Uint8Array(BLOCK_BYTES));
  for (const data of associatedData) {
    d = double(d);
    xorInto(d, cmac(data));
  }
  const doubledD = double(d);

  const tagOf = (plaintext: Uint8Array): Uint8Array => {
    const isShort = plaintext.length < BLOCK_BYTES;
    const t = isShort ? pad(plaintext) : new Uint8Array(plaintext);
    xorInto(t, isShort ? doubledD : d, t.length - BLOCK_BYTES);
    return cmac(t);
  };

  return {
    seal(plaintext) {
      const tag = tagOf(plaintext);
      return Buffer.concat([tag, applyKeystream(tag, plaintext)]);
    },
    open(sealed) {
      if (sealed.length < BLOCK_BYTES) return undefined;
      const tag = sealed.subarray(0, BLOCK_BYTES);
      const plaintext = applyKeystream(tag, sealed.subarray(BLOCK_BYTES));
      return timingSafeEqual(tag, tagOf(plaintext)) ? plaintext : undefined;
    },
  };
}

/**
 * AES-CMAC (RFC 4493): xors a subkey into the last block of the message, encrypts all in CBC mode with a zero IV, and
 * takes the last block.
 */
function createCmac(key: Uint8Array): (message: Uint8Array) => Uint8Array {
  const zero = new Uint8Array(BLOCK_BYTES);
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, zero).setAutoPadding(false);
  // The cipher xors the block that it encrypted last into the next one, although that begins another message. A second
  // xor cancels it, as if the IV were zero again.
  let last: Uint8Array = zero;
  const lastBlockOf = (blocks: Uint8Array): Uint8Array => {
    xorInto(blocks, last);
    last = cipher.update(blocks).subarray(-BLOCK_BYTES);
    return last;
  };
  const k1 = double(lastBlockOf(new Uint8Array(BLOCK_BYTES)));
  const k2 = double(k1);
  return (message) => {
    const isComplete = message.length > 0 && message.length % BLOCK_BYTES === 0;
    const blocks = isComplete ? new Uint8Array(message) : pad(message);
    xorInto(blocks, isComplete ? k1 : k2, blocks.length - BLOCK_BYTES);
    return lastBlockOf(blocks);
  };
}

/** The CTR mode of RFC 5297 with the counter of a tag: encrypts a plaintext, and decrypts a ciphertext. */
function createKeystream(key: Uint8Array): (tag: Uint8Array, text: Uint8Array) => Buffer {
  // ECB encrypts each block by itself. It gets only counters, never a text.
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return (tag, text) => {
    const counters = Buffer.alloc(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES);
    for (let at = 0; at < counters.length; at += BLOCK_BYTES) {
      counters.set(tag, at);
      counters.writeUInt8(counters.readUInt8(at + 8) & 0x7f, at + 8);
      // Bit 31 is 0 before the addition, so the sum fits into 32 bits.
      counters.writeUInt32BE((counters.readUInt32BE(at + 12) & 0x7fffffff) + at / BLOCK_BYTES, at + 12);
    }
    const output = cipher.update(counters).subarray(0, text.length);
    xorInto(output, text);
    return output;
  };
}

/** dbl: one bit to the left, and xor 0x87 if the first bit was 1 (RFC 5297, section 2.3). */
function double(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, index) => (byte << 1) | ((block[index + 1] ?? 0) >> 7));
  const firstBit = (block[0] ?? 0) >> 7;
  xorInto(doubled, Uint8Array.of(firstBit * 0x87), BLOCK_BYTES - 1);
  return doubled;
}

/** A copy with a bit 1 after the text, and then bits 0 up to the end of the block. */
function pad(text: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor(text.length / BLOCK_BYTES) + 1) * BLOCK_BYTES);
  padded.set(text);
  padded[text.length] = 0x80;
  return padded;
}

/** Changes the bytes of `target` from `at` on. */
function xorInto(target: Uint8Array, bytes: Uint8Array, at = 0): void {
  for (let index = 0; index < bytes.length; index += 1) {
    target[at + index] = (target[at + index] ?? 0) ^ (bytes[index] ?? 0);
  }
}
