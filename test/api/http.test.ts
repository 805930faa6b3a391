import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { startService, type TestService } from '../support/service.js';

const QUERY = `{ findCampaignRecords(phone: "${EXAMPLES.inSeveralCampaigns.phone}") { campaignId } }`;
const ANSWER = {
  data: { findCampaignRecords: [{ campaignId: '4821' }, { campaignId: '7203' }, { campaignId: '10277' }] },
};

interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

/** Sends one request on a new connection, with any headers and bytes. */
async function send(
  { url }: TestService,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Uint8Array } = {},
): Promise<HttpResponse> {
  const { hostname, port } = new URL(url);
  const outgoing = httpRequest({ hostname, port, path, method, headers, agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = await textOf(response);
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

function post(
  service: TestService,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<HttpResponse> {
  return send(service, '/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Log lines of level error, which report bugs. */
function errorLines({ lines }: TestService): string[] {
  return lines.filter((line) => line.includes('"level":"error"'));
}

/** Expects an error in JSON with a message and a code, without details of the implementation. */
function expectError(reply: HttpResponse, status: number, code: string): void {
  expect({ status: reply.status, body: reply.json }).toMatchObject({
    status,
    body: { errors: [{ message: expect.stringMatching(/./) as string, extensions: { code } }] },
  });
  expect(reply.headers['content-type']).toMatch(/^application\/(json|graphql-response\+json)(;|$)/);
  expect(reply.text).not.toMatch(/stack|node_modules|\.js:\d|\.ts:\d|at \w+ \(|FST_ERR|fastify/i);
}

describe('health', () => {
  it('answers in JSON that the service is alive and ready', async () => {
    const service = await startService();
    const live = await send(service, '/livez');
    expect(live).toMatchObject({ status: 200, json: { status: 'alive' } });
    expect(live.headers['content-type']).toMatch(/^application\/json/);
    const ready = await send(service, '/readyz');
    expect(ready).toMatchObject({ status: 200, json: { status: 'ready' } });
    expect(ready.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('stays ready while Wolkvox fails, because another replica would fail too', async () => {
    const service = await startService();
    service.simulator.faults.always('token-refused');
    await post(service, JSON.stringify({ query: QUERY }));
    expect(await send(service, '/readyz')).toMatchObject({
      status: 200,
      json: { status: 'ready', wolkvox: { circuit: 'open' } },
    });
  });

  it('answers HEAD like GET, without the body (defect 53)', async () => {
    const service = await startService();
    for (const path of ['/livez', '/readyz']) {
      const get = await send(service, path);
      const head = await send(service, path, { method: 'HEAD' });
      expect(head).toMatchObject({ status: get.status, text: '' });
      expect(head.headers).toMatchObject({
        'content-type': get.headers['content-type'],
        'content-length': get.headers['content-length'],
      });
    }
    expect((await send(service, '/nothing', { method: 'HEAD' })).status).toBe(404);
  });
});

describe('cache-control', () => {
  /** The headers of a POST and of a GET that find records, of a POST without records, and of one with an error. */
  async function headersOf(env: Record<string, string>): Promise<unknown[]> {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '86400', ...env } });
    const path = `/graphql?query=${encodeURIComponent(QUERY)}`;
    const replies = [
      await post(service, JSON.stringify({ query: QUERY })),
      await send(service, path, { headers: { 'apollo-require-preflight': '1' } }),
      await post(service, JSON.stringify({ query: '{ __typename }' })),
      await post(service, JSON.stringify({ query: '{ findCampaignRecords { id } }' })),
    ];
    return replies.map(({ headers }) => headers['cache-control']);
  }

  it('is private, because an answer holds personal data (defect 46)', async () => {
    const found = expect.stringMatching(/^max-age=86[0-9]{3}, private$/) as string;
    expect(await headersOf({})).toEqual([found, found, 'no-store', 'no-store']);
  });

  it('is public for a POST with CACHE_CONTROL_SCOPE=public', async () => {
    const scopes = (await headersOf({ CACHE_CONTROL_SCOPE: 'public' })).map((value) => String(value).split(', ')[1]);
    expect(scopes).toEqual(['public', 'private', undefined, undefined]);
  });
});

describe('/graphql', () => {
  it.each([
    ['application/json', 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
  ])('answers a POST that accepts %s', async (accept, contentType) => {
    const service = await startService();
    const reply = await post(service, JSON.stringify({ query: QUERY }), { accept });
    expect(reply).toMatchObject({ status: 200, json: ANSWER });
    expect(reply.headers).toMatchObject({
      'content-type': contentType,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON'])(
    'accepts a body of type %s',
    async (type) => {
      const service = await startService();
      expect(await post(service, JSON.stringify({ query: QUERY }), { 'content-type': type })).toMatchObject({
        status: 200,
        json: ANSWER,
      });
    },
  );

  it("answers a GET with Apollo's preflight header, and refuses a GET without it, which another site may send", async () => {
    const service = await startService();
    const path = `/graphql?query=${encodeURIComponent('query ($phone: String) { findCampaignRecords(phone: $phone) { campaignId } }')}&variables=${encodeURIComponent(JSON.stringify({ phone: EXAMPLES.inSeveralCampaigns.phone }))}`;
    expectError(await send(service, path), 400, 'BAD_REQUEST');
    expect(service.simulator.requestLog.requests).toEqual([]);
    for (const header of ['apollo-require-preflight', 'x-apollo-operation-name']) {
      expect(await send(service, path, { headers: { [header]: 'true' } })).toMatchObject({ status: 200, json: ANSWER });
    }
  });

  it.each([
    'text/plain',
    'text/plain; application/json',
    'text/plain;charset="application/json"',
    'TEXT/PLAIN',
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded;application/json',
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary=application/json',
    '',
    undefined,
  ])('refuses a POST of type %s, which another site may send', async (type) => {
    const service = await startService();
    const headers = type === undefined ? {} : { 'content-type': type };
    const reply = await send(service, '/graphql', { method: 'POST', headers, body: JSON.stringify({ query: QUERY }) });
    expectError(reply, reply.status, 'BAD_REQUEST');
    expect([400, 415]).toContain(reply.status);
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['identity', (bytes: Buffer) => bytes],
  ])('accepts a body with content-encoding %s', async (encoding, compress) => {
    const service = await startService();
    const body = compress(Buffer.from(JSON.stringify({ query: QUERY })));
    expect(await post(service, body, { 'content-encoding': encoding })).toMatchObject({ status: 200, json: ANSWER });
    // A router may stream it, without a content-length.
    const chunked = await post(service, body, { 'content-encoding': encoding, 'transfer-encoding': 'chunked' });
    expect(chunked).toMatchObject({ status: 200, json: ANSWER });
  });

  it.each([
    ['an unknown encoding', 'zstandard', Buffer.from(JSON.stringify({ query: QUERY })), 415],
    ['a gzip body that is not gzip', 'gzip', Buffer.from(JSON.stringify({ query: QUERY })), 400],
    ['a truncated gzip body', 'gzip', gzipSync(JSON.stringify({ query: QUERY })).subarray(0, 40), 400],
  ])('refuses %s', async (_, encoding, body, status) => {
    const service = await startService();
    expectError(await post(service, body, { 'content-encoding': encoding }), status, 'BAD_REQUEST');
  });

  it('accepts a body of 2 MB and answers 413 to a longer one, with or without a content-length', async () => {
    const service = await startService();
    const bodyOf = (bytes: number): string => {
      const body = JSON.stringify({ query: QUERY, variables: { unused: '' } });
      return body.replace('"unused":""', `"unused":"${'x'.repeat(bytes - body.length)}"`);
    };
    expect(await post(service, bodyOf(2_000_000))).toMatchObject({ status: 200, json: ANSWER });
    expectError(await post(service, bodyOf(2_000_001)), 413, 'BAD_REQUEST');
    expectError(await post(service, bodyOf(2_100_000), { 'transfer-encoding': 'chunked' }), 413, 'BAD_REQUEST');
    expect(await post(service, JSON.stringify({ query: QUERY }))).toMatchObject({ status: 200 });
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('refuses a gzip bomb: %s', async (encoding, compress) => {
    const service = await startService();
    const gzipBomb = compress(Buffer.alloc(50_000_000, 0x20));
    expect(gzipBomb.length).toBeLessThan(200_000);
    expectError(await post(service, gzipBomb, { 'content-encoding': encoding }), 413, 'BAD_REQUEST');
    expect(await post(service, JSON.stringify({ query: QUERY }))).toMatchObject({ status: 200 });
  });

  it.each([
    ['not JSON', '{"query": '],
    ['empty', ''],
    ['a text', '"{ __typename }"'],
    ['null', 'null'],
    ['without a query', '{"variables":{}}'],
    ['a query that is not a text', '{"query":{"a":1}}'],
    ['variables that are not an object', '{"query":"{ __typename }","variables":"{}"}'],
    ['a prototype', '{"query":"{ __typename }","__proto__":{"a":1}}'],
    ['a list of operations', JSON.stringify([{ query: QUERY }, { query: QUERY }])],
    ['an empty list', '[]'],
  ])('refuses a body that is not valid: %s', async (_, body) => {
    const service = await startService();
    expectError(await post(service, body), 400, 'BAD_REQUEST');
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it.each<[string, object]>([
    ['of another hash', { version: 1, sha256Hash: 'planted' }],
    ['of another version', { version: 2, sha256Hash: 'planted' }],
    ['without a version', { sha256Hash: 5 }],
  ])('does not support persisted queries, and says so: %s (defect 49)', async (_, persistedQuery) => {
    const service = await startService();
    for (const query of [QUERY, undefined]) {
      const reply = await post(service, JSON.stringify({ query, extensions: { persistedQuery } }));
      expectError(reply, 200, 'PERSISTED_QUERY_NOT_SUPPORTED');
    }
    expect(errorLines(service)).toEqual([]);
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('refuses more wrong variables than graphql-js lists (defect 49)', async () => {
    const service = await startService();
    const names = Array.from({ length: 90 }, (_, index) => `v${index}`);
    const query = `query (${names.map((name) => `$${name}: Int`).join(' ')}) {
      ${names.map((name) => `${name}: findCampaignRecords(maxAge: $${name}) { id }`).join(' ')}
    }`;
    const variables = Object.fromEntries(names.map((name) => [name, 'x']));
    const reply = await post(service, JSON.stringify({ query, variables }));
    expect(reply.status).toBe(400);
    const { errors } = reply.json as { errors: { message: string; extensions: unknown }[] };
    expect(errors).toHaveLength(51);
    expect(errors.at(-1)).toMatchObject({
      message: expect.stringContaining('Too many errors processing variables') as string,
      extensions: { code: 'BAD_USER_INPUT', retryable: false },
    });
    expect(errorLines(service)).toEqual([]);
  });

  it('refuses a number for an ID that JSON parsers round (defect 52)', async () => {
    const service = await startService();
    const query = 'query ($id: ID) { findCampaignRecords(customerId: $id) { id } }';
    for (const number of ['10000000000000000001', '9007199254740993', '1e400', '1.5']) {
      const body = `{"query":${JSON.stringify(query)},"variables":{"id":${number}}}`;
      expectError(await post(service, body), 400, 'BAD_USER_INPUT');
    }
    expect(service.simulator.requestLog.requests).toEqual([]);
    const body = JSON.stringify({ query, variables: { id: Number(EXAMPLES.inSeveralCampaigns.customerId) } });
    const { json } = await post(service, body);
    expect((json as { data: { findCampaignRecords: unknown[] } }).data.findCampaignRecords).toHaveLength(3);
    expect(errorLines(service)).toEqual([]);
  });

  it.each(['mutation { forget }', 'subscription { records }'])('refuses %s as a validation error', async (query) => {
    const service = await startService();
    expectError(await post(service, JSON.stringify({ query })), 400, 'GRAPHQL_VALIDATION_FAILED');
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    expectError(
      await send(service, path, { headers: { 'apollo-require-preflight': '1' } }),
      400,
      'GRAPHQL_VALIDATION_FAILED',
    );
    expect(errorLines(service)).toEqual([]);
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('refuses the method %s and names the allowed ones', async (method) => {
    const service = await startService();
    const body = JSON.stringify({ query: QUERY });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const reply = await send(service, '/graphql', { method, headers, body });
    expectError(reply, 405, 'BAD_REQUEST');
    expect(reply.headers).toMatchObject({ allow: 'GET, POST' });
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('sends the playground only to browsers, at / and /graphql', async () => {
    const service = await startService();
    for (const path of ['/', '/graphql']) {
      const page = await send(service, path, { headers: { accept: 'text/html,application/xhtml+xml' } });
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.text).toMatch(/^<!doctype html>/i);
    }
    expectError(await send(service, '/graphql', { headers: { accept: 'application/json' } }), 400, 'BAD_REQUEST');
    const closed = await startService({ env: { PLAYGROUND: 'false' } });
    expectError(await send(closed, '/', { headers: { accept: 'text/html' } }), 404, 'BAD_REQUEST');
    expectError(await send(closed, '/graphql', { headers: { accept: 'text/html' } }), 400, 'BAD_REQUEST');
  });

  it('shows no details of the implementation if a document is wrong', async () => {
    const service = await startService();
    for (const query of [
      '{',
      '{ unknown }',
      '{ findCampaignRecords }',
      'query A { __typename } query A { __typename }',
    ]) {
      const reply = await post(service, JSON.stringify({ query }));
      expect(reply.status).toBe(400);
      expect(reply.text).not.toMatch(/stack|node_modules/);
      expectError(reply, 400, query === '{' ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED');
    }
  });

  it('answers 200 with data and errors if only a field failed', async () => {
    const service = await startService();
    const reply = await post(service, JSON.stringify({ query: '{ findCampaignRecords(phone: "1") { id } }' }));
    expectError(reply, 200, 'BAD_USER_INPUT');
    expect(reply.json).toMatchObject({ data: { findCampaignRecords: null } });
  });
});

describe('any other address', () => {
  it.each([
    '/nothing',
    '/graphql/',
    '/graphql/more',
    '/livez2',
    '/..%2f..%2fetc/passwd',
    '/%00',
    '/index.php?api=find_record',
  ])('answers 404 in JSON: %s', async (path) => {
    const service = await startService();
    for (const method of ['GET', 'POST']) {
      const reply = await send(service, path, { method, headers: { accept: 'text/html' } });
      expectError(reply, 404, 'BAD_REQUEST');
      expect(reply.text).not.toContain('passwd');
    }
  });

  it('answers 400 if it cannot be decoded, and does not repeat it', async () => {
    const service = await startService();
    const reply = await send(service, '/%zz3064821975');
    expectError(reply, 400, 'BAD_REQUEST');
    expect(reply.text).not.toContain('3064821975');
  });

  it.each(['POST', 'PUT', 'DELETE'])(
    'answers 404 or 405 in JSON to a health route with the method %s',
    async (method) => {
      const service = await startService();
      const reply = await send(service, '/livez', { method });
      expect([404, 405]).toContain(reply.status);
      expectError(reply, reply.status, 'BAD_REQUEST');
    },
  );
});

describe('a malformed request', () => {
  it.each(['evil.example/path', 'user@evil.example', 'x'.repeat(500), 'a b', '[::1'])(
    'causes no bug with the Host header %j',
    async (host) => {
      const open = await startService();
      const closed = await startService({ env: { ROUTER_SECRET: 'secret-of-the-router' } });
      const secret = { 'router-authorization': 'secret-of-the-router' };
      for (const [service, headers] of [
        [open, {}],
        [closed, secret],
      ] as const) {
        const replies = [
          await post(service, JSON.stringify({ query: QUERY }), { host, ...headers }),
          await send(service, `/graphql?query=${encodeURIComponent(QUERY)}`, {
            headers: { host, 'apollo-require-preflight': '1', ...headers },
          }),
        ];
        for (const reply of replies) {
          if (service === open) expectError(reply, 403, 'BAD_REQUEST');
          else if (reply.status === 200) expect(reply).toMatchObject({ json: ANSWER });
          else expectError(reply, 400, 'BAD_REQUEST');
        }
        expect(errorLines(service)).toEqual([]);
      }
    },
  );

  it.each([
    ['bytes that are not HTTP', 'hello there\r\n\r\n', 400],
    ['headers without an end', `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a content-length that is not a number', 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n', 400],
    [
      'a content-length beside chunked encoding',
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('is refused in JSON: %s', async (_, bytes, status) => {
    const service = await startService();
    const [head = '', body = ''] = (await exchange(service, bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(parsed(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', retryable: false } }] });
    expect(await post(service, JSON.stringify({ query: QUERY }))).toMatchObject({ status: 200, json: ANSWER });
  });

  it('is refused by Node if it has no Host header', async () => {
    const service = await startService();
    expect(await exchange(service, 'GET /livez HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await send(service, '/livez')).toMatchObject({ status: 200 });
  });
});

/** Sends bytes and returns all that comes back until the connection closes. */
async function exchange({ url }: TestService, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(bytes);
  return textOf(socket);
}
