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
    ['GET', '/graphql', ''],
    ['GET', '/', ''],
    ['GET', '/metrics', ''],
    ['POST', '/forget', JSON.stringify({ customerId: '21839174' })],
    ['GET', '/status', ''],
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
    expect((await get('/')).status).toBe(401);
  });

  it('accepts every request if no secret is configured', async () => {
    const { get, ask } = await startService();
    expect((await get('/metrics')).status).toBe(200);
    expect((await ask(QUERY)).status).toBe(200);
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
