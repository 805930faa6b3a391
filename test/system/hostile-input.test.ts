import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSimulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const AT_ONCE = 20;
/** The bar is 200 MB. V8 collects garbage when it likes, and other tests run beside this one. */
const MAX_GROWTH_MB = 300;
/** A campaign of about 1,000 records. */
const LARGE_CAMPAIGN = '9999';

const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');
const representations = (count: number, write: (index: number) => object): object => ({
  query: `query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on Customer { campaignRecords { id } } ... on CampaignRecord { calls }
  } }`,
  variables: { of: Array.from({ length: count }, (_, index) => write(index)) },
});
const list = (selection: string): object => ({
  query: `{ findCampaignRecords(campaignId: "${LARGE_CAMPAIGN}") { ${selection} } }`,
});

/** Requests, and the codes that their responses may have. */
const REQUESTS: Readonly<Record<string, { readonly body: object; readonly codes: readonly string[] }>> = {
  '100,000 foreign representations': {
    body: representations(100_000, () => ({ __typename: 'A' })),
    codes: ['BAD_USER_INPUT'],
  },
  '30,000 customers': {
    body: representations(30_000, (index) => ({ __typename: 'Customer', customerId: `${30_000_000 + index}` })),
    codes: ['BAD_USER_INPUT'],
  },
  '2,000 customers': {
    body: representations(2_000, (index) => ({ __typename: 'Customer', customerId: `${30_000_000 + index}` })),
    codes: ['TOO_MANY_LOOKUPS', 'UPSTREAM_BUSY', 'UPSTREAM_TIMEOUT'],
  },
  '2,000 foreign representations': {
    body: representations(2_000, () => ({ __typename: 'A' })),
    codes: ['BAD_USER_INPUT'],
  },
  '17,000 forged ids': {
    body: representations(17_000, (index) => ({ __typename: 'CampaignRecord', id: `1${'A'.repeat(60)}${index}` })),
    codes: ['BAD_USER_INPUT'],
  },
  '600,000 objects that nothing uses': {
    body: { query: '{ __typename }', variables: { of: Array.from({ length: 600_000 }, () => ({})) } },
    codes: ['BAD_USER_INPUT'],
  },
  '400 ids of 1,000 records': { body: list(times(400, (index) => `a${index}: id`)), codes: ['RESULT_TOO_LARGE'] },
  '480 numbers of 1,000 records': {
    body: list(times(480, (index) => `a${index}: calls`)),
    codes: ['UPSTREAM_BUSY', 'none'],
  },
  '25 inner lists of 1,000 records': {
    body: list(times(20, (index) => `a${index}: opts { position }`)),
    codes: ['UPSTREAM_BUSY', 'none'],
  },
  '20,000 copies of the SDL': {
    body: {
      query: `{ ${times(200, (index) => `a${index}: _service { ...s }`)} }
        fragment s on _Service { ${times(99, (index) => `b${index}: sdl`)} }`,
    },
    codes: ['RESULT_TOO_LARGE', 'UPSTREAM_BUSY'],
  },
  'a key of 1.9 MB, 400 times': {
    body: {
      query: `query ($of: [_Any!]!) { _entities(representations: $of) {
        ... on Customer { ${times(400, (index) => `a${index}: customerId`)} }
      } }`,
      variables: { of: [{ __typename: 'Customer', customerId: 'x'.repeat(1_900_000) }] },
    },
    codes: ['BAD_USER_INPUT'],
  },
};

interface SmallService extends ServiceProcess {
  readonly address: string;
  /** Megabytes of memory. */
  readonly memoryMb: () => number;
}

/** A service with a heap of 512 MB, which has answered a query. */
async function startSmall(): Promise<SmallService> {
  const simulator = createSimulator({ settings: { latency: { minMs: 0, maxMs: 0 } } });
  for (let index = 0; index < 990; index += 1) {
    simulator.add({ campaign_id: LARGE_CAMPAIGN, customer_id: `${40_000_000 + index}`, opt1: 'Tarjeta', calls: '2' });
  }
  const { url: upstream } = await simulator.listen();
  onTestFinished(() => simulator.close());
  const service = startProcess({
    NODE_OPTIONS: '--max-old-space-size=512',
    WOLKVOX_SERVER: '0042',
    WOLKVOX_TOKEN: SIMULATOR_TOKEN,
    WOLKVOX_BASE_URL: upstream,
    CACHE_TTL_SECONDS: '3600',
  });
  const address = await service.url;
  expect((await send(address, list('id'))).errors).toEqual([]);
  const pid = String(service.child.pid);
  return { ...service, address, memoryMb: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', pid])) / 1_000 };
}

async function send(address: string, body: object): Promise<Pick<GraphResponse, 'status' | 'errors'>> {
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', connection: 'close' },
    body: gzipSync(JSON.stringify(body)),
  });
  const { errors = [] } = JSON.parse(await response.text()) as Partial<GraphResponse>;
  return { status: response.status, errors };
}

describe('a service with a heap of 512 MB', () => {
  it('answers hostile requests, 20 at once, with clear errors and with little memory (defects 43 and 44)', async () => {
    const { address, memoryMb, errors } = await startSmall();
    for (const [name, { body, codes }] of Object.entries(REQUESTS)) {
      const before = memoryMb();
      expect(before).toBeGreaterThan(50);
      let highestMb = 0;
      const timer = setInterval(() => {
        highestMb = Math.max(highestMb, memoryMb());
      }, 100);
      const responses = await Promise.all(Array.from({ length: AT_ONCE }, () => send(address, body)));
      clearInterval(timer);
      highestMb = Math.max(highestMb, memoryMb());
      for (const response of responses) {
        expect([200, 400, 413], name).toContain(response.status);
        expect(response.errors.length, name).toBeLessThanOrEqual(100);
        for (const code of response.errors.length === 0 ? ['none'] : codesOf(response)) {
          expect([...codes, 'BAD_REQUEST'], name).toContain(code);
        }
      }
      expect(highestMb - before, name).toBeLessThan(MAX_GROWTH_MB);
    }
    expect((await fetch(`${address}/livez`, { headers: { connection: 'close' } })).status).toBe(200);
    expect((await send(address, list('id'))).errors).toEqual([]);
    expect(errors()).toBe('');
  }, 120_000);

  it('uses little memory for 40 clients that never read, and answers the others (defect 44)', async () => {
    const { address, memoryMb } = await startSmall();
    const before = memoryMb();
    const body = JSON.stringify(list(times(60, (index) => `a${index}: id`)));
    const head = ['POST /graphql HTTP/1.1', 'host: localhost', 'content-type: application/json'];
    const closed: Promise<void>[] = [];
    for (let client = 0; client < 40; client += 1) {
      const socket = connect(Number(new URL(address).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.pause();
      socket.write([...head, `content-length: ${body.length}`, '', body].join('\r\n'));
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    }
    for (let round = 0; round < 20; round += 1) {
      expect((await send(address, list('customerId'))).errors).toEqual([]);
      expect(memoryMb() - before).toBeLessThan(MAX_GROWTH_MB);
    }
    // The response of 7 MB is refused while the others are not taken.
    expect(codesOf(await send(address, JSON.parse(body) as object))).toEqual(['UPSTREAM_BUSY']);
    expect(closed).toHaveLength(40);
  }, 120_000);
});
