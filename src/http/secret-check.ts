import { hash, timingSafeEqual } from 'node:crypto';

/**
 * Whether the value of a header is one of the secrets, so that a secret can be replaced without an interruption. It
 * compares digests in constant time, and always all of them, so that the time of an answer does not reveal how much of
 * a secret was right. Without secrets no value is right.
 */
export function createSecretCheck(
  secrets: readonly string[],
): (header: string | readonly string[] | undefined) => boolean {
  const expected = secrets.map(digest);
  return (header) => {
    if (expected.length === 0) return false;
    const actual = digest(typeof header === 'string' ? header : '');
    return expected.map((secret) => timingSafeEqual(secret, actual)).includes(true);
  };
}

/** The token of a header `Authorization: Bearer …`; undefined if it has none. */
export function bearerToken(header = ''): string | undefined {
  return /^bearer ([\x21-\x7e]+)$/i.exec(header)?.[1];
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
