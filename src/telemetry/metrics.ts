import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { ServiceEvent } from '../records/events.js';

/** What is read when the metrics are asked for. */
export interface Readings {
  readonly queue: { readonly waiting: number; readonly running: number };
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly budget: {
    readonly spent: number;
    readonly limit: number | undefined;
    readonly exhaustedUntil: number | undefined;
  };
  readonly cache: { readonly entries: number; readonly bytes: number };
  readonly redis: 'up' | 'down' | undefined;
}

export interface Metrics {
  observe(event: ServiceEvent): void;
  /** Counts a response of the graph by its HTTP status. */
  countResponse(status: number, seconds: number): void;
  /** Prometheus's text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** The names here are the reference of `docs/metrics.md`; a test holds the two together. */
export function createMetrics(read: () => Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const answers = new Counter({
    name: 'wolkvox_answers_total',
    help: 'Questions answered, by where the answer came from: memory, shared, flight, wolkvox, stale.',
    labelNames: ['from'],
    registers,
  });
  const calls = new Counter({
    name: 'wolkvox_calls_total',
    help: 'Requests sent to Wolkvox, by outcome: answered, or the error code.',
    labelNames: ['outcome', 'kind'],
    registers,
  });
  const callSeconds = new Histogram({
    name: 'wolkvox_call_seconds',
    help: 'How long a request to Wolkvox took.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers,
  });
  const refused = new Counter({
    name: 'wolkvox_refused_total',
    help: 'Questions turned away or dropped before a request was sent, by code and reason.',
    labelNames: ['code', 'why'],
    registers,
  });
  const retries = new Counter({
    name: 'wolkvox_retries_total',
    help: 'Second attempts, by the kind of the first failure.',
    labelNames: ['kind'],
    registers,
  });
  const responses = new Histogram({
    name: 'graphql_response_seconds',
    help: 'How long a GraphQL response took, by HTTP status.',
    labelNames: ['status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 25],
    registers,
  });
  gauge('wolkvox_queue_waiting', 'Calls that wait for a turn.', () => read().queue.waiting);
  gauge('wolkvox_calls_running', 'Calls that hold a slot.', () => read().queue.running);
  gauge('wolkvox_circuit_open', '1 while Wolkvox is not asked because it failed.', () =>
    read().circuit === 'open' ? 1 : 0,
  );
  gauge('wolkvox_day_calls_spent', "Calls counted in the account's day.", () => read().budget.spent);
  gauge(
    'wolkvox_day_calls_limit',
    "Calls that the account's day allows; NaN: not limited.",
    () => read().budget.limit ?? NaN,
  );
  gauge(
    'wolkvox_day_calls_warning',
    'The highest of 80, 95 and 100 percent of the limit that the day has passed; 0: none.',
    () => {
      const { spent, limit } = read().budget;
      return limit === undefined
        ? 0
        : Math.max(0, ...[80, 95, 100].filter((percent) => spent >= (limit * percent) / 100));
    },
  );
  gauge('wolkvox_day_calls_exhausted', '1 while Wolkvox says that the day is used up.', () =>
    read().budget.exhaustedUntil === undefined ? 0 : 1,
  );
  gauge('wolkvox_cache_entries', 'Answers kept in memory.', () => read().cache.entries);
  gauge('wolkvox_cache_bytes', 'Estimated bytes of the answers kept in memory.', () => read().cache.bytes);
  gauge('wolkvox_redis_up', '1 while Redis answers; NaN: there is none.', () => {
    const { redis } = read();
    return redis === undefined ? NaN : Number(redis === 'up');
  });

  return {
    observe(event) {
      switch (event.event) {
        case 'answer':
          answers.inc({ from: event.from });
          return;
        case 'call':
          calls.inc({ outcome: event.outcome, kind: event.kind });
          callSeconds.observe(event.ms / 1000);
          return;
        case 'refused':
          refused.inc({ code: event.code, why: event.why });
          return;
        case 'retry':
          retries.inc({ kind: event.kind });
          return;
        case 'circuit':
        case 'budget':
        case 'quota-refused':
        case 'count-not-written':
          // Gauges above, read when asked for.
          return;
      }
    },
    countResponse: (status, seconds) => responses.observe({ status: String(status) }, seconds),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}
