import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createErrorFormatter } from '../../src/graphql/errors.js';
import { FAULT_NAMES } from '../../src/simulator/faults.js';
import { createSimulator } from '../../src/simulator/server.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { LOG_FIELDS, createLog, describeBug } from '../../src/telemetry/log.js';
import { startService, type GraphResponse, type TestService } from '../support/service.js';
import { startProcess } from '../support/service-process.js';

/** What must not leave the process but in an answer to who asked for it. */
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

/** Each planted text as it stands and as addresses, JSON, base64 and a different case would write it. */
function leaksIn(text: string): string[] {
  const low = text.toLowerCase();
  return PLANTED.filter((value) =>
    [
      value,
      encodeURIComponent(value),
      new URLSearchParams({ v: value }).toString().slice(2),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      Buffer.from(value).toString('base64url'),
      Buffer.from(value).toString('hex'),
    ].some((form) => low.includes(form.toLowerCase())),
  );
}

const HEADERS = { 'router-authorization': SECRETS.routerSecret };
const FIELDS =
  'id campaignId customerId customerName customerLastName opts { value } phones { number } date calls connId result fetchedAt';
const byPhone = `{ findCampaignRecords(phone: "${PERSON.phone}") { ${FIELDS} } }`;
const byId = `{ findCampaignRecords(customerId: "${PERSON.customerId}") { ${FIELDS} } }`;

