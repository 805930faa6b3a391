import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the value of the header `Router-Authorization` is a known secret. */
export type CheckRouterSecret = (header: string | string[] | undefined) => boolean;

/**
 * Accepts each of the secrets, so that a secret can be replaced without an interruption. Without secrets it accepts
 * every request. It compares digests in constant time, and always all of them, so that the time of an answer does not
 * reveal how much of a secret was right.
 */
export function createRouterAuth(secrets: readonly string[]): CheckRouterSecret {
  if (secrets.length === 0) return () => true;
  const expected = secrets.map(digest);
  return (header) => {
    const actual = digest(typeof header === 'string' ? header : '');
    return expected.map((secret) => timingSafeEqual(secret, actual)).includes(true);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
