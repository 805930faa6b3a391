import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FaultName } from '../../src/simulator/faults.js';
import { createMovableClock, type MovableClock } from '../support/clock.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';
import { evaluate, readScrape, type Scrape } from '../support/promql.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { startService, type TestService } from '../support/service.js';
import { holdCalls } from '../support/simulator-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { alertFor, readAlarms } from '../unit/deploy/alerts.js';
import { promtool } from '../unit/deploy/promtool.js';
import { toRuleTests, type RecordedOutage } from '../unit/deploy/recorded-outages.js';
import { commandsIn, runCommand } from '../unit/deploy/runbook.js';
import { readProject, section } from '../unit/docs/tables.js';

const SECRET = 'secret-of-the-router';
const WATCHED = section(readProject('docs/metrics.md'), '## What to watch');
/** The alarms of the document, and their queries. */
const ALARMS = readAlarms();
/** What the tests below record, for promtool. */
const RECORDED: RecordedOutage[] = [];
const STALE = 'callers get stale answers';
const ERRORS = 'callers get errors';
const CIRCUIT = 'no calls are sent, because the circuit is open';

/** What a test does to a running service. */
interface World {
  readonly service: TestService;
  readonly clock: MovableClock;
  /** Only with `redis`. */
  readonly redis: RedisServer | undefined;
  readonly stateDir: string;
  /** Looks for customers that nobody looked for before. */
  readonly lookUp: (count: number) => Promise<readonly GraphResponse[]>;
}

interface Outage {
  readonly alarm: string;
  readonly when: string;
  /** The other alarms that fire in the same outage. */
  readonly also?: readonly string[];
  readonly env?: Record<string, string>;
  readonly redis?: Parameters<typeof startRedis>[0];
  readonly begin: (world: World) => Promise<unknown>;
  /** Absent: the outage cannot end within a test. */
  readonly end?: (world: World) => Promise<unknown>;
}

/** Wolkvox answers all calls in this way. */
const faulty = (fault: FaultName): Required<Pick<Outage, 'begin' | 'end'>> => ({
  async begin({ service, lookUp }) {
    service.simulator.faults.always(fault);
    await lookUp(8);
  },
  async end({ service, lookUp, clock }) {
    service.simulator.faults.clear();
    // Until the next probe, or the next check of the quota.
    clock.advance(61_000);
    await lookUp(1);
  },
});

