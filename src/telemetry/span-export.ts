import { randomUUID } from 'node:crypto';
import { Client } from 'undici';
import type { Observe, ServiceEvent } from '../core/events.js';

/** A span that has ended. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined: the span begins its trace. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  /** Epoch milliseconds, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Whether the work of the span failed. */
  readonly failed: boolean;
}

/** Undefined values are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

export interface SpanExport {
  /** Sends the span a little later, together with others. It never throws. */
  add(span: Span): void;
  /** Sends the spans that wait, within `closeMs`. */
  close(): Promise<void>;
}

export interface SpanExportOptions {
  /** The receiver: `http://127.0.0.1:4318`. The path of traces, `/v1/traces`, is added to it. */
  readonly endpoint: string;
  /** The version of the service. */
  readonly version: string;
  readonly observe: Observe;
}

type Loss = Omit<Extract<ServiceEvent, { readonly event: 'traces.lost' }>, 'event'>;

/** The numbers of OTLP. */
const KINDS = { internal: 1, server: 2, client: 3 } as const;
const STATUS_ERROR = 2;

const SERVICE_NAME = 'wolkvox-campaign-subgraph';

/** How many spans wait, and for how long. Times are milliseconds. */
export interface SpanExportLimits {
  /** Spans of one request. */
  readonly batch: number;
  /** Spans that may wait. Further ones are dropped. */
  readonly waiting: number;
  /** How long spans wait for a whole batch. */
  readonly sendAfterMs: number;
  /** How long a request may take. */
  readonly timeoutMs: number;
  /** How long `close` may take. */
  readonly closeMs: number;
  /** The least time between two reports of a loss. */
  readonly quietMs: number;
}

/** 2,048 spans take about 1 MB. */
const LIMITS: SpanExportLimits = {
  batch: 512,
  waiting: 2_048,
  sendAfterMs: 5_000,
  timeoutMs: 10_000,
  closeMs: 2_000,
  quietMs: 60_000,
};

/**
 * Sends spans in batches to a receiver of OpenTelemetry: OTLP over HTTP, in its JSON form. A batch that cannot be sent
 * is dropped, so that no operation waits for its trace. A loss is reported once, and so is the next success.
 */
export function createSpanExport({ endpoint, version, observe }: SpanExportOptions, limits = LIMITS): SpanExport {
  const { origin, pathname } = new URL(endpoint);
  const path = `${pathname.replace(/\/$/, '')}/v1/traces`;
  const client = new Client(origin, { connect: { timeout: limits.timeoutMs } });
  const [head, tail] = envelope(version);
  const waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let state: 'new' | 'sent' | 'losing' = 'new';
  let quietUntil = 0;
  let isClosing = false;

  return {
    add(span) {
      if (waiting.length >= limits.waiting) {
        lose({ reason: 'queue-full' });
        return;
      }
      waiting.push(encode(span));
      if (waiting.length >= limits.batch) void send();
      else sendLater();
    },
    async close() {
      isClosing = true;
      const end = setTimeout(() => void client.destroy(), limits.closeMs);
      await send();
      clearTimeout(end);
      await client.destroy();
    },
  };

  function sendLater(): void {
    timer ??= setTimeout(() => void send(), limits.sendAfterMs).unref();
  }

  /** Sends what waits. It never rejects. */
  function send(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    sending ??= sendBatches().finally(() => {
      sending = undefined;
      if (waiting.length > 0) sendLater();
    });
    return sending;
  }

  /** Sends one request after the other, as long as there are spans for a whole one. The first one may have fewer. */
  async function sendBatches(): Promise<void> {
    for (let least = 1; waiting.length >= least; least = isClosing ? 1 : limits.batch) {
      await post(waiting.splice(0, limits.batch));
    }
  }

  async function post(spans: readonly string[]): Promise<void> {
    try {
      const { statusCode, body } = await client.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body: head + spans.join(',') + tail,
        signal: AbortSignal.timeout(limits.timeoutMs),
      });
      await body.dump();
      if (statusCode < 200 || statusCode > 299) lose({ reason: 'refused', httpStatus: statusCode });
      else confirm();
    } catch (error) {
      lose({ reason: 'unreachable', networkCode: codeOf(error) });
    }
  }

  function confirm(): void {
    if (state === 'sent' || (state === 'losing' && performance.now() < quietUntil)) return;
    state = 'sent';
    observe({ event: 'traces.sent' });
  }

  function lose(loss: Loss): void {
    if (state === 'losing') return;
    state = 'losing';
    quietUntil = performance.now() + limits.quietMs;
    observe({ event: 'traces.lost', ...loss });
  }
}

/** The texts before and after the spans of a request. */
function envelope(version: string): readonly [string, string] {
  const resource = toAttributes({
    'service.name': SERVICE_NAME,
    'service.version': version,
    'service.instance.id': randomUUID(),
  });
  const resourceText = JSON.stringify({ attributes: resource });
  const scopeText = JSON.stringify({ name: SERVICE_NAME, version });
  return [`{"resourceSpans":[{"resource":${resourceText},"scopeSpans":[{"scope":${scopeText},"spans":[`, ']}]}]}'];
}

/** A span in OTLP's JSON form: ids are hexadecimal, and integers of 64 bits are texts. */
function encode({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, failed }: Span): string {
  return JSON.stringify({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: KINDS[kind],
    startTimeUnixNano: toNanoseconds(startMs),
    endTimeUnixNano: toNanoseconds(endMs),
    attributes: toAttributes(attributes),
    status: failed ? { code: STATUS_ERROR } : undefined,
  });
}

function toAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }];
  });
}

/** With microseconds. A number cannot hold the nanoseconds since 1970. */
function toNanoseconds(epochMs: number): string {
  return `${Math.round(epochMs * 1_000)}000`;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
