import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LOG_FIELDS } from '../../src/core/log.js';
import { createErrorFormatter } from '../../src/graphql/errors.js';
import { FAULT_NAMES } from '../../src/simulator/faults.js';
import { createSimulator } from '../../src/simulator/server.js';
import { createLog, describeBug } from '../../src/telemetry/log.js';
import { askGraph, type GraphResponse } from '../support/graphql-client.js';
import { logLines, startService, type TestService } from '../support/service.js';
import { startProcess } from '../support/service-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Values that the service knows. They may leave it in the data of a response only, and the secrets not at all. */
const SECRETS = {
  token: 'planted-token-Q7x9/0042',
  routerSecret: 'planted-router-secret-Q7x9-of-enough-characters',
  recordIdSecret: 'planted-record-secret-Q7x9-of-enough-characters',
};
const PERSON = {
  phone: '3079911882',
  customerId: 'CC-77441122',
  name: 'Wilhelmina',
  lastName: 'Quintanilla',
  opt: 'planted opt 7744 of the list',
};
const PLANTED = [...Object.values(SECRETS), ...Object.values(PERSON)];

/** The planted values in a text: as they are, encoded as in a URL, in base64 or hexadecimal, and in any case. */
function leaksIn(text: string): string[] {
  const lowerCase = text.toLowerCase();
  return PLANTED.filter((value) =>
    [
      value,
      encodeURIComponent(value),
      new URLSearchParams({ v: value }).toString().slice(2),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      Buffer.from(value).toString('base64url'),
      Buffer.from(value).toString('hex'),
    ].some((form) => lowerCase.includes(form.toLowerCase())),
  );
}

const HEADERS = { 'router-authorization': SECRETS.routerSecret };
const FIELDS =
  'id campaignId customerId customerName customerLastName opts { value } phones { number } date calls connId result fetchedAt';
const BY_PHONE = `{ findCampaignRecords(phone: "${PERSON.phone}") { ${FIELDS} } }`;
const BY_CUSTOMER_ID = `{ findCampaignRecords(customerId: "${PERSON.customerId}") { ${FIELDS} } }`;

interface PostResponse {
  readonly status: number;
  readonly text: string;
}

interface WatchedService {
  readonly service: TestService;
  readonly ask: (query: string, variables?: object) => Promise<GraphResponse>;
  readonly post: (route: string, body: string, headers?: Record<string, string>) => Promise<PostResponse>;
  /** Everything that left the service but the data of responses: errors, headers, the log, health and metrics. */
  readonly output: () => Promise<string>;
}

/** A service with the planted secrets, over a simulator that knows the planted person. */
async function startWatched(): Promise<WatchedService> {
  const service = await startService({
    env: {
      WOLKVOX_TOKEN: SECRETS.token,
      ROUTER_SECRET: SECRETS.routerSecret,
      RECORD_ID_SECRET: SECRETS.recordIdSecret,
      LOG_LEVEL: 'trace',
      WOLKVOX_TIMEOUT_MS: '80',
      REQUEST_DEADLINE_MS: '3000',
      RESPONSE_MAX_MB: '1',
    },
    settings: { tokens: [SECRETS.token], bombMb: 3, slowMs: 10, dripMs: 10, retryAfterSeconds: 12 },
    probeDelays: { firstMs: 1, maxMs: 1, tokenMs: 1 },
  });
  service.simulator.add({
    campaign_id: '4821',
    customer_id: PERSON.customerId,
    customer_name: PERSON.name,
    customer_last_name: PERSON.lastName,
    tel1: `57${PERSON.phone}`,
    opt1: PERSON.opt,
    result: 'ANSWER',
    calls: '2',
  });
  const sent: string[] = [];
  return {
    service,
    async ask(query, variables) {
      const response = await service.ask(query, { ...variables }, { headers: HEADERS });
      sent.push(JSON.stringify(response.errors), ...[...response.headers].flat());
      return response;
    },
    async post(route, body, headers = {}) {
      const response = await fetch(service.url + route, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...HEADERS, ...headers },
        body,
      });
      const text = await response.text();
      sent.push(text, ...[...response.headers].flat());
      return { status: response.status, text };
    },
    async output() {
      const texts = await Promise.all(
        ['/metrics', '/readyz', '/livez'].map(async (page) => (await service.get(page, HEADERS)).text()),
      );
      return [...sent, ...service.lines, ...texts].join('\n');
    },
  };
}