const OUTAGES: readonly Outage[] = [
  {
    alarm: 'Wolkvox hangs',
    when: 'calls have no answer',
    also: [CIRCUIT, STALE, ERRORS],
    env: { WOLKVOX_TIMEOUT_MS: '300', STALE_AFTER_MS: '50' },
    ...faulty('silence'),
  },
  ...(['503', 'reset', 'maintenance-html'] as const).map((fault) => ({
    alarm: 'Wolkvox is down or unreachable',
    when: `calls fail (${fault})`,
    also: [CIRCUIT, STALE, ERRORS],
    ...faulty(fault),
  })),
  {
    alarm: 'Wolkvox is down or unreachable',
    when: 'nothing listens',
    also: [CIRCUIT, STALE, ERRORS],
    async begin({ service, lookUp }) {
      await service.simulator.close();
      await lookUp(8);
    },
  },
  {
    alarm: 'Wolkvox refuses the token',
    when: 'the token is wrong',
    also: [CIRCUIT, STALE, ERRORS],
    ...faulty('token-refused'),
  },
  { alarm: CIRCUIT, when: 'calls fail', also: ['Wolkvox is down or unreachable', STALE, ERRORS], ...faulty('500') },
  {
    alarm: 'another program uses the token',
    when: 'one call is refused, and its second attempt is answered',
    async begin({ service, lookUp }) {
      service.simulator.faults.next('simultaneous-refused');
      expect((await lookUp(1)).flatMap(codesOf)).toEqual([]);
    },
    end: ({ lookUp }) => lookUp(1),
  },
  {
    alarm: 'the daily calls run out',
    when: '80 percent of the limit are used',
    env: { WOLKVOX_DAILY_LIMIT: '30' },
    begin: ({ lookUp }) => lookUp(14),
    end: nextDay,
  },
  {
    alarm: 'the daily limit is reached',
    when: 'all calls of the limit are used',
    also: ['the daily calls run out', STALE, ERRORS],
    env: { WOLKVOX_DAILY_LIMIT: '20' },
    begin: ({ lookUp }) => lookUp(20),
    end: nextDay,
  },
  {
    alarm: 'Wolkvox says that the day is used up',
    when: 'Wolkvox refuses calls because of the quota',
    also: [STALE, ERRORS],
    ...faulty('quota-refused'),
  },
  {
    alarm: 'calls cannot be counted',
    when: 'STATE_DIR cannot be written',
    also: [STALE, ERRORS],
    async begin({ stateDir, lookUp }) {
      await rm(stateDir, { recursive: true });
      await lookUp(8);
    },
  },
  {
    alarm: 'Redis is unreachable',
    when: 'Redis was killed',
    also: [STALE, ERRORS],
    redis: {},
    async begin({ redis, lookUp }) {
      await redis?.kill();
      await lookUp(8);
    },
    async end({ redis, service }) {
      await redis?.restart({ empty: false });
      await expect.poll(() => metric(service, 'wolkvox_redis_up'), { timeout: 20_000 }).toBe('1');
    },
  },
  {
    alarm: 'replicas lose their slots',
    when: 'another replica has the slot of a call that runs',
    redis: {},
    async begin({ redis, service, lookUp }) {
      const calls = holdCalls(service.simulator);
      const found = lookUp(1);
      await expect.poll(() => service.simulator.requestLog.inFlight, { timeout: 20_000 }).toBe(1);
      const keys = (await redis?.command('KEYS', '*slot:*')) as string[];
      expect(keys).toHaveLength(1);
      await redis?.command('SET', keys[0] ?? '', 'another replica', 'PX', 5_000);
      const lost = 'wolkvox_slot_leases_lost_total{reason="taken"}';
      await expect.poll(() => metric(service, lost), { timeout: 20_000 }).toBe('1');
      calls.open();
      expect((await found).flatMap(codesOf)).toEqual([]);
    },
    end: ({ lookUp }) => lookUp(1),
  },
  {
    alarm: 'Redis refuses a command',
    when: 'the user loses a right',
    redis: { aclRules: '~* &* +@all' },
    async begin({ redis, lookUp }) {
      await redis?.command('ACL', 'SETUSER', 'subgraph', '-setrange');
      await lookUp(1);
    },
  },
  {
    alarm: 'two slots are too few for the load',
    when: 'calls wait in a full queue',
    also: [ERRORS],
    env: { QUEUE_LIMIT: '3' },
    async begin({ service, lookUp }) {
      const calls = holdCalls(service.simulator);
      const found = lookUp(12);
      const refused = 'wolkvox_refused_total{code="UPSTREAM_BUSY",reason="queue-full"}';
      await expect.poll(() => metric(service, refused), { timeout: 20_000 }).toBe('7');
      calls.open();
      await found;
    },
    end: ({ lookUp }) => lookUp(1),
  },
  {
    alarm: STALE,
    when: 'Wolkvox answers slowly',
    env: { STALE_AFTER_MS: '50' },
    async begin({ service }) {
      service.simulator.faults.always('slow');
    },
    end: faulty('slow').end,
  },
  {
    alarm: ERRORS,
    when: 'the answers of Wolkvox are malformed',
    also: [STALE],
    ...faulty('html-200'),
  },
  {
    alarm: 'a bug',
    when: 'the service throws an unexpected error',
    async begin({ clock, service }) {
      const epochMs = clock.epochMs.bind(clock);
      clock.epochMs = () => {
        throw new TypeError('a bug of a test');
      };
      expect(codesOf(await service.ask('{ __typename }'))).toEqual(['INTERNAL_SERVER_ERROR']);
      clock.epochMs = epochMs;
    },
    end: ({ lookUp }) => lookUp(1),
  },
  {
    alarm: 'requests without the router secret',
    when: 'a client has a wrong secret',
    env: { ROUTER_SECRET: SECRET, METRICS_PUBLIC: 'true' },
    async begin({ service }) {
      for (let request = 0; request < 12; request += 1) {
        const headers = { 'router-authorization': 'wrong' };
        expect((await service.ask('{ __typename }', {}, { headers })).status).toBe(401);
      }
    },
    end: ({ lookUp }) => lookUp(1),
  },
];

