import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { ServiceEvent } from '../core/events.js';
import { quotaWarningPercent } from '../core/limits.js';

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
  /** Counts a GraphQL response by its HTTP status. */
  countResponse(status: number, seconds: number): void;
  /** The text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Creates the metrics of the service. `docs/metrics.md` lists the same names; a test compares the two. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const responses = new Histogram({
    name: 'graphql_response_seconds',
    help: 'Duration of a GraphQL response, by HTTP status.',
    labelNames: ['status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 25],
    registers: [registry],
  });
  return {
    observe: createEventCounters(registry),
    addGauges: (read) => addGauges(registry, read),
    countResponse: (status, seconds) => responses.observe({ status: String(status) }, seconds),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createEventCounters(registry: Registry): (event: ServiceEvent) => void {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const answers = counter('wolkvox_answers_total', 'Lookups that were answered, by the source of the answer.', 'from');
  const calls = counter('wolkvox_calls_total', 'Calls to Wolkvox that ended, by outcome.', 'outcome', 'reason');
  const refused = counter('wolkvox_refused_total', 'Lookups that failed without a call.', 'code', 'reason');
  const retries = counter('wolkvox_retries_total', 'Second attempts, by the first failure.', 'reason');
  const lostLeases = counter('wolkvox_slot_leases_lost_total', 'Calls aborted without a confirmed slot.', 'reason');
  const redisRefusals = counter('wolkvox_redis_refused_total', 'Commands that Redis refuses, first time.', 'command');
  const callSeconds = new Histogram({
    name: 'wolkvox_call_seconds',
    help: 'Duration of a call to Wolkvox.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [registry],
  });

  return (event) => {
    switch (event.event) {
      case 'answer.served':
        answers.inc({ from: event.from });
        break;
      case 'call.answered':
        calls.inc({ outcome: 'answered', reason: 'answered' });
        callSeconds.observe(event.ms / 1_000);
        break;
      case 'call.failed':
        calls.inc({ outcome: event.code, reason: event.reason });
        callSeconds.observe(event.ms / 1_000);
        break;
      case 'lookup.refused':
        refused.inc({ code: event.code, reason: event.reason });
        break;
      case 'call.retried':
        retries.inc({ reason: event.reason });
        break;
      case 'slot.lost':
        lostLeases.inc({ reason: event.reason });
        break;
      case 'redis.command-refused':
        redisRefusals.inc({ command: event.command });
        break;
      // The gauges show the state.
      case 'calls.paused':
      case 'circuit.opened':
      case 'circuit.probing':
      case 'circuit.closed':
      case 'quota.warning':
      case 'quota.exhausted':
      case 'quota.write-failed':
      case 'redis.up':
      case 'redis.down':
      case 'cache.erased':
        break;
    }
  };
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
  gauge('wolkvox_cache_bytes', 'Estimated bytes of the answers cached in memory.', () => read().cache.bytes);
  gauge('wolkvox_redis_up', '1 while Redis answers; NaN: there is none.', () => {
    const { redis } = read();
    return redis === undefined ? NaN : Number(redis.connection === 'up');
  });
  gauge('wolkvox_slots_held', 'Slots that this replica holds; NaN: no Redis.', () => read().redis?.slotsHeld ?? NaN);
  gauge('wolkvox_slots_waiting', 'Calls that wait for a slot; NaN: no Redis.', () => read().redis?.slotsWaiting ?? NaN);
}