describe('planted values', () => {
  it('are in the data of responses, and nowhere else', async () => {
    const { ask, output, service } = await startWatched();
    const found = await ask(BY_PHONE);
    // The search finds what is there.
    expect(leaksIn(JSON.stringify(found.data)).sort()).toEqual(Object.values(PERSON).sort());
    await ask(BY_CUSTOMER_ID);
    await ask(`{ findCampaignRecords(campaignId: "4821") { ${FIELDS} } }`);
    await service.get(`/graphql?query=${encodeURIComponent(BY_PHONE)}`, {
      ...HEADERS,
      'apollo-require-preflight': '1',
    });
    expect(logLines(service, 'call.answered').length).toBeGreaterThan(0);
    expect(leaksIn(await output())).toEqual([]);
  });

  it('are in no record id', async () => {
    const { ask, output } = await startWatched();
    const found = await ask(BY_PHONE);
    const ids = (found.data?.['findCampaignRecords'] as { id: string }[]).map(({ id }) => id);
    expect(ids).not.toEqual([]);
    for (const id of ids) expect(leaksIn(Buffer.from(id.slice(1), 'base64url').toString('latin1'))).toEqual([]);
    const { data, errors } = await ask(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { campaignRecords { id } } ... on CampaignRecord { id } } }',
      {
        of: [
          { __typename: 'Customer', customerId: PERSON.customerId },
          ...ids.map((id) => ({ __typename: 'CampaignRecord', id })),
        ],
      },
    );
    expect(errors).toEqual([]);
    expect(leaksIn(JSON.stringify(data))).toEqual([]);
    expect(leaksIn(await output())).toEqual([]);
  });

  it.each(FAULT_NAMES)('do not leak when Wolkvox has the fault %s', async (fault) => {
    const { ask, output, service } = await startWatched();
    service.simulator.faults.always(fault);
    await Promise.all([ask(BY_PHONE), ask(BY_CUSTOMER_ID)]);
    expect(service.simulator.requestLog.requests.map(({ outcome }) => outcome)).toContainEqual(
      expect.stringMatching(/^(fault: |refused: |match$)/),
    );
    expect(leaksIn(await output())).toEqual([]);
  });

  const echo = `${PERSON.phone} ${PERSON.customerId} ${PERSON.name} ${PERSON.lastName} ${PERSON.opt} ${SECRETS.token}`;
  it.each<[string, { status: number; body: string; headers?: Record<string, string> }]>([
    ['a refusal', { status: 403, body: JSON.stringify({ code: echo, error: echo, msg: echo, [echo]: echo }) }],
    [
      'the refusal of a token',
      { status: 403, body: JSON.stringify({ code: '403', error: echo, msg: `PLEASE VALIDATE TOKEN ${echo}` }) },
    ],
    ['an error page', { status: 500, body: `<html>${echo}</html>` }],
    [
      'a success without records',
      { status: 200, body: JSON.stringify({ code: '200', error: echo, msg: echo, data: echo }) },
    ],
    [
      'malformed rows',
      { status: 200, body: JSON.stringify({ code: '200', error: null, msg: echo, data: [echo, [echo]] }) },
    ],
    ['half of an answer', { status: 200, body: `{"code":"200","data":[{"customer_name":"${echo}` }],
    [
      'a header',
      {
        status: 503,
        body: '',
        headers: { 'retry-after': echo.normalize('NFD').replace(/[^ -~]/g, ''), 'x-trace': PERSON.name },
      },
    ],
    ['a redirect', { status: 302, body: '', headers: { location: `http://127.0.0.1:1/?phone=${PERSON.phone}` } }],
  ])('do not leak when Wolkvox repeats them in %s', async (_, response) => {
    const { ask, output, service } = await startWatched();
    service.simulator.respondWith(() => response);
    await Promise.all([ask(BY_PHONE), ask(BY_CUSTOMER_ID)]);
    expect(logLines(service, 'call.failed').length).toBeGreaterThan(0);
    expect(leaksIn(await output())).toEqual([]);
  });

  it('do not leak when a document is wrong', async () => {
    const { ask, output } = await startWatched();
    const { phone, customerId, name, opt } = PERSON;
    for (const document of [
      `{ findCampaignRecords(phone: ${phone}) { id } }`,
      `{ findCampaignRecords(phone: ${name}) { id } }`,
      `{ findCampaignRecords(phone: ["${phone}"]) { id } }`,
      `{ findCampaignRecords(phone: {a: "${opt}"}) { id } }`,
      `{ findCampaignRecords(phone: "a", maxAge: "${opt}") { id } }`,
      `{ findCampaignRecords(phone: "a", maxAge: ${phone}${phone}) { id } }`,
      `{ findCampaignRecords(phone: "${phone} { id } }`,
      `{ findCampaignRecords(phone: '${phone}') { id } }`,
      `{ findCampaignRecords(phone: """${opt}) { id } }`,
      `{ findCampaignRecords(phone: "${phone}" "${opt}") { id } }`,
      `{ findCampaignRecords(phone: "a") { id } } "${opt}"`,
      `{ findCampaignRecords(phone: "a") { id } } ${name}`,
      `{ findCampaignRecords(phone: "\\u${phone}") { id } }`,
      `{ findCampaignRecords(phone: "a") @include(if: "${opt}") { id } }`,
      `query ($v: Int = "${opt}") { findCampaignRecords(phone: "a", maxAge: $v) { id } }`,
      `{ _entities(representations: [{__typename: "${opt}", id: "${phone}"}]) { __typename } }`,
      `{ _entities(representations: ["${customerId}"]) { __typename } }`,
      name,
      phone,
      `{ ${'a { '.repeat(40)} findCampaignRecords(phone: "${phone}") ${'}'.repeat(41)}`,
      `{ ${`findCampaignRecords(phone: "${phone}") { id } `.repeat(200)} }`,
    ]) {
      const { errors } = await ask(document);
      expect(errors, document).not.toEqual([]);
    }
    expect(leaksIn(await output())).toEqual([]);
  });

  it('do not leak when a variable is wrong', async () => {
    const { ask, output } = await startWatched();
    const { phone, name, opt } = PERSON;
    const argument = (type: string): string => `query ($v: ${type}) { findCampaignRecords(phone: $v) { id } }`;
    const values = [{ a: phone }, [phone], Number(phone), true, { [name]: name }, `"${opt}"; String cannot represent`];
    const types = ['String', 'String!', 'Int', 'Boolean', '[_Any!]!', 'Unknown'];
    const wrong: [string, unknown][] = [
      ...values.flatMap((v): [string, unknown][] => types.map((type) => [argument(type), v])),
      ...[name, `${phone}x`, `${phone}${phone}`, opt].flatMap((v): [string, unknown][] => [
        [argument('String'), v],
        ['query ($v: ID) { findCampaignRecords(campaignId: $v) { id } }', v],
        ['query ($v: ID) { findCampaignRecords(customerId: $v) { id } }', `${v}\u0000`],
        ['query ($v: ID) { findCampaignRecords(customerId: $v) { id } }', v.repeat(20)],
      ]),
      [`query ($v: Int!) { findCampaignRecords(maxAge: $v, phone: "${phone}") { id } }`, phone],
      [argument('String!'), undefined],
    ];
    for (const [document, v] of wrong) {
      const { errors } = await ask(document, { v });
      expect(errors, `${document} ${JSON.stringify(v)}`).not.toEqual([]);
    }
    expect(leaksIn(await output())).toEqual([]);
  });

  it.each(['/graphql', '/forget'])('do not leak when a body or a header of a request to %s is wrong', async (route) => {
    const { post, output } = await startWatched();
    const { phone, name, opt } = PERSON;
    const requests: [string, Record<string, string>][] = [
      [`{"phone":"${phone}`, {}],
      [JSON.stringify([{ query: BY_PHONE }]), {}],
      [JSON.stringify({ query: 'query A { __typename }', operationName: opt }), {}],
      [JSON.stringify({ variables: { phone }, extensions: { persistedQuery: { version: 1, sha256Hash: opt } } }), {}],
      [BY_PHONE, { 'content-type': `text/plain; a=${name}` }],
      [JSON.stringify({ query: BY_PHONE }), { 'content-encoding': name }],
      [JSON.stringify({ query: BY_PHONE }), { 'router-authorization': `${SECRETS.routerSecret}0` }],
    ];
    for (const [body, headers] of requests) expect((await post(route, body, headers)).text, body).toContain('errors');
    expect(leaksIn(await output())).toEqual([]);
  });

  it('do not leak when a person is erased', async () => {
    const { ask, post, output } = await startWatched();
    await ask(BY_PHONE);
    expect(await post('/forget', JSON.stringify({ phone: PERSON.phone }))).toMatchObject({
      status: 200,
      text: '{"forgotten":1}',
    });
    expect(await post('/forget', JSON.stringify({ customerId: PERSON.customerId }))).toMatchObject({ status: 200 });
    expect(await post('/forget', JSON.stringify({ phone: PERSON.name }))).toMatchObject({ status: 400 });
    expect(leaksIn(await output())).toEqual([]);
  });

  it('are in no line of the log, as a field that is not on the list or as a secret in one that is', () => {
    const lines: string[] = [];
    const secrets = [...Object.values(SECRETS), 'a "quoted" \\ secret'];
    const log = createLog({ level: 'trace', secrets, destination: { write: (line: string) => lines.push(line) } });
    const fields = { phone: PERSON.phone, reason: 'server', nested: { name: PERSON.name } };
    log.error('test.fields', fields);
    for (const secret of secrets) log.warn(`test ${secret}`, { reason: encodeURIComponent(secret), detail: secret });
    expect(lines).toHaveLength(1 + secrets.length);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'error',
      time: expect.any(String) as string,
      event: 'test.fields',
      reason: 'server',
      msg: 'test.fields',
    });
    expect(leaksIn(lines.join(''))).toEqual([]);
    expect(lines.join('')).not.toContain('quoted');
    expect(new Set(LOG_FIELDS).size).toBe(LOG_FIELDS.length);
  });
});

