import { describe, expect, it, vi } from 'vitest';
import { createClock } from '../../src/core/clock.js';
import { logLines, startService, type TestService } from '../support/service.js';

const SECRET = 'secret-of-the-router';
const TOKEN = 'token-of-the-scraper';
const HTML = { accept: 'text/html,*/*;q=0.8' };

async function textOf(pending: Promise<Response>): Promise<[status: number, text: string]> {
  const response = await pending;
  return [response.status, await response.text()];
}

function logIn({ url }: TestService, token: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams({ token });
  return fetch(`${url}/status/login`, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { connection: 'close', ...headers },
  });
}

/** Reads events until one fulfils the condition. */
async function readEvents(
  { url }: TestService,
  headers: Record<string, string>,
  isEnough: (text: string) => boolean,
): Promise<string> {
  const response = await fetch(`${url}/status/events`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += part;
    if (isEnough(text)) return text;
  }
  return text;
}

describe('GET /status', () => {
  it('is open to allowed hosts if there is no secret', async () => {
    const { get } = await startService();
    const response = await get('/status', HTML);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'sha256-/) as string,
      'x-content-type-options': 'nosniff',
    });
    expect(await response.text()).toContain('id="quota"');
  });

  it.each([
    ['a router secret', { ROUTER_SECRET: SECRET }],
    ['METRICS_TOKEN', { METRICS_TOKEN: TOKEN }],
    ['both, and open metrics', { ROUTER_SECRET: SECRET, METRICS_TOKEN: TOKEN, METRICS_PUBLIC: 'true' }],
  ])('needs a secret, and asks browsers for it: %s', async (_, env) => {
    const { get } = await startService({ env });
    const [status, form] = await textOf(get('/status', HTML));
    expect(status).toBe(401);
    expect(form).toContain('<form method="post" action="status/login">');
    expect(form).not.toContain('id="quota"');
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'router-authorization': 'wrong' }]) {
      const [refused, text] = await textOf(get('/status', headers));
      expect(refused).toBe(401);
      expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      expect(await textOf(get('/status/events', { ...HTML, ...headers }))).toEqual([401, text]);
    }
  });

  it('is opened by the header of the router and by the token, but not by a token in the address', async () => {
    const { get } = await startService({ env: { ROUTER_SECRET: SECRET, METRICS_TOKEN: TOKEN } });
    for (const headers of [{ 'router-authorization': SECRET }, { authorization: `Bearer ${TOKEN}` }]) {
      const [status, page] = await textOf(get('/status', headers));
      expect(status).toBe(200);
      expect(page).toContain('id="quota"');
    }
    for (const address of [`/status?token=${TOKEN}`, `/status?authorization=${SECRET}`]) {
      expect((await textOf(get(address)))[0]).toBe(401);
    }
    // A router secret is no bearer token, and the token is no router secret.
    expect((await textOf(get('/status', { authorization: `Bearer ${SECRET}` })))[0]).toBe(401);
    expect((await textOf(get('/status', { 'router-authorization': TOKEN })))[0]).toBe(401);
  });

  it('shows no personal data', async () => {
    const { get, ask } = await startService();
    await ask('query P { findCampaignRecords(phone: "3064821975") { id customerName } }');
    await ask('{ findCampaignRecords(customerId: "22461203") { id } }');
    const page = await (await get('/status')).text();
    expect(page).toContain('2 calls in the last hour');
    expect(page).not.toMatch(/3064821975|22461203|Mar[ií]a|G[oó]mez/);
  });
});

