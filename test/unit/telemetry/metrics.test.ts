import { describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, LookupFailure, allowsStale, type FailureKind } from '../../../src/core/failure.js';
import { createMetrics, type Metrics, type Readings } from '../../../src/telemetry/metrics.js';
import { EXAMPLES } from './example-events.js';

/** The metrics of the service as `name{labels}` and value. Those of the process are left out. */
async function samplesOf(metrics: Metrics): Promise<Record<string, string>> {
  const lines = (await metrics.render()).split('\n').filter((line) => /^(wolkvox|graphql)_/.test(line));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
  );
}

async function changesBy(action: (metrics: Metrics) => void): Promise<Record<string, string>> {
  const metrics = createMetrics();
  const before = await samplesOf(metrics);
  action(metrics);
  const after = await samplesOf(metrics);
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => value !== (before[name] ?? '0') && !name.includes('_bucket')),
  );
}

/** What the counters show after each example. The others change nothing: the gauges show the state. */
const COUNTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'operation.failed BAD_USER_INPUT UPSTREAM_TIMEOUT': {
    'graphql_errors_total{code="BAD_USER_INPUT"}': '1',
    'graphql_errors_total{code="UPSTREAM_TIMEOUT"}': '2',
  },
  'operation.failed INTERNAL_SERVER_ERROR': { 'graphql_errors_total{code="INTERNAL_SERVER_ERROR"}': '1' },
  'operation.failed GRAPHQL_VALIDATION_FAILED': { 'graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"}': '2' },
  'operation.failed TOO_MANY_LOOKUPS': { 'graphql_errors_total{code="TOO_MANY_LOOKUPS"}': '1' },
  'request.refused': { 'graphql_errors_total{code="BAD_REQUEST"}': '1' },
  'request.unauthenticated router-secret': { 'graphql_errors_total{code="UNAUTHENTICATED"}': '1' },
  'answer.served memory': { 'wolkvox_answers_total{from="memory"}': '1' },
  'answer.served shared': { 'wolkvox_answers_total{from="shared"}': '1' },
  'answer.served flight': { 'wolkvox_answers_total{from="flight"}': '1' },
  'answer.served wolkvox': { 'wolkvox_answers_total{from="wolkvox"}': '1' },
  'answer.served stale': {
    'wolkvox_answers_total{from="stale"}': '1',
    'wolkvox_stale_answers_total{reason="slow"}': '1',
  },
  'lookup.refused queue-full': { 'wolkvox_refused_total{code="UPSTREAM_BUSY",reason="queue-full"}': '1' },
  'call.answered': {
    'wolkvox_calls_total{outcome="answered",reason="answered"}': '1',
    wolkvox_call_seconds_sum: '0.12',
    wolkvox_call_seconds_count: '1',
  },
  'call.failed server': {
    'wolkvox_calls_total{outcome="UPSTREAM_UNAVAILABLE",reason="server"}': '1',
    wolkvox_call_seconds_sum: '0.08',
    wolkvox_call_seconds_count: '1',
  },
  'call.failed token': {
    'wolkvox_calls_total{outcome="UPSTREAM_REFUSED",reason="token"}': '1',
    wolkvox_call_seconds_sum: '0.08',
    wolkvox_call_seconds_count: '1',
  },
  'call.failed not-connected': {
    'wolkvox_calls_total{outcome="UPSTREAM_UNAVAILABLE",reason="not-connected"}': '1',
    wolkvox_call_seconds_sum: '0.08',
    wolkvox_call_seconds_count: '1',
  },
  'call.failed malformed': {
    'wolkvox_calls_total{outcome="UPSTREAM_MALFORMED",reason="malformed"}': '1',
    wolkvox_call_seconds_sum: '0.08',
    wolkvox_call_seconds_count: '1',
  },
  'call.retried server': { 'wolkvox_retries_total{reason="server"}': '1' },
  'slot.lost not-renewed': { 'wolkvox_slot_leases_lost_total{reason="not-renewed"}': '1' },
  'redis.command-refused NOPERM': { 'wolkvox_redis_refused_total{command="publish"}': '1' },
};

/** The graph finds these failures before or after its lookups. */
const GRAPH_KINDS: readonly FailureKind[] = ['bad-input', 'response-too-large', 'responses-full'];