describe('a bug', () => {
  it('is logged with its name and where it was thrown, but without its message, and masked in the response', () => {
    const message = `${PERSON.phone}\n    at ${PERSON.name} (/srv/${PERSON.customerId}.js:1:1)\n${SECRETS.token}`;
    const bug = Object.assign(new Error(message, { cause: new TypeError(PERSON.opt) }), {
      code: PERSON.phone,
      name: 'Bug',
    });
    const described = describeBug(bug);
    expect(described).toMatchObject({ error: 'Bug', code: undefined, causes: ['TypeError'] });
    expect(described.stack).not.toEqual([]);
    expect(leaksIn(JSON.stringify(described))).toEqual([]);
    const bugs: unknown[] = [];
    expect(createErrorFormatter((error) => bugs.push(error))({ message, path: ['a'] }, bug)).toEqual({
      message: 'Internal server error',
      path: ['a'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false },
    });
    expect(bugs).toEqual([bug]);
    expect(describeBug(PERSON.name)).toEqual({ error: 'string' });
  });

  it('that ends the process is written without a planted value', async () => {
    const text = JSON.stringify(`${Object.values(PERSON).join(' ')} ${Object.values(SECRETS).join(' ')}`);
    const simulator = createSimulator({ settings: { tokens: [SECRETS.token], latency: { minMs: 0, maxMs: 0 } } });
    const { url: upstream } = await simulator.listen();
    onTestFinished(() => simulator.close());
    const service = startProcess(
      {
        WOLKVOX_SERVER: '0042',
        WOLKVOX_BASE_URL: upstream,
        WOLKVOX_TOKEN: SECRETS.token,
        ROUTER_SECRET: SECRETS.routerSecret,
        RECORD_ID_SECRET: SECRETS.recordIdSecret,
        LOG_LEVEL: 'trace',
      },
      `process.on('SIGUSR2', () => void Promise.reject(
        Object.assign(new Error(${text}, { cause: ${text} }), { person: ${text} }),
      ));`,
    );
    const { status } = await askGraph(`${await service.url}/graphql`, BY_PHONE, {}, { headers: HEADERS });
    expect(status).toBe(200);
    service.kill('SIGUSR2');
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('service.bug');
    expect(leaksIn(service.output())).toEqual([]);
  });
});