describe('POST /status/login', () => {
  const env = { ROUTER_SECRET: SECRET, METRICS_TOKEN: TOKEN };

  it.each([TOKEN, SECRET])('opens a session of the page, and of nothing else: %s', async (token) => {
    const service = await startService({ env });
    const response = await logIn(service, token);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('../status');
    const [cookie = '', ...attributes] = (response.headers.get('set-cookie') ?? '').split('; ');
    expect(attributes).toEqual(['HttpOnly', 'SameSite=Strict']);
    expect(cookie).not.toContain(token);

    const headers = { cookie: `other=1; ${cookie}; more=2` };
    expect((await textOf(service.get('/status', headers)))[1]).toContain('id="quota"');
    expect(await readEvents(service, headers, (text) => text.includes('\n\n'))).toContain('data: {"title"');
    for (const path of ['/metrics', '/graphql?query={__typename}', '/nothing']) {
      expect((await textOf(service.get(path, headers)))[0], path).toBe(401);
    }
  });

  it('marks the cookie as secure behind a proxy with TLS', async () => {
    const service = await startService({ env });
    for (const [protocol, isSecure] of [
      ['https', true],
      ['https, http', true],
      ['http', false],
      ['httpsx', false],
    ] as const) {
      const response = await logIn(service, TOKEN, { 'x-forwarded-proto': protocol });
      expect((response.headers.get('set-cookie') ?? '').endsWith('; Secure'), protocol).toBe(isSecure);
    }
  });

  it('refuses a wrong token with a message, and logs it once a minute', async () => {
    const service = await startService({ env });
    for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.slice(1), `${SECRET},${TOKEN}`]) {
      const response = await logIn(service, token);
      expect(response.status).toBe(401);
      expect(response.headers.get('set-cookie')).toBeNull();
      expect(await response.text()).toContain('The token must be the value of METRICS_TOKEN or a router secret');
    }
    expect(logLines(service, 'request.unauthenticated')).toHaveLength(1);
    expect(service.lines.join()).not.toContain('wrong');
    const metrics = await (await service.get('/metrics', { authorization: `Bearer ${TOKEN}` })).text();
    expect(metrics).toContain('graphql_errors_total{code="UNAUTHENTICATED"} 5');
  });

  it.each([
    ['too long', new URLSearchParams({ token: 'x'.repeat(5_000) }), 413],
    ['of another type', 'token', 415],
    ['as JSON', '{"token":"token-of-the-scraper"}', 401],
    ['without a token', new URLSearchParams({ other: TOKEN }), 401],
  ])('refuses a body %s', async (name, body, status) => {
    const { url } = await startService({ env });
    const headers = { connection: 'close', ...(name === 'as JSON' && { 'content-type': 'application/json' }) };
    const response = await fetch(`${url}/status/login`, { method: 'POST', body, headers });
    expect(response.status).toBe(status);
    await response.body?.cancel();
  });

  it('takes forms at no other address', async () => {
    const { url } = await startService();
    const response = await fetch(`${url}/graphql`, { method: 'POST', body: new URLSearchParams({ query: '{a}' }) });
    expect(response.status).toBe(415);
    await response.body?.cancel();
  });
});

describe('a session', () => {
  const env = { ROUTER_SECRET: SECRET };
  const sessionOf = async (service: TestService): Promise<string> =>
    /^[^;]*/.exec((await logIn(service, SECRET)).headers.get('set-cookie') ?? '')?.[0] ?? '';

  it('ends after twelve hours', async () => {
    let shiftMs = 0;
    const clock = { ...createClock(), wallMs: () => Date.now() + shiftMs };
    const service = await startService({ env, clock });
    const cookie = await sessionOf(service);
    shiftMs = 12 * 3_600_000 - 60_000;
    expect((await textOf(service.get('/status', { cookie })))[0]).toBe(200);
    shiftMs = 12 * 3_600_000 + 60_000;
    expect((await textOf(service.get('/status', { cookie })))[0]).toBe(401);
  });

  it('is known to replicas with the same secrets, and to no other', async () => {
    const [one, same, other] = await Promise.all([
      startService({ env }),
      startService({ env }),
      startService({ env: { ROUTER_SECRET: `${SECRET}-2` } }),
    ]);
    const cookie = await sessionOf(one);
    expect((await textOf(same.get('/status', { cookie })))[0]).toBe(200);
    expect((await textOf(other.get('/status', { cookie })))[0]).toBe(401);
  });

  it('cannot be made longer, or without a secret', async () => {
    const service = await startService({ env });
    const cookie = await sessionOf(service);
    expect((await textOf(service.get('/status', { cookie })))[0]).toBe(200);
    const [name = '', end = '', signature = ''] = cookie.split(/[=.]/);
    for (const forged of [
      `${name}=${Number(end) + 1}.${signature}`,
      `${name}=${end}.${'A'.repeat(43)}`,
      `${name}=${end}.`,
      `${name}=${end}`,
      `${name}=`,
      `x${cookie}`,
    ]) {
      expect((await textOf(service.get('/status', { cookie: forged })))[0], forged).toBe(401);
    }
  });
});

describe('GET /status/events', () => {
  it('sends the figures again and again', async () => {
    const service = await startService();
    const events = readEvents(service, {}, (text) => text.includes('<strong>1</strong> <span>not limited'));
    await service.ask('{ findCampaignRecords(phone: "3064821975") { id } }');
    expect((await events).split('data: ').length).toBeGreaterThan(1);
  });

  it('ends when the service drains, so that the service ends, too', async () => {
    const service = await startService({ env: { DRAIN_GRACE_MS: '0' } });
    let received = '';
    const events = readEvents(service, {}, (text) => {
      received = text;
      return false;
    });
    await vi.waitFor(() => expect(received).toContain('\n\n'));
    await service.stop();
    expect(await events).toMatch(/event: notice\ndata: This replica stops\.\n\n$/);
  });
});