describe('the alarms of docs/metrics.md', () => {
  it('have an outage each', () => {
    expect(new Set(OUTAGES.map(({ alarm }) => alarm))).toEqual(new Set(ALARMS.keys()));
    expect(ALARMS.size).toBeGreaterThan(15);
  });

  it.each(OUTAGES.map((outage) => [outage.alarm, outage.when, outage] as const))(
    '%s: fires if %s, and not before and after',
    async (alarm, when, outage) => {
      const { also = [], begin, end } = outage;
      const world = await start(outage);
      const watch = createWatch(world.service);
      const before = await watchNormalWork(world, watch);

      // Cached answers are stale now.
      world.clock.advance(301_000);
      await begin(world);
      for (let lookup = 0; lookup < 4; lookup += 1) await world.service.ask(KNOWN, {}, { headers: HEADERS });
      const expected = [...ALARMS.keys()].filter((name) => name === alarm || also.includes(name));
      await expect
        .poll(
          async () => {
            await watch.scrape();
            return watch.firing();
          },
          { timeout: 20_000, interval: 100 },
        )
        .toEqual(expected);

      await confirm(alarm, world);

      const during = watch.last();
      const record = (after?: readonly [Scrape, Scrape]): void => {
        RECORDED.push({ name: `${alarm}: ${when}`, alerts: expected.map(alertFor), before, during, after });
      };
      if (end === undefined) {
        record();
        return;
      }
      await end(world);
      watch.passMinutes(10);
      record(await watchNormalWork(world, watch));
    },
    60_000,
  );

  it('fire and end as alerts of Prometheus in the same outages', async () => {
    const file = path.join(temporaryFolder('rules-'), 'recorded.yml');
    const rules = fileURLToPath(new URL('../../deploy/prometheus/rules.yml', import.meta.url));
    await writeFile(file, toRuleTests(RECORDED, rules));
    expect(RECORDED.length).toBeGreaterThan(0);
    expect(promtool(['test', 'rules', file])).toMatchObject({ status: 0 });
    const output = process.env['RECORD_OUTAGES'];
    if (output !== undefined) await writeFile(output, toRuleTests(RECORDED, 'rules.yml'));
  });

  it.each<[string, Record<string, string>]>([
    ['without Redis and a limit', {}],
    ['with a limit', { WOLKVOX_DAILY_LIMIT: '5000' }],
    ['with calls for the quota', { WOLKVOX_QUOTA_SYNC_MINUTES: '1' }],
  ])('do not fire in normal work %s', async (_, env) => {
    const world = await start({ env });
    const watch = createWatch(world.service);
    for (let round = 0; round < 6; round += 1) {
      await workNormally(world);
      await watch.scrape();
      expect(watch.firing()).toEqual([]);
    }
    const [, share = ''] = /needed no call of their own:\s+`([^`]+)`/.exec(WATCHED) ?? [];
    const [element] = watch.evaluate(share);
    expect(element?.value).toBeGreaterThan(0.2);
    expect(element?.value).toBeLessThan(1);
  });
});

const HEADERS = { 'router-authorization': SECRET };
const KNOWN = '{ findCampaignRecords(customerId: "20999999") { id } }';

async function start({ env = {}, redis: redisOptions }: Pick<Outage, 'env' | 'redis'>): Promise<World> {
  const clock = createMovableClock();
  const stateDir = await mkdtemp(path.join(tmpdir(), 'alarms-'));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const redis = redisOptions === undefined ? undefined : await startRedis(redisOptions);
  const service = await startService({
    clock,
    env: { ...(redis === undefined ? { STATE_DIR: stateDir } : { REDIS_URL: redis.url }), ...env },
    settings: { slowMs: 300, retryAfterSeconds: 1 },
  });
  // Closed after the service.
  if (redis !== undefined) onTestFinished(() => redis.close());
  let customers = 20_100_000;
  const lookUp = (count: number): Promise<readonly GraphResponse[]> =>
    Promise.all(
      Array.from({ length: count }, () => {
        customers += 1;
        return service.ask(`{ findCampaignRecords(customerId: "${customers}") { id } }`, {}, { headers: HEADERS });
      }),
    );
  return { service, clock, redis, stateDir, lookUp };
}

/** Calls, cached answers, shared calls, and errors of callers. */
async function workNormally({ service, lookUp }: World): Promise<void> {
  const ask = (query: string): Promise<GraphResponse> => service.ask(query, {}, { headers: HEADERS });
  const responses = [...(await lookUp(4)), ...(await Promise.all([ask(KNOWN), ask(KNOWN)])), await ask(KNOWN)];
  expect(responses.flatMap(codesOf)).toEqual([]);
  const wrong = ['{ findCampaignRecords(phone: "1") { id } }', '{ unknown }', '{', '{ findCampaignRecords { id } }'];
  for (const query of wrong) expect(codesOf(await ask(query))).toHaveLength(1);
}

/** Scrapes twice in normal work. No alarm fires. */
async function watchNormalWork(world: World, watch: Watch): Promise<readonly [Scrape, Scrape]> {
  await workNormally(world);
  await watch.scrape();
  const first = watch.last();
  await workNormally(world);
  await watch.scrape();
  expect(watch.firing()).toEqual([]);
  return [first, watch.last()];
}

/** Each command of the runbook shows the outage. */
async function confirm(alarm: string, { service }: World): Promise<void> {
  const logFile = path.join(temporaryFolder('log-'), 'log');
  await writeFile(logFile, service.lines.join(''));
  for (const command of commandsIn(`### ${alertFor(alarm)}`)) {
    expect(await runCommand(command, { url: service.url, metricsToken: '', logFile }), command).not.toBe('');
  }
}