describe('a wrong configuration', () => {
  it('is reported without a value of it', async () => {
    const file = path.join(temporaryFolder(`${PERSON.name}-`), 'secret');
    writeFileSync(file, `${SECRETS.routerSecret} ${SECRETS.recordIdSecret}`);
    const service = startProcess({
      NODE_ENV: 'production',
      PORT: PERSON.phone,
      WOLKVOX_TOKEN: `${SECRETS.token} ${PERSON.opt}`,
      WOLKVOX_SERVER: PERSON.customerId,
      WOLKVOX_BASE_URL: `https://${PERSON.name}:${PERSON.lastName}@x.example/`,
      WOLKVOX_TIME_ZONE: PERSON.name,
      REDIS_URL: `http://:${SECRETS.recordIdSecret}@x.example`,
      ROUTER_SECRET_FILE: file,
      RECORD_ID_SECRET_FILE: `${file}-missing`,
      LOG_LEVEL: SECRETS.recordIdSecret,
    });
    expect(await service.ended).toBe(1);
    expect(service.output()).toMatch(/ROUTER_SECRET/);
    const problems = service.output().match(/^ {2}- [A-Z_]+: .+$/gm) ?? [];
    expect(problems).toHaveLength(9);
    expect(leaksIn(service.output())).toEqual([]);
  });
});