/** A service whose every line is kept, and everything that left it beside the data of its answers. */
async function startWatched(settings: Partial<SimulatorSettings> = {}): Promise<{
  service: TestService;
  ask: (query: unknown, variables?: unknown, more?: object) => Promise<GraphResponse>;
  everything: () => Promise<string>;
}> {
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
    settings: { tokens: [SECRETS.token], bombMb: 3, slowMs: 10, dripMs: 10, retryAfterSeconds: 9, ...settings },
    probes: { firstMs: 1, lastMs: 1, tokenMs: 1 },
  });
  const outside: string[] = [];
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
  return {
    service,
    async ask(query, variables, more = {}) {
      const response = await fetch(`${service.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...HEADERS },
        body: JSON.stringify({ query, variables, ...more }),
      });
      const { data, ...rest } = (await response.json()) as GraphResponse;
      outside.push(JSON.stringify(rest), ...[...response.headers].map((header) => header.join(': ')));
      return { status: response.status, headers: response.headers, data, errors: rest.errors };
    },
    async everything() {
      const pages = await Promise.all(['/metrics', '/readyz', '/livez'].map((page) => service.get(page, HEADERS)));
      const texts = await Promise.all(pages.map((page) => page.text()));
      return [...outside, ...service.lines, ...texts].join('\n');
    },
  };
}

describe('Nothing planted leaves the process', () => {
  it('but in the data of an answer; and what looks for it would find it', async () => {
    const { ask, everything, service } = await startWatched();
    const found = await ask(byPhone);
    expect(leaksIn(JSON.stringify(found.data)).sort()).toEqual(Object.values(PERSON).sort());
    await ask(byId);
    await ask(`{ findCampaignRecords(campaignId: "4821") { ${FIELDS} } }`);
    const of = [
      { __typename: 'Customer', customerId: PERSON.customerId },
      ...(found.data?.['findCampaignRecords'] as { id: string }[]).map(({ id }) => ({
        __typename: 'CampaignRecord',
        id,
      })),
    ];
    const entities = await ask(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { campaignRecords { id } } ... on CampaignRecord { id } } }',
      { of },
    );
    expect(entities.errors).toBeUndefined();
    const ids = JSON.stringify(entities.data);
    expect(leaksIn(ids)).toEqual([]);
    for (const { id } of of.slice(1) as { id: string }[]) {
      expect(leaksIn(Buffer.from(id.slice(1), 'base64url').toString('latin1'))).toEqual([]);
    }
    await service.get(`/graphql?query=${encodeURIComponent(byPhone)}`, { ...HEADERS, 'apollo-require-preflight': '1' });
    const text = await everything();
    expect(text).toContain('call answered');
    expect(leaksIn(text)).toEqual([]);
  });

  it.each(FAULT_NAMES)('with the fault %s', async (fault) => {
    const { ask, everything, service } = await startWatched();
    service.simulator.faults.always(fault);
    await Promise.all([ask(byPhone), ask(byId)]);
    expect(leaksIn(await everything())).toEqual([]);
  });

  const echo = `${PERSON.phone} ${PERSON.customerId} ${PERSON.name} ${PERSON.lastName} ${PERSON.opt} ${SECRETS.token}`;
  it.each<[string, { status: number; body: string; headers?: Record<string, string> }]>([
    ['a refusal', { status: 403, body: JSON.stringify({ code: echo, error: echo, msg: echo, [echo]: echo }) }],
    [
      'a refused token',
      { status: 403, body: JSON.stringify({ code: '403', error: echo, msg: `PLEASE VALIDATE TOKEN ${echo}` }) },
    ],
    ['an error page', { status: 500, body: `<html>${echo}</html>` }],
    [
      'a success that is none',
      { status: 200, body: JSON.stringify({ code: '200', error: echo, msg: echo, data: echo }) },
    ],
    [
      'rows that are none',
      { status: 200, body: JSON.stringify({ code: '200', error: null, msg: echo, data: [echo, [echo]] }) },
    ],
    ['half of an answer', { status: 200, body: `{"code":"200","data":[{"customer_name":"${echo}` }],
    [
      'its headers',
      {
        status: 503,
        body: '',
        headers: { 'retry-after': echo.normalize('NFD').replace(/[^ -~]/g, ''), 'x-trace': PERSON.name },
      },
    ],
    ['a redirect', { status: 302, body: '', headers: { location: `http://127.0.0.1:1/?phone=${PERSON.phone}` } }],
  ])('where Wolkvox repeats it in %s', async (_, answer) => {
    const { ask, everything, service } = await startWatched();
    service.simulator.respondWith(() => answer);
    await Promise.all([ask(byPhone), ask(byId)]);
    expect(leaksIn(await everything())).toEqual([]);
  });

  it('where the input is wrong, in whatever way', async () => {
    const { ask, everything, service } = await startWatched();
    const { phone, customerId, name, opt } = PERSON;
    const ofVariable = (type: string): string => `query ($v: ${type}) { findCampaignRecords(phone: $v) { id } }`;
    for (const value of [name, `${phone}x`, `${phone}${phone}`, opt]) {
      await ask('query ($v: String) { findCampaignRecords(phone: $v) { id } }', { v: value });
      await ask('query ($v: ID) { findCampaignRecords(campaignId: $v) { id } }', { v: value });
      await ask('query ($v: ID) { findCampaignRecords(customerId: $v) { id } }', { v: `${value}\u0000` });
      await ask('query ($v: ID) { findCampaignRecords(customerId: $v) { id } }', { v: value.repeat(20) });
    }
    for (const v of [
      { a: phone },
      [phone],
      Number(phone),
      true,
      { [name]: name },
      `"${opt}"; String cannot represent value`,
    ]) {
      for (const type of ['String', 'String!', 'Int', 'Boolean', '[_Any!]!', 'Nope'])
        await ask(ofVariable(type), { v });
    }
    await ask(`query ($v: Int!) { findCampaignRecords(maxAge: $v, phone: "${phone}") { id } }`, { v: phone });
    await ask(ofVariable('String!'), {});
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
      const { status, errors } = await ask(document);
      expect(errors, `${status} ${document}`).not.toEqual([]);
    }
    await ask('query A { __typename }', {}, { operationName: opt });
    await ask([byPhone]);
    await ask(undefined, { phone }, { extensions: { persistedQuery: { version: 1, sha256Hash: opt } } });
    for (const [body, headers] of [
      [`{"phone":"${phone}`, {}],
      [JSON.stringify([{ query: byPhone }]), {}],
      [byPhone, { 'content-type': `text/plain; a=${name}` }],
      [JSON.stringify({ query: byPhone }), { 'content-encoding': name }],
      [JSON.stringify({ query: byPhone }), { 'router-authorization': `${SECRETS.routerSecret}0` }],
    ] satisfies [string, Record<string, string>][]) {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...HEADERS, ...headers },
        body,
      };
      expect(leaksIn(await (await fetch(`${service.url}/graphql`, init)).text())).toEqual([]);
      expect(leaksIn(await (await fetch(`${service.url}/forget`, init)).text())).toEqual([]);
    }
    expect(leaksIn(await everything())).toEqual([]);
  });

  it('where a person is forgotten', async () => {
    const { ask, everything, service } = await startWatched();
    await ask(byPhone);
    for (const person of [{ phone: PERSON.phone }, { customerId: PERSON.customerId }, { phone: PERSON.name }]) {
      const response = await fetch(`${service.url}/forget`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...HEADERS },
        body: JSON.stringify(person),
      });
      expect(leaksIn(await response.text())).toEqual([]);
    }
    expect(leaksIn(await everything())).toEqual([]);
  });

  it('where an error is a bug: its name and place are logged, its words are not', () => {
    const words = `${PERSON.phone}\n    at ${PERSON.name} (/srv/${PERSON.customerId}.js:1:1)\n${SECRETS.token}`;
    const bug = Object.assign(new Error(words, { cause: new TypeError(PERSON.opt) }), {
      code: PERSON.phone,
      name: 'Bug',
    });
    const described = describeBug(bug);
    expect(described).toMatchObject({ error: 'Bug', code: undefined, causes: ['TypeError'] });
    expect(described.at).not.toEqual([]);
    expect(leaksIn(JSON.stringify(described))).toEqual([]);
    const bugs: unknown[] = [];
    const shown = createErrorFormatter((error) => bugs.push(error))({ message: words, path: ['a'] }, bug);
    expect(shown).toEqual({
      message: 'Internal server error',
      path: ['a'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false },
    });
    expect(bugs).toEqual([bug]);
    expect(describeBug(PERSON.name)).toEqual({ error: 'string' });
  });

  it('by way of a field that a line may not have, or of a secret in one that it may', () => {
    const lines: string[] = [];
    const secrets = [...Object.values(SECRETS), 'a "quoted" \\ secret'];
    const log = createLog({ level: 'trace', secrets, destination: { write: (line: string) => lines.push(line) } });
    const fields = { phone: PERSON.phone, kind: 'server', nested: { name: PERSON.name } };
    log.error('with more than it may have', fields);
    for (const secret of secrets) log.warn(`with ${secret}`, { reason: encodeURIComponent(secret), detail: secret });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 50,
      time: expect.any(String) as string,
      event: 'with more than it may have',
      kind: 'server',
    });
    expect(leaksIn(lines.join(''))).toEqual([]);
    expect(lines.join('')).not.toContain('quoted');
    expect(new Set(LOG_FIELDS).size).toBe(LOG_FIELDS.length);
  });
});