async function nextDay({ clock }: World): Promise<void> {
  clock.advance(24 * 3_600_000);
}

interface Watch {
  scrape(): Promise<void>;
  /** The alarms that fire at the last scrape, in the order of the document. */
  firing(): string[];
  evaluate(query: string): readonly { readonly value: number }[];
  /** The next scrapes are so much later. */
  passMinutes(minutes: number): void;
  last(): Scrape;
}

function createWatch(service: TestService): Watch {
  const scrapes: Scrape[] = [];
  let passedSeconds = 0;
  const elements = (query: string): readonly { readonly value: number }[] => {
    const value = evaluate(query, scrapes);
    if (typeof value === 'number') throw new Error(`Expected a vector; got a number: ${query}`);
    return value;
  };
  return {
    async scrape() {
      const text = await (await service.get('/metrics')).text();
      scrapes.push(readScrape(text, performance.now() / 1_000 + passedSeconds));
    },
    firing: () => [...ALARMS].filter(([, query]) => elements(query).length > 0).map(([alarm]) => alarm),
    evaluate: elements,
    passMinutes(minutes) {
      passedSeconds += 60 * minutes;
    },
    last() {
      const last = scrapes.at(-1);
      if (last === undefined) throw new Error('There is no scrape yet.');
      return last;
    },
  };
}

/** The value of a series. */
async function metric(service: TestService, series: string): Promise<string | undefined> {
  const lines = (await (await service.get('/metrics')).text()).split('\n');
  return lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1);
}
