import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

/** Hides what goes to Redis: names become hashes that only this secret makes, values are encrypted and bound to their name. */
export interface Sealing {
  /** A name that tells nothing about its parts and that no other parts have. */
  nameOf(...parts: readonly string[]): string;
  seal(name: string, text: string): Promise<Buffer>;
  /** Undefined where the value was not sealed with this secret under this name. */
  open(name: string, sealed: Buffer): Promise<string | undefined>;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Shorter texts hardly shrink. */
const COMPRESS_FROM_BYTES = 1_024;
const PLAIN = 0;
const DEFLATED = 1;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export function createSealing(secret: string): Sealing {
  const keyFor = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `campaign-subgraph redis ${use}`, 32));
  const nameKey = keyFor('names');
  const valueKey = keyFor('values');

  return {
    nameOf(...parts) {
      return createHmac('sha256', nameKey).update(JSON.stringify(parts)).digest('base64url').slice(0, 32);
    },
    async seal(name, text) {
      const bytes = Buffer.from(text);
      const isLong = bytes.length >= COMPRESS_FROM_BYTES;
      const content = isLong ? await deflate(bytes) : bytes;
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', valueKey, iv).setAAD(Buffer.from(name));
      const body = Buffer.concat([
        cipher.update(Buffer.of(isLong ? DEFLATED : PLAIN)),
        cipher.update(content),
        cipher.final(),
      ]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]);
    },
    async open(name, sealed) {
      if (sealed.length <= IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', valueKey, sealed.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      let content: Buffer;
      try {
        content = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        // Another secret's value, or a changed one: as good as none.
        return undefined;
      }
      const body = content.subarray(1);
      return (content[0] === DEFLATED ? await inflate(body) : body).toString('utf8');
    },
  };
}
