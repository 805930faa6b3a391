import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import { renderPage } from './page.js';
import type { PageSettings } from './page.js';

/** The header values of a GET request on which the response depends. */
export interface PlaygroundRequest {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface PlaygroundResponse {
  readonly status: 200 | 304;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined if the status is 304. All responses share it, so it must not be changed. */
  readonly body: Buffer | undefined;
}

export interface Playground {
  /** Answers a browser's GET. The first call renders the page, which takes about half a second. */
  answer(request: PlaygroundRequest): Promise<PlaygroundResponse>;
}

type Encoding = 'br' | 'gzip' | 'identity';

/** The rendered page. */
interface RenderedPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  body(encoding: Encoding): Promise<Buffer>;
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/**
 * Quality 5 compresses 9 MB to 1.9 MB in 0.2 s. Quality 9 saves another 5% but takes four times as long. The window
 * covers the whole document.
 */
const BROTLI = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 };

/**
 * GraphiQL with tabs of examples, served without another host. Nothing is loaded or compressed before the first
 * request.
 */
export function createPlayground(settings: PageSettings): Playground {
  let rendered: Promise<RenderedPage> | undefined;

  return {
    async answer({ acceptEncoding, ifNoneMatch }) {
      rendered ??= render(settings);
      const page = await rendered;
      const { headers, etag } = page;
      if (matchesTag(ifNoneMatch, etag)) return { status: 304, headers, body: undefined };
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

async function render(settings: PageSettings): Promise<RenderedPage> {
  const { html, contentSecurityPolicy } = await renderPage(settings);
  const identity = Buffer.from(html);
  const etag = `W/"${createHash('sha256').update(identity).digest('base64url')}"`;
  // Each encoding is compressed once, at its first request and outside the event loop. Later requests share the
  // promise.
  const bodies = new Map<Encoding, Promise<Buffer>>([['identity', Promise.resolve(identity)]]);
  return {
    etag,
    headers: {
      etag,
      // Browsers revalidate the page at every visit, so that they show a new version at once.
      'cache-control': 'private, no-cache',
      // /graphql also answers GraphQL.
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

/** The best encoding that the header allows. `q=0` excludes an encoding; other weights are ignored. */
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

/** Whether an If-None-Match header names the tag, by the weak comparison of RFC 9110 (13.1.2). */
function matchesTag(ifNoneMatch = '', etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => ['*', opaque].includes(tag.trim().replace(/^W\//, '')));
}
