import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ERROR_CODES, type ErrorCode } from '../core/error-codes.js';
import { ANSWER_SOURCES, type ServiceEvent } from '../core/events.js';
import { FAILURES, LookupFailure, allowsStale, type FailureKind } from '../core/failure.js';
import { quotaWarningPercent } from '../core/limits.js';
import { CALL_DURATION_BOUNDS_MS, type CallerUse, type ClientUse } from '../core/status.js';
import { operationsOf } from './caller-counts.js';

/** What the gauges show, read when the metrics are requested. */
export interface Readings {
  readonly queue: { readonly waiting: number; readonly running: number };
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly quota: { readonly used: number; readonly limit: number | undefined; readonly isExhausted: boolean };
  readonly cache: { readonly entries: number; readonly bytes: number };
  /** Undefined: there is no Redis. */
  readonly redis:
    { readonly connection: 'up' | 'down'; readonly slotsHeld: number; readonly slotsWaiting: number } | undefined;
}

export interface Metrics {
  readonly observe: (event: ServiceEvent) => void;
  /** Adds the gauges, once the parts that they show exist. */
  addGauges(read: () => Readings): void;
  /** Adds the counters of calls and refusals by clients and operations. */
  addCallers(read: () => readonly ClientUse[]): void;
  /** Counts a GraphQL response by its HTTP status. */
  countResponse(status: number, seconds: number): void;
  /** The text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Gauges of prom-client that end like counters, so that `promtool check metrics` refuses them. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Creates the metrics of the service. `docs/metrics.md` lists the same names; a test compares the two. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const responses = new Histogram({
    name: 'graphql_response_seconds',
    help: 'Duration of a GraphQL response, by HTTP status.',
    labelNames: ['status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 25],
    registers: [registry],
  });
  responses.zero({ status: '200' });
  return {
    observe: createEventCounters(registry),
    addGauges: (read) => addGauges(registry, read),
    addCallers: (read) => addCallers(registry, read),
    countResponse: (status, seconds) => responses.observe({ status: String(status) }, seconds),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

type LossReason = Extract<ServiceEvent, { readonly event: 'slot.lost' }>['reason'];

const LOSS_REASONS: readonly LossReason[] = ['taken', 'not-renewed'];
const ALL_FAILURES = (Object.keys(FAILURES) as FailureKind[]).map((kind) => new LookupFailure(kind));
const CALL_FAILURES = ALL_FAILURES.filter(({ endsCall }) => endsCall);
/** The graph finds these failures before or after its lookups. */
const GRAPH_KINDS: ReadonlySet<FailureKind> = new Set(['bad-input', 'response-too-large', 'responses-full']);
/** A remembered failure of a call answers lookups without a call, too. */
const REFUSALS = ALL_FAILURES.filter(
  ({ kind, endsCall, policy }) => (!endsCall || policy.rememberMs !== undefined) && !GRAPH_KINDS.has(kind),
);

/**
 * Counts the events. Every series of a closed list starts at 0, because `rate` in Prometheus does not see the first
 * increase of a series that starts at 1.
 */
function createEventCounters(registry: Registry): (event: ServiceEvent) => void {
  const counters = createCounters(registry);
  return (event) => {
    switch (event.event) {
      case 'operation.failed':
        for (const [code, count] of Object.entries(event.errors)) counters.errors.inc({ code }, count);
        break;
      case 'request.refused':
        counters.errors.inc({ code: event.code });
        break;
      case 'request.unauthenticated':
        counters.errors.inc({
          code: (event.reason === 'host' ? 'BAD_REQUEST' : 'UNAUTHENTICATED') satisfies ErrorCode,
        });
        break;
      case 'answer.served':
        counters.answers.inc({ from: event.from });
        if (event.from === 'stale') counters.staleAnswers.inc({ reason: event.reason });
        break;
      case 'call.answered':
        counters.calls.inc({ outcome: 'answered', reason: 'answered' });
        counters.callSeconds.observe(event.ms / 1_000);
        break;
      case 'call.failed':
        counters.calls.inc({ outcome: event.code, reason: event.reason });
        counters.callSeconds.observe(event.ms / 1_000);
        break;
      case 'lookup.refused':
        counters.refused.inc({ code: event.code, reason: event.reason });
        break;
      case 'call.retried':
        counters.retries.inc({ reason: event.reason });
        break;
      case 'slot.lost':
        counters.lostLeases.inc({ reason: event.reason });
        break;
      case 'redis.command-refused':
        counters.redisRefusals.inc({ command: event.command });
        break;
      // The gauges show the state.
      case 'calls.paused':
      case 'circuit.opened':
      case 'circuit.probing':
      case 'circuit.closed':
      case 'quota.warning':
      case 'quota.exhausted':
      case 'quota.write-failed':
      case 'quota.synced':
      case 'quota.sync-failed':
      case 'redis.up':
      case 'redis.down':
      case 'cache.erased':
        break;
      // The log shows them.
      case 'labels.loaded':
      case 'labels.rejected':
      case 'traces.lost':
      case 'traces.sent':
        break;
    }
  };
}

function createCounters(registry: Registry) {
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    series: readonly Readonly<Record<Label, string>>[],
  ): Counter<Label> => {
    const created = new Counter({ name, help, labelNames, registers: [registry] });
    for (const labels of series) created.inc(labels, 0);
    return created;
  };
  const codes = ERROR_CODES.map((code) => ({ code }));
  const sources = ANSWER_SOURCES.map((from) => ({ from }));
  const staleCodes = new Set(ALL_FAILURES.map(({ code }) => code).filter(allowsStale));
  const staleReasons = ['slow', ...staleCodes].map((reason) => ({ reason }));
  const outcomes = CALL_FAILURES.map(({ code, kind }) => ({ outcome: code, reason: kind }));
  const refusals = REFUSALS.map(({ code, kind }) => ({ code, reason: kind }));
  const retried = CALL_FAILURES.filter(({ policy }) => policy.retryWithinMs !== undefined);
  return {
    errors: counter('graphql_errors_total', 'Errors that callers got, by code.', ['code'], codes),
    answers: counter(
      'wolkvox_answers_total',
      'Lookups that were answered, by the source of the answer.',
      ['from'],
      sources,
    ),
    staleAnswers: counter('wolkvox_stale_answers_total', 'Stale answers, by reason.', ['reason'], staleReasons),
    calls: counter(
      'wolkvox_calls_total',
      'Calls to Wolkvox that ended, by outcome.',
      ['outcome', 'reason'],
      [{ outcome: 'answered', reason: 'answered' }, ...outcomes],
    ),
    refused: counter('wolkvox_refused_total', 'Lookups that failed without a call.', ['code', 'reason'], refusals),
    retries: counter(
      'wolkvox_retries_total',
      'Second attempts, by the first failure.',
      ['reason'],
      retried.map(({ kind }) => ({ reason: kind })),
    ),
    lostLeases: counter(
      'wolkvox_slot_leases_lost_total',
      'Calls aborted without a confirmed slot.',
      ['reason'],
      LOSS_REASONS.map((reason) => ({ reason })),
    ),
    redisRefusals: counter('wolkvox_redis_refused_total', 'Commands that Redis refuses, first time.', ['command'], []),
    callSeconds: new Histogram({
      name: 'wolkvox_call_seconds',
      help: 'Duration of a call to Wolkvox.',
      buckets: CALL_DURATION_BOUNDS_MS.filter(Number.isFinite).map((ms) => ms / 1_000),
      registers: [registry],
    }),
  };
}

