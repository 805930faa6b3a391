import { aessiv } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAesSiv } from '../../../src/graphql/aes-siv.js';

/** The test vectors of RFC 5297, appendix A. */
const VECTORS = [
  {
    name: 'A.1, one associated data and a plaintext of less than a block',
    key: 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
    associatedData: ['101112131415161718191a1b1c1d1e1f2021222324252627'],
    plaintext: '112233445566778899aabbccddee',
    sealed: '85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c',
  },
  {
    name: 'A.2, three associated data and a plaintext of several blocks',
    key: '7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f',
    associatedData: [
      '00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100',
      '102030405060708090a0',
      '09f911029d74e35bd84156c5635688c0',
    ],
    plaintext: '7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553',
    sealed:
      '7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17' +
      'dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d',
  },
] as const;

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const key = fc.constantFrom(32, 48, 64).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const associatedData = fc.array(bytes(40), { maxLength: 4 });

function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function withChange(sealed: Uint8Array, index: number, change: number): Uint8Array {
  return sealed.map((byte, at) => (at === index ? byte ^ change : byte));
}

describe('AES-SIV', () => {
  it.each(VECTORS)('computes the test vector of RFC 5297: $name', (vector) => {
    const cipher = createAesSiv(fromHex(vector.key), ...vector.associatedData.map(fromHex));
    expect(cipher.seal(fromHex(vector.plaintext)).toString('hex')).toBe(vector.sealed);
    expect(cipher.open(fromHex(vector.sealed))?.toString('hex')).toBe(vector.plaintext);
  });

  it('writes and reads the bytes of another implementation, in any order of texts', () => {
    fc.assert(
      fc.property(key, associatedData, fc.array(bytes(200), { minLength: 1, maxLength: 5 }), (secret, data, texts) => {
        const cipher = createAesSiv(secret, ...data);
        for (const text of texts) {
          const sealed = aessiv(secret, ...data).encrypt(text);
          expect(new Uint8Array(cipher.seal(text))).toEqual(sealed);
          expect(cipher.open(withChange(sealed, sealed.length - 1, 1))).toBeUndefined();
          expect(new Uint8Array(cipher.open(sealed) ?? [])).toEqual(text);
          expect(aessiv(secret, ...data).decrypt(new Uint8Array(cipher.seal(text)))).toEqual(text);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([32, 48, 64])(
    'writes the bytes of another implementation for each length, with a key of %i bytes',
    (size) => {
      const secret = Uint8Array.from({ length: size }, (_, index) => index * 7);
      const cipher = createAesSiv(secret, Buffer.from('2'));
      for (let length = 0; length <= 300; length += 1) {
        const text = Uint8Array.from({ length }, (_, index) => index + length);
        expect(new Uint8Array(cipher.seal(text))).toEqual(aessiv(secret, Buffer.from('2')).encrypt(text));
      }
    },
  );

  it('changes neither the plaintext nor the sealed bytes', () => {
    fc.assert(
      fc.property(key, bytes(100), (secret, text) => {
        const cipher = createAesSiv(secret);
        const plaintext = new Uint8Array(text);
        const sealed = new Uint8Array(cipher.seal(plaintext));
        const original = new Uint8Array(sealed);
        expect(cipher.open(sealed)).toBeDefined();
        expect(plaintext).toEqual(text);
        expect(sealed).toEqual(original);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses sealed bytes of which any byte was changed', () => {
    fc.assert(
      fc.property(key, associatedData, bytes(100), fc.integer({ min: 1, max: 255 }), (secret, data, text, change) => {
        const cipher = createAesSiv(secret, ...data);
        const sealed = new Uint8Array(cipher.seal(text));
        for (let index = 0; index < sealed.length; index += 1) {
          expect(cipher.open(withChange(sealed, index, change))).toBeUndefined();
        }
        expect(cipher.open(sealed)).toBeDefined();
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a part of the sealed bytes, and more bytes', () => {
    const cipher = createAesSiv(new Uint8Array(64));
    const sealed = cipher.seal(Buffer.from('a text of more than one block'));
    expect(cipher.open(sealed)).toBeDefined();
    for (let length = 0; length < sealed.length; length += 1) {
      expect(cipher.open(sealed.subarray(0, length))).toBeUndefined();
    }
    expect(cipher.open(Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined();
  });

  it('refuses bytes that were sealed with another key or other associated data', () => {
    const text = fc.uint8Array({ minLength: 16, maxLength: 100 });
    fc.assert(
      fc.property(key, associatedData, text, fc.nat(), (secret, data, plaintext, index) => {
        const sealed = createAesSiv(secret, ...data).seal(plaintext);
        expect(createAesSiv(secret, ...data).open(sealed)).toBeDefined();
        expect(createAesSiv(secret, ...data, new Uint8Array()).open(sealed)).toBeUndefined();
        const otherKey = withChange(secret, index % secret.length, 1);
        expect(createAesSiv(otherKey, ...data).open(sealed)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it.each([0, 16, 31, 65])('refuses a key of %i bytes', (length) => {
    expect(() => createAesSiv(new Uint8Array(length))).toThrow(`An AES-SIV key has 32, 48 or 64 bytes; got ${length}.`);
  });
});