/** Whether a lookup may fail with it without a call. A failure of a call may be remembered. */
function mayRefuseLookup({ kind, endsCall, policy }: LookupFailure): boolean {
  return (!endsCall && !GRAPH_KINDS.includes(kind)) || policy.rememberMs !== undefined;
}

function detailOf(event: ServiceEvent): string {
  if ('from' in event) return event.from;
  if ('reason' in event) return event.reason;
  return event.event === 'operation.failed' ? Object.keys(event.errors).join(' ') : '';
}

describe('The metrics', () => {
  const named = EXAMPLES.map(({ event }) => {
    return { event, name: `${event.event} ${detailOf(event)}`.trim() };
  });

  it.each(named)('count $name', async ({ event, name }) => {
    expect(await changesBy(({ observe }) => observe(event))).toEqual(COUNTED[name] ?? {});
  });

  it('count every event of the table', () => {
    expect(Object.keys(COUNTED).filter((name) => !named.some((each) => each.name === name))).toEqual([]);
  });

  it('have a series at 0 for every value of a closed list, so that the first increase is seen', async () => {
    const metrics = createMetrics();
    const before = Object.keys(await samplesOf(metrics));
    for (const { event } of EXAMPLES) if (event.event !== 'redis.command-refused') metrics.observe(event);
    for (const failure of Object.keys(FAILURES).map((kind) => new LookupFailure(kind as FailureKind))) {
      const { code, kind: reason, endsCall, policy } = failure;
      metrics.observe({ event: 'operation.failed', errors: { [code]: 1 }, ms: 1 });
      if (endsCall) metrics.observe({ event: 'call.failed', code, reason, ms: 1 });
      if (policy.retryWithinMs !== undefined) metrics.observe({ event: 'call.retried', reason, delayMs: 1 });
      if (allowsStale(code)) metrics.observe({ event: 'answer.served', from: 'stale', reason: code });
      if (mayRefuseLookup(failure)) metrics.observe({ event: 'lookup.refused', code, reason });
    }
    expect(before.length).toBeGreaterThan(60);
    expect(Object.keys(await samplesOf(metrics))).toEqual(before);
    metrics.observe({ event: 'redis.command-refused', command: 'get', reason: 'NOPERM' });
    expect(Object.keys(await samplesOf(metrics))).not.toEqual(before);
  });

  it('count GraphQL responses by their HTTP status', async () => {
    expect(await changesBy((metrics) => metrics.countResponse(200, 0.3))).toEqual({
      'graphql_response_seconds_sum{status="200"}': '0.3',
      'graphql_response_seconds_count{status="200"}': '1',
    });
  });

  it('show the state of the parts when they are requested', async () => {
    let readings: Readings = {
      ...{ queue: { waiting: 3, running: 2 }, circuit: 'half-open', cache: { entries: 5, bytes: 700 } },
      ...{ quota: { used: 960, limit: 1_000, isExhausted: true } },
      redis: { connection: 'up', slotsHeld: 1, slotsWaiting: 4 },
    };
    const metrics = createMetrics();
    metrics.addGauges(() => readings);
    expect(await samplesOf(metrics)).toMatchObject({
      ...{ wolkvox_queue_waiting: '3', wolkvox_calls_running: '2', wolkvox_circuit_open: '1' },
      ...{ wolkvox_quota_used: '960', wolkvox_quota_limit: '1000', wolkvox_quota_warning_percent: '95' },
      ...{ wolkvox_quota_exhausted: '1', wolkvox_cache_entries: '5', wolkvox_cache_bytes: '700' },
      ...{ wolkvox_redis_up: '1', wolkvox_slots_held: '1', wolkvox_slots_waiting: '4' },
    });
    readings = {
      ...{ queue: { waiting: 0, running: 0 }, circuit: 'closed', cache: { entries: 0, bytes: 0 } },
      ...{ quota: { used: 0, limit: undefined, isExhausted: false }, redis: undefined },
    };
    expect(await samplesOf(metrics)).toMatchObject({
      ...{ wolkvox_circuit_open: '0', wolkvox_quota_limit: 'Nan', wolkvox_quota_exhausted: '0' },
      ...{ wolkvox_redis_up: 'Nan', wolkvox_slots_held: 'Nan', wolkvox_slots_waiting: 'Nan' },
    });
  });
});