describe('A process', () => {
  const env = {
    WOLKVOX_TOKEN: SECRETS.token,
    ROUTER_SECRET: SECRETS.routerSecret,
    RECORD_ID_SECRET: SECRETS.recordIdSecret,
    LOG_LEVEL: 'trace',
  };

  it('that meets a bug which nobody handles writes nothing of it but its name and place', async () => {
    const words = JSON.stringify(`${Object.values(PERSON).join(' ')} ${Object.values(SECRETS).join(' ')}`);
    const simulator = createSimulator({ settings: { tokens: [SECRETS.token], latency: { minMs: 0, maxMs: 0 } } });
    const { url: upstream } = await simulator.listen();
    onTestFinished(() => simulator.close());
    const service = startProcess(
      { ...env, WOLKVOX_SERVER: '0042', WOLKVOX_BASE_URL: upstream },
      `process.on('SIGUSR2', () => void Promise.reject(Object.assign(new Error(${words}, { cause: ${words} }), { person: ${words} })));`,
    );
    const response = await fetch(`${await service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...HEADERS },
      body: JSON.stringify({ query: byPhone }),
    });
    expect(response.status).toBe(200);
    service.kill('SIGUSR2');
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('a bug: nobody handled this error');
    expect(leaksIn(service.output())).toEqual([]);
  });

  it('with a wrong configuration writes no value of it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), `${PERSON.name}-`));
    const file = path.join(folder, 'secret');
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
      RECORD_ID_SECRET_FILE: `${file}-not-there`,
      LOG_LEVEL: SECRETS.recordIdSecret,
    });
    expect(await service.ended).toBe(1);
    expect(service.output()).toMatch(/ROUTER_SECRET/);
    expect(
      service
        .output()
        .split('\n')
        .filter((line) => line.startsWith('  - ')),
    ).toHaveLength(9);
    expect(leaksIn(service.output())).toEqual([]);
  });
});
