import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { createService } from '../../src/service.js';
import { createLog } from '../../src/telemetry/log.js';
import { noonZone } from '../support/clock.js';
import { codesOf } from '../support/graphql-client.js';
import { holdCalls, startSimulator } from '../support/simulator-client.js';
import { logLines, startService, type TestService } from '../support/service.js';

const SYNC = { WOLKVOX_QUOTA_SYNC_MINUTES: '60', WOLKVOX_TIME_ZONE: noonZone() };

/** An operation with so many lookups of customers without records. */
function operation(lookups: number, first = 0): string {
  const fields = Array.from(
    { length: lookups },
    (_, index) => `a${index}: findCampaignRecords(customerId: "${50_000_000 + first + index}") { id }`,
  );
  return `{ ${fields.join(' ')} }`;
}

/** The part `quota` of `/readyz`. */
async function quotaOf(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/readyz`, { headers: { connection: 'close' } });
  return ((await response.json()) as { readonly quota: Record<string, unknown> }).quota;
}

function quotaBecomes(url: string, quota: Record<string, unknown>): Promise<void> {
  return expect.poll(() => quotaOf(url), { interval: 10, timeout: 20_000 }).toMatchObject(quota);
}

function hasLogged(service: TestService, event: string): Promise<void> {
  return expect.poll(() => logLines(service, event).length, { interval: 10, timeout: 20_000 }).toBe(1);
}

describe('the sync with the account of Wolkvox', () => {
  it('sets the limit of the day after the start, so that no call is sent beyond it', async () => {
    const service = await startService({ env: SYNC, settings: { dailyLimit: 20 } });
    const { url, ask, simulator } = service;
    await quotaBecomes(url, { used: 1, limit: 20 });
    expect(logLines(service, 'quota.synced')).toMatchObject([{ used: 1, limit: 20 }]);
    const response = await ask(operation(30));
    expect(codesOf(response)).toEqual(Array.from({ length: 11 }, () => 'UPSTREAM_QUOTA_EXHAUSTED'));
    expect(response.errors[0]?.message).toContain('daily limit of 20 calls');
    const { calls, information, refusedQuota } = simulator.requestLog;
    expect([calls.length, information.length, refusedQuota]).toEqual([19, 1, 0]);
  });

  it('raises the count to what all programs have used, and lets exactly the rest through', async () => {
    const { simulator, url: upstream, ask: askWolkvox } = await startSimulator({ settings: { dailyLimit: 20 } });
    for (let call = 0; call < 12; call += 1) await askWolkvox('customer_id=1');
    const { url, ask } = await startService({ env: { ...SYNC, WOLKVOX_BASE_URL: upstream } });
    await quotaBecomes(url, { used: 13, limit: 20 });
    simulator.requestLog.reset();
    await ask(operation(30));
    expect(simulator.requestLog.calls).toHaveLength(7);
    expect(simulator.requestLog.refusedQuota).toBe(0);
    expect(simulator.usedToday()).toBe(20);
  });

  it('keeps a limit that is configured', async () => {
    const service = await startService({ env: { ...SYNC, WOLKVOX_DAILY_LIMIT: '5' }, settings: { dailyLimit: 20 } });
    await hasLogged(service, 'quota.synced');
    await service.ask(operation(10));
    expect(await quotaOf(service.url)).toMatchObject({ used: 5, limit: 5 });
    expect(service.simulator.requestLog.calls).toHaveLength(4);
  });

  it.each(['blank', 'odd'] as const)('changes nothing if the figures are %s', async (tokenInfo) => {
    const service = await startService({ env: SYNC, settings: { tokenInfo } });
    await hasLogged(service, 'quota.sync-failed');
    expect(logLines(service, 'quota.sync-failed')).toMatchObject([{ reason: 'no-figures' }]);
    expect(codesOf(await service.ask(operation(3)))).toEqual([]);
    const quota = await quotaOf(service.url);
    expect(quota).toMatchObject({ used: 4 });
    expect(quota).not.toHaveProperty('limit');
  });

  it('changes nothing if it fails, and lookups are answered all the same', async () => {
    const { simulator, url: upstream } = await startSimulator();
    simulator.faults.always('503', { when: { api: 'token_info' } });
    const service = await startService({ env: { ...SYNC, WOLKVOX_BASE_URL: upstream } });
    await hasLogged(service, 'quota.sync-failed');
    expect(logLines(service, 'quota.sync-failed')).toMatchObject([{ reason: 'server' }]);
    expect(codesOf(await service.ask(operation(3)))).toEqual([]);
    expect(await quotaOf(service.url)).not.toHaveProperty('limit');
    expect(simulator.requestLog.information).toHaveLength(1);
  });

  it('is one of the two simultaneous calls, and the start does not wait for it', async () => {
    const { simulator, url: upstream } = await startSimulator();
    const gate = holdCalls(simulator);
    const { url, get, ask } = await startService({ env: { ...SYNC, WOLKVOX_BASE_URL: upstream } });
    await expect.poll(() => simulator.requestLog.information.length, { timeout: 20_000 }).toBe(1);
    const response = ask(operation(2));
    await expect
      .poll(async () => (await get('/readyz')).json(), { interval: 10, timeout: 20_000 })
      .toMatchObject({ queue: { running: 2, waiting: 1 } });
    await expect.poll(() => simulator.requestLog.inFlight, { timeout: 20_000 }).toBe(2);
    gate.open();
    expect(codesOf(await response)).toEqual([]);
    await quotaBecomes(url, { used: 3, limit: 10_000 });
    expect(simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('is repeated once as the check after Wolkvox said that the day is used up', async () => {
    const service = await startService({ env: SYNC });
    const { url, ask, simulator } = service;
    await hasLogged(service, 'quota.synced');
    simulator.faults.always('quota-refused', { when: { api: 'find_record' } });
    expect(codesOf(await ask(operation(1)))).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
    expect(await quotaOf(url)).toMatchObject({ isExhausted: true });
    simulator.faults.clear();
    // The check is made after 10 s. Wolkvox answers it, so the day is open again.
    await quotaBecomes(url, { isExhausted: false });
    expect(codesOf(await ask(operation(3, 100)))).toEqual([]);
    expect(simulator.requestLog.information).toHaveLength(2);
    expect(logLines(service, 'quota.synced')).toHaveLength(2);
  });

  it('is not made if WOLKVOX_QUOTA_SYNC_MINUTES is 0', async () => {
    const { url, ask, simulator } = await startService({ env: { ...SYNC, WOLKVOX_QUOTA_SYNC_MINUTES: '0' } });
    await ask(operation(3));
    expect(simulator.requestLog.counts).toMatchObject({ calls: 3, information: 0 });
    expect(await quotaOf(url)).not.toHaveProperty('limit');
  });

  it('works over the built-in simulator without any setting', async () => {
    const service = createService(readConfig({ PORT: '0' }), { log: createLog({ level: 'silent', secrets: [] }) });
    onTestFinished(() => service.stop());
    const { url } = await service.start();
    await quotaBecomes(url, { used: 1, limit: 10_000 });
  });
});

describe('the count of the day', () => {
  it('does not change if the connection is refused 20 times (defect 18)', async () => {
    const port = await closedPort();
    const service = await startService({
      env: { WOLKVOX_BASE_URL: `http://127.0.0.1:${port}`, WOLKVOX_DAILY_LIMIT: '20' },
      probeDelays: { firstMs: 1, maxMs: 1, tokenMs: 1 },
    });
    for (let lookup = 0; logLines(service, 'call.failed').length < 20; lookup += 4) {
      expect(new Set(codesOf(await service.ask(operation(4, lookup))))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    }
    expect(new Set(logLines(service, 'call.failed').map(({ reason }) => reason))).toEqual(new Set(['not-connected']));
    expect(await quotaOf(service.url)).toMatchObject({ used: 0, limit: 20 });
  });
});

/** A port on which no server listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
