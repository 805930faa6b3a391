import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.js';

const SECRET = 'first-secret-of-the-router-0123456789';
const NEXT = 'second-secret-of-the-router-0123456789';
const QUERY = '{ findCampaignRecords(phone: "3064821975") { id } }';
const REFUSAL = {
  errors: [
    {
      message: 'The header Router-Authorization must hold a known router secret; got none or an unknown one.',
      extensions: { code: 'UNAUTHENTICATED', retryable: false },
    },
  ],
};

const withSecret = (secret: string): Record<string, string> => ({ 'router-authorization': secret });

describe('router auth', () => {
  it('accepts each of the secrets', async () => {
    const { ask } = await startService({ env: { ROUTER_SECRET: `${SECRET}, ${NEXT}` } });
    for (const secret of [SECRET, NEXT]) {
      const answer = await ask(QUERY, {}, { headers: withSecret(secret) });
      expect(answer.status).toBe(200);
      expect(answer.data?.['findCampaignRecords']).not.toEqual([]);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['no secret', {}],
    ['an empty secret', withSecret('')],
    ['another secret', withSecret(SECRET.replace('0', '1'))],
    ['the beginning of a secret', withSecret(SECRET.slice(0, -1))],
    ['a secret with one more character', withSecret(`${SECRET}0`)],
    ['both secrets in one header', withSecret(`${SECRET},${NEXT}`)],
    ['a secret in another header', { authorization: SECRET }],
    ['a secret as a bearer token', { authorization: `Bearer ${SECRET}` }],
  ])('answers 401 to %s, and neither parses nor sends anything', async (_, headers) => {
    const { url, simulator } = await startService({ env: { ROUTER_SECRET: `${SECRET},${NEXT}` } });
    // Two bodies are not valid, so the response shows if they are parsed first.
    for (const body of [JSON.stringify({ query: QUERY }), JSON.stringify({ query: '{{{' }), '{"query":']) {
      const response = await post(`${url}/graphql`, body, headers);
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual(REFUSAL);
    }
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it('answers 401 if the header comes twice, even with the right secret', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const lines = [`router-authorization: ${SECRET}`, 'router-authorization: other'];
    expect(
      await raw(url, `GET /metrics HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 401 /);
  });

  it('answers 401 before a body is read', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1900000\r\n';
    // The body is never sent.
    expect(await raw(url, `${head}connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 401 /);
  });

  const ROUTES: [string, string, string][] = [
    ['POST', '/graphql', JSON.stringify({ query: QUERY })],
    ['GET', '/graphql?query={__typename}', ''],
    ['GET', '/graphql?a=1', ''],
    ['GET', '/metrics', ''],
    ['POST', '/forget', JSON.stringify({ customerId: '21839174' })],
    ['GET', '/status/events', ''],
    ['GET', '/no-such-page', ''],
    ['PUT', '/graphql', '{}'],
  ];

  it.each(ROUTES)('protects %s %s', async (method, path, body) => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const init = { method, ...(body === '' ? {} : { body }) };
    const headers = { accept: 'text/html', 'content-type': 'application/json', connection: 'close' };
    const refused = await fetch(url + path, { ...init, headers });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual(REFUSAL);
    const accepted = await fetch(url + path, { ...init, headers: { ...headers, ...withSecret(SECRET) } });
    expect(accepted.status).not.toBe(401);
    await accepted.body?.cancel();
  });

  it('does not protect the health routes', async () => {
    const { get } = await startService({ env: { ROUTER_SECRET: SECRET } });
    for (const path of ['/livez', '/readyz']) expect((await get(path)).status).toBe(200);
  });

  it('does not protect /metrics with METRICS_PUBLIC, but every other route', async () => {
    const { get, ask } = await startService({ env: { ROUTER_SECRET: SECRET, METRICS_PUBLIC: 'true' } });
    const response = await get('/metrics');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('wolkvox_calls_total');
    expect((await ask(QUERY)).status).toBe(401);
    expect((await get('/nothing')).status).toBe(401);
  });

  it('does not protect the page of the playground, but the operations that it sends', async () => {
    const { get, ask } = await startService({ env: { ROUTER_SECRET: SECRET } });
    for (const path of ['/', '/graphql']) {
      const page = await get(path, { accept: 'text/html' });
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      await page.body?.cancel();
    }
    expect((await get('/graphql?query={__typename}', { accept: 'text/html' })).status).toBe(401);
    expect((await get('/graphql', { accept: 'application/json' })).status).toBe(401);
    expect((await ask('{ __typename }')).status).toBe(401);
    expect((await ask('{ __typename }', {}, { headers: withSecret(SECRET) })).status).toBe(200);
    const closed = await startService({ env: { ROUTER_SECRET: SECRET, PLAYGROUND: 'false' } });
    for (const path of ['/', '/graphql']) expect((await closed.get(path, { accept: 'text/html' })).status).toBe(401);
  });

  it('accepts every request to an allowed host if no secret is configured', async () => {
    const { get, ask } = await startService();
    const metrics = await get('/metrics');
    expect(await metrics.text()).toContain('wolkvox_calls_total');
    expect((await ask(QUERY)).status).toBe(200);
  });
});

describe('METRICS_TOKEN', () => {
  const TOKEN = 'token-of-the-scraper';
  const statusOf = async (
    { get }: TestService,
    headers: Record<string, string>,
    path = '/metrics',
  ): Promise<number> => {
    const response = await get(path, headers);
    await response.body?.cancel();
    return response.status;
  };

  it.each([
    ['with a router secret', { ROUTER_SECRET: SECRET, METRICS_TOKEN: TOKEN }],
    ['without a router secret', { METRICS_TOKEN: TOKEN }],
  ])('opens /metrics as a bearer token, and no other route: %s', async (_, env) => {
    const service = await startService({ env });
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
      expect(await statusOf(service, { authorization })).toBe(200);
    }
    for (const authorization of [
      '',
      TOKEN,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN} `.trim().slice(0, -1),
      `Basic ${TOKEN}`,
    ]) {
      expect(await statusOf(service, { authorization }), authorization).toBe(401);
    }
    const refused = await service.get('/metrics');
    expect(await refused.json()).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('The header Authorization must hold Bearer and the token') as string,
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
    const isProtected = 'ROUTER_SECRET' in env;
    const authorization = `Bearer ${TOKEN}`;
    expect(await statusOf(service, { authorization }, '/nothing')).toBe(isProtected ? 401 : 404);
    expect(await statusOf(service, withSecret(SECRET))).toBe(isProtected ? 200 : 401);
  });
});

describe('without a router secret, the Host header (defect 54)', () => {
  const MESSAGE =
    'Without a router secret, the header Host must name localhost, a loopback address or a host of ALLOWED_HOSTS; got another one.';
  const request = (method: string, path: string, host: string, body = ''): string =>
    [
      `${method} ${path} HTTP/1.1`,
      `host: ${host}`,
      'content-type: application/json',
      'accept: application/json, text/html',
      `content-length: ${body.length}`,
      'connection: close',
      '',
      body,
    ].join('\r\n');
  /** The status of the response. The rest is not read: the page of the playground has 9 MB. */
  const statusOf = ({ url }: TestService, text: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.once('error', reject);
      socket.once('data', (chunk: Buffer) => {
        resolve(Number(/^HTTP\/1.1 (\d+)/.exec(chunk.toString('latin1'))?.[1]));
        socket.destroy();
      });
    });

  const QUERY_BODY = JSON.stringify({ query: QUERY });
  it.each<[string, string, string]>([
    ['POST', '/graphql', QUERY_BODY],
    ['GET', '/graphql', ''],
    ['GET', '/', ''],
    ['GET', '/metrics', ''],
    ['GET', '/status', ''],
    ['GET', '/status/events', ''],
    ['POST', '/forget', '{"customerId":"21839174"}'],
    ['GET', '/nothing', ''],
  ])('must name loopback or an allowed host: %s %s', async (method, path, body) => {
    const service = await startService({ env: { ALLOWED_HOSTS: 'Subgraph, campaigns.internal' } });
    for (const host of ['localhost', 'LOCALHOST:4001', '127.0.0.1:4001', '127.8.9.10', '[::1]:4001', '[::1]']) {
      expect(await statusOf(service, request(method, path, host, body)), host).toBe(path === '/nothing' ? 404 : 200);
    }
    for (const host of ['subgraph:4001', 'campaigns.internal']) {
      expect(await statusOf(service, request(method, path, host, body)), host).not.toBe(403);
    }
    service.simulator.requestLog.reset();
    const foreign = [
      'evil.example',
      'evil.example:4001',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ];
    for (const host of [...foreign, '0.0.0.0', '[::2]', '', 'xsubgraph', 'localhost:4001:1', 'localhost@evil']) {
      expect(await statusOf(service, request(method, path, host, body)), host).toBe(403);
    }
    expect(await raw(service.url, request(method, path, 'evil.example', body))).toContain(MESSAGE);
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('does not matter for the health routes, for open metrics, and with a router secret', async () => {
    const open = await startService({ env: { METRICS_PUBLIC: 'true' } });
    for (const path of ['/livez', '/readyz', '/metrics']) {
      expect(await statusOf(open, request('GET', path, 'pod-7.example')), path).toBe(200);
    }
    expect(await statusOf(open, request('POST', '/graphql', 'pod-7.example', QUERY_BODY))).toBe(403);
    const closed = await startService({ env: { ROUTER_SECRET: SECRET } });
    const post = request('POST', '/graphql', 'pod-7.example', QUERY_BODY);
    expect(
      await statusOf(closed, post.replace('accept: application/json, text/html', `router-authorization: ${SECRET}`)),
    ).toBe(200);
    expect(await statusOf(closed, post)).toBe(401);
  });

  it('must also be allowed with ALLOW_UNAUTHENTICATED', async () => {
    const service = await startService({ env: { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true', ALLOWED_HOSTS: 'a' } });
    const url = service.url.replace('0.0.0.0', '127.0.0.1');
    expect(await statusOf({ ...service, url }, request('POST', '/graphql', 'b:4001', QUERY_BODY))).toBe(403);
    expect(await statusOf({ ...service, url }, request('POST', '/graphql', 'a:4001', QUERY_BODY))).toBe(200);
  });
});

describe('POST /forget', () => {
  const forget = async ({ url }: TestService, person: unknown): Promise<[number, unknown]> => {
    const response = await post(`${url}/forget`, JSON.stringify(person), {});
    return [response.status, await response.json()];
  };

  it('erases all cached answers that concern a person, and no others', async () => {
    const service = await startService();
    const { ask, simulator } = service;
    const lookups = ['phone: "3064821975"', 'customerId: "21839174"', 'campaignId: "4821"', 'customerId: "22461203"'];
    const findAll = async (): Promise<void> => {
      for (const lookup of lookups) await ask(`{ findCampaignRecords(${lookup}) { id } }`);
    };
    await findAll();
    expect(await forget(service, { customerId: ' 21839174' })).toEqual([200, { forgotten: 3 }]);
    simulator.requestLog.reset();
    await findAll();
    expect(simulator.requestLog.calls).toHaveLength(3);
    expect(await forget(service, { phone: '306 482-1975' })).toEqual([200, { forgotten: 3 }]);
    expect(await forget(service, { phone: '3064821975', customerId: '21839174' })).toEqual([200, { forgotten: 0 }]);
  });

  it.each<[unknown]>([[{}], [[]], [null], [{ customerId: 5 }], [{ phone: ' ' }], [{ phone: 'abc' }], [{ name: 'x' }]])(
    'refuses %j and says what it expects',
    async (person) => {
      const service = await startService();
      const [status, body] = await forget(service, person);
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: [{ message: expect.stringMatching(/ must | needed/) as string }] });
      expect(service.lines.join('')).not.toContain('service.bug');
    },
  );
});

describe('production', () => {
  const env = {
    NODE_ENV: 'production',
    ROUTER_SECRET: SECRET,
    RECORD_ID_SECRET: 'a-secret-for-the-ids-of-enough-characters',
  };

  it('has no playground, no introspection and no suggestions', async () => {
    const { ask, get } = await startService({ env });
    const init = { headers: withSecret(SECRET) };
    for (const path of ['/', '/graphql']) {
      const page = await get(path, { accept: 'text/html', ...withSecret(SECRET) });
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(await page.text()).not.toMatch(/<html/i);
    }
    const schema = await ask('{ __schema { types { name } } }', {}, init);
    expect(schema.status).toBe(400);
    expect(schema.errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const misspelt = await ask('{ findCampaignRecord(phone: "3064821975") { id } }', {}, init);
    expect(misspelt.status).toBe(400);
    expect(JSON.stringify(misspelt.errors)).not.toMatch(/did you mean|findCampaignRecords/i);
    // A router needs the SDL in production too.
    expect((await ask('{ _service { sdl } }', {}, init)).data).toMatchObject({
      _service: { sdl: expect.stringContaining('CampaignRecord') as string },
    });
  });

  it('has introspection and suggestions if the playground is on', async () => {
    const { ask } = await startService();
    expect((await ask('{ __schema { types { name } } }')).errors).toEqual([]);
    const misspelt = await ask('{ findCampaignRecord(phone: "3064821975") { id } }');
    expect(misspelt.errors[0]?.message).toContain('findCampaignRecords');
  });
});

function post(url: string, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body,
  });
}

/** Sends a text on a new connection. Resolves with all that comes back. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      received += part;
      if (received.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
