import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { createPlayground } from '../../../src/playground/playground.js';
import type { PlaygroundResponse, PlaygroundRequest } from '../../../src/playground/playground.js';

const settings = {
  title: 'Records & <more>',
  endpoint: '/graphql',
  examples: [{ query: 'query Tricky { a(text: "</script><script>alert(1)</script>") }', variables: '{ "a": 1 }' }],
  headerNames: [],
};
const playground = createPlayground(settings);

function get(request: Partial<PlaygroundRequest>): Promise<PlaygroundResponse> {
  return playground.answer({ acceptEncoding: undefined, ifNoneMatch: undefined, ...request });
}

test('the playground is sent as brotli, gzip or plain, depending on what the browser accepts', async () => {
  const plain = await get({});
  const brotli = await get({ acceptEncoding: 'gzip, deflate, br, zstd' });
  const gzip = await get({ acceptEncoding: 'gzip, br;q=0' });

  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(gzip.headers['content-encoding']).toBe('gzip');
  const html = plain.body?.toString() ?? '';
  expect(html).toMatch(/^<!doctype html>/);
  expect(brotliDecompressSync(brotli.body ?? '').equals(plain.body ?? Buffer.alloc(0))).toBe(true);
  expect(gunzipSync(gzip.body ?? '').equals(plain.body ?? Buffer.alloc(0))).toBe(true);
  expect(brotli.headers['content-length']).toBe(`${brotli.body?.byteLength}`);
  expect(brotli.headers['vary']).toContain('accept-encoding');
});

test('the page is compressed once for all responses', async () => {
  const [first, second] = await Promise.all([get({ acceptEncoding: 'br' }), get({ acceptEncoding: 'br' })]);

  expect(second.body).toBe(first.body);
});

test.each(['%', '"other", %', '*'])(
  'a browser with the current version (If-None-Match: %j) gets 304',
  async (template) => {
    const etag = (await get({})).headers['etag'] ?? '';

    const answer = await get({ ifNoneMatch: template.replace('%', etag), acceptEncoding: 'br' });

    expect(answer).toMatchObject({ status: 304, body: undefined, headers: { etag } });
  },
);

test('a browser with another version gets the page', async () => {
  expect((await get({ ifNoneMatch: 'W/"other"' })).status).toBe(200);
});

test('the policy allows no other host and no script but that of the page', async () => {
  const { body, headers } = await get({});
  const scripts = [...(body?.toString() ?? '').matchAll(/<script>([^]*?)<\/script>/g)].map(
    ([, script]) => script ?? '',
  );
  const hash = createHash('sha256')
    .update(scripts[0] ?? '')
    .digest('base64');

  expect(scripts).toHaveLength(1);
  const policy = headers['content-security-policy'] ?? '';
  expect(policy.split('; ')).toContain(`script-src 'sha256-${hash}'`);
  expect(policy).toMatch(/^default-src 'none'; /);
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
});

test('the tabs have the names of the headers that operations need', async () => {
  const named = createPlayground({ ...settings, headerNames: ['Router-Authorization'] });
  const { body } = await named.answer({ acceptEncoding: undefined, ifNoneMatch: undefined });
  expect(body?.toString()).toContain(String.raw`"defaultHeaders":"{\n  \"Router-Authorization\": \"\"\n}"`);
  expect((await get({})).body?.toString()).not.toContain('Router-Authorization');
});

test('a title and an example cannot break out of the page', async () => {
  const html = (await get({})).body?.toString() ?? '';

  expect(html).toContain('<title>Records &amp; &lt;more&gt;</title>');
  expect(html).not.toContain('<script>alert(1)');
});
