import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

/** Hides what is stored in Redis. Only this secret makes its names and reads its values. */
export interface Sealing {
  /** An HMAC. It shows nothing of its parts, and other parts have another name. */
  nameOf(...parts: readonly string[]): string;
  /** Compresses and encrypts a text (AES-256-GCM), bound to its name. */
  seal(name: string, text: string): Promise<Buffer>;
  /** Undefined if the value was not sealed with this secret under this name. */
  open(name: string, sealed: Buffer): Promise<string | undefined>;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = IV_BYTES + TAG_BYTES;
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export function createSealing(secret: string): Sealing {
  const keyFor = (use: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `campaign-subgraph redis ${use}`, 32));
  const nameKey = keyFor('names');
  const valueKey = keyFor('values');
  return {
    nameOf: (...parts) => createHmac('sha256', nameKey).update(JSON.stringify(parts)).digest('base64url').slice(0, 32),
    async seal(name, text) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', valueKey, iv).setAAD(Buffer.from(name));
      const content = Buffer.concat([cipher.update(await deflate(text)), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), content]);
    },
    async open(name, sealed) {
      try {
        const iv = sealed.subarray(0, IV_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', valueKey, iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(IV_BYTES, HEAD_BYTES));
        const content = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]);
        return (await inflate(content)).toString('utf8');
      } catch {
        // The value is too short, was changed, or was sealed under another name or secret.
        return undefined;
      }
    },
  };
}
