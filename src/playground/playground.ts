import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import { renderPage } from './page.js';
import type { PageSettings } from './page.js';

/** What of a GET request decides about the answer; header values as they came. */
export interface PlaygroundRequest {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface PlaygroundAnswer {
  readonly status: 200 | 304;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined with 304. Shared by all answers: never change it. */
  readonly body: Buffer | undefined;
}

export interface Playground {
  /** Answers a GET of a browser. The first call makes the page, in about half a second; the others send what is there. */
  answer(request: PlaygroundRequest): Promise<PlaygroundAnswer>;
}

type Encoding = 'br' | 'gzip' | 'identity';

/** The page as it is sent, made once. */
interface Served {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  body(encoding: Encoding): Promise<Buffer>;
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/**
 * Quality 5 makes 9 MB into 1.9 MB in 0.2 s; quality 9 would save another 5% in four times the time, and a build step would have
 * to keep the result. The window covers the whole document.
 */
const BROTLI = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 };

/** GraphiQL with tabs of examples, wholly out of this process. Nothing is loaded or compressed before somebody opens it. */
export function createPlayground(settings: PageSettings): Playground {
  let served: Promise<Served> | undefined;

  return {
    async answer({ acceptEncoding, ifNoneMatch }) {
      served ??= serve(settings);
      const page = await served;
      const { headers, etag } = page;
      if (namesTag(ifNoneMatch, etag)) return { status: 304, headers, body: undefined };
      const encoding = chooseEncoding(acceptEncoding);
      const bytes = await page.body(encoding);
      return {
        status: 200,
        headers: {
          ...headers,
          'content-type': 'text/html; charset=utf-8',
          'content-length': `${bytes.byteLength}`,
          ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
        },
        body: bytes,
      };
    },
  };
}

async function serve(settings: PageSettings): Promise<Served> {
  const { html, contentSecurityPolicy } = await renderPage(settings);
  const identity = Buffer.from(html);
  const etag = `W/"${createHash('sha256').update(identity).digest('base64url')}"`;
  // Each is made when it is first asked for, off the event loop, and once: those who ask meanwhile wait for the same.
  const bodies = new Map<Encoding, Promise<Buffer>>([['identity', Promise.resolve(identity)]]);
  return {
    etag,
    headers: {
      etag,
      // Asked anew each time, answered by 304 while it is the same: a new version shows at once.
      'cache-control': 'private, no-cache',
      // The same address answers GraphQL too.
      vary: 'accept, accept-encoding',
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body(encoding) {
      let body = bodies.get(encoding);
      if (body === undefined) {
        body = encoding === 'br' ? compressBrotli(identity, { params: BROTLI }) : compressGzip(identity);
        bodies.set(encoding, body);
      }
      return body;
    },
  };
}

/** The best encoding that the header allows; one with `q=0` is refused, other weights are not compared. */
function chooseEncoding(acceptEncoding = ''): Encoding {
  const allowed = new Set(
    acceptEncoding
      .toLowerCase()
      .split(',')
      .map((part) => part.split(';').map((word) => word.trim()))
      .filter((words) => !words.slice(1).some((word) => /^q=0(\.0*)?$/.test(word)))
      .map(([name]) => name),
  );
  if (allowed.has('br')) return 'br';
  return allowed.has('gzip') ? 'gzip' : 'identity';
}

/** Whether an If-None-Match header names the tag, compared weakly as RFC 9110 (13.1.2) has it. */
function namesTag(ifNoneMatch = '', etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => ['*', opaque].includes(tag.trim().replace(/^W\//, '')));
}