/** The names of callers are bounded where they are counted, so the counters only show those counts. */
function addCallers(registry: Registry, read: () => readonly ClientUse[]): void {
  const counter = (name: string, help: string, label: string, values: () => ReadonlyMap<string, number>): void => {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of values()) this.inc({ [label]: value }, count);
      },
    });
  };
  const count = (uses: readonly CallerUse[], what: 'calls' | 'refusals'): Map<string, number> =>
    new Map([['unnamed', 0], ...uses.map((use): [string, number] => [use.name, use[what]])]);
  counter('wolkvox_client_calls_total', 'Calls to Wolkvox, by the client that caused them.', 'client', () =>
    count(read(), 'calls'),
  );
  counter('wolkvox_client_refused_total', 'Lookups that failed without a call, by client.', 'client', () =>
    count(read(), 'refusals'),
  );
  counter('wolkvox_operation_calls_total', 'Calls to Wolkvox, by the operation that caused them.', 'operation', () =>
    count(operationsOf(read()), 'calls'),
  );
  counter('wolkvox_operation_refused_total', 'Lookups that failed without a call, by operation.', 'operation', () =>
    count(operationsOf(read()), 'refusals'),
  );
}

function addGauges(registry: Registry, read: () => Readings): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  gauge('wolkvox_queue_waiting', 'Calls that wait in the queue.', () => read().queue.waiting);
  gauge('wolkvox_calls_running', 'Calls that left the queue and have not ended.', () => read().queue.running);
  gauge('wolkvox_circuit_open', '1 from the opening of the circuit until it is closed.', () =>
    Number(read().circuit !== 'closed'),
  );
  gauge('wolkvox_quota_used', "Calls counted in the account's day.", () => read().quota.used);
  gauge('wolkvox_quota_limit', 'Calls that the day allows; NaN: not limited.', () => read().quota.limit ?? NaN);
  gauge('wolkvox_quota_warning_percent', 'The highest of 80, 95 and 100 percent of the limit that is reached.', () =>
    quotaWarningPercent(read().quota.used, read().quota.limit),
  );
  gauge('wolkvox_quota_exhausted', '1 while Wolkvox says that the day is used up.', () =>
    Number(read().quota.isExhausted),
  );
  gauge('wolkvox_cache_entries', 'Answers cached in memory.', () => read().cache.entries);
  gauge(
    'wolkvox_cache_bytes',
    'Estimated bytes of the answers cached in memory, and of their texts.',
    () => read().cache.bytes,
  );
  gauge('wolkvox_redis_up', '1 while Redis answers; NaN: there is none.', () => {
    const { redis } = read();
    return redis === undefined ? NaN : Number(redis.connection === 'up');
  });
  gauge('wolkvox_slots_held', 'Slots that this replica holds; NaN: no Redis.', () => read().redis?.slotsHeld ?? NaN);
  gauge('wolkvox_slots_waiting', 'Calls that wait for a slot; NaN: no Redis.', () => read().redis?.slotsWaiting ?? NaN);
}
