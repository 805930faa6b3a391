import { randomUUID } from 'node:crypto';
import type { CallLayer, CallOptions, Operation, Reply, Source, WolkvoxRequest } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { concernsOperator, worstOf, type ErrorCode, type ErrorCounts } from '../core/error-codes.js';
import { ANSWER_SOURCES, type AnswerSource, type Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import type { OperationSpan, SpanContext, TracedCaller, Tracer } from '../core/tracing.js';
import { createSpanExport, type Attributes, type Span, type SpanExportOptions } from './span-export.js';

export interface TracingOptions extends SpanExportOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
}

/** Makes the spans of operations, of their waits and of their calls, and sends them. docs/tracing.md lists them. */
export interface Tracing extends Tracer {
  /** Counts the answers of operations. */
  readonly observe: Observe;
  /**
   * The layer, with a span for the time in which it holds a request back: until it passes the request on, or fails.
   *
   * @param layer keeps no state for its `next`, because each traced request gets one of its own
   */
  traceWait(name: WaitName, layer: CallLayer): CallLayer;
  /** Makes the spans of calls. It must be the last layer before the client. */
  readonly traceCalls: CallLayer;
  /** Sends the spans that wait. */
  close(): Promise<void>;
}

export type WaitName = 'queue' | 'slot';

/** The span of an operation, in the form that its lookups and calls carry. */
class OperationTrace implements SpanContext {
  readonly traceId: string;
  readonly spanId = createSpanId();
  /** Added to monotonic milliseconds, it gives epoch milliseconds. All spans of the operation use it. */
  readonly offsetMs: number;
  readonly answers: Record<AnswerSource, number> = { memory: 0, shared: 0, flight: 0, wolkvox: 0, stale: 0 };

  constructor(traceId: string, offsetMs: number) {
    this.traceId = traceId;
    this.offsetMs = offsetMs;
  }
}

/**
 * Ends a span. A second call does nothing.
 *
 * @param failure why it failed; undefined: it did not
 */
type EndSpan = (failure?: Attributes) => void;

const WAIT_SPANS: Readonly<Record<WaitName, string>> = { queue: 'wait in queue', slot: 'wait for slot' };

export function createTracing({ clock, ...options }: TracingOptions): Tracing {
  const spans = createSpanExport(options);

  return {
    startOperation(caller) {
      if (caller.parent?.isSampled === false) return undefined;
      const traceId = caller.parent?.traceId ?? createTraceId();
      const trace = new OperationTrace(traceId, clock.wallMs() - clock.monotonicMs());
      return createOperationSpan({ trace, caller, clock, add: (span) => spans.add(span) });
    },
    observe(event) {
      if (event.event !== 'answer.served' || !(event.operation?.trace instanceof OperationTrace)) return;
      event.operation.trace.answers[event.from] += 1;
    },
    traceWait:
      (name, layer) =>
      <Request extends WolkvoxRequest, Options extends CallOptions, Result extends Reply>(
        next: Source<Request, Options, Result>,
      ) => {
        const untraced = layer(next);
        return {
          find(request: Request, callOptions: Options) {
            const end = start(callOptions.operation, { name: WAIT_SPANS[name], kind: 'internal' });
            if (end === undefined) return untraced.find(request, callOptions);
            const traced = layer<Request, Options, Result>({
              find(waited, passedOn) {
                end();
                return next.find(waited, passedOn);
              },
            });
            return endAtFailure(traced.find(request, callOptions), end);
          },
        };
      },
    traceCalls: (next) => ({
      async find(request, callOptions) {
        const end = start(callOptions.operation, {
          name: `GET ${kindOf(request)}`,
          kind: 'client',
          attributes: { 'http.request.method': 'GET', 'wolkvox.call.kind': kindOf(request) },
        });
        if (end === undefined) return next.find(request, callOptions);
        const reply = await endAtFailure(next.find(request, callOptions), end);
        end();
        return reply;
      },
    }),
    close: () => spans.close(),
  };

  /** Starts a span below that of the operation. Undefined: the operation is not traced. */
  function start(
    { trace }: Operation,
    { attributes = {}, ...span }: Pick<Span, 'name' | 'kind'> & Partial<Pick<Span, 'attributes'>>,
  ): EndSpan | undefined {
    if (!(trace instanceof OperationTrace)) return undefined;
    const startMs = clock.monotonicMs() + trace.offsetMs;
    let hasEnded = false;
    return (failure) => {
      if (hasEnded) return;
      hasEnded = true;
      spans.add({
        ...{ traceId: trace.traceId, spanId: createSpanId(), parentSpanId: trace.spanId, ...span },
        ...{ startMs, endMs: clock.monotonicMs() + trace.offsetMs },
        attributes: { ...attributes, ...failure },
        failed: failure !== undefined,
      });
    };
  }
}

interface OperationSpanOptions {
  readonly trace: OperationTrace;
  readonly caller: TracedCaller;
  readonly clock: TracingOptions['clock'];
  readonly add: (span: Span) => void;
}

/** The names and attributes follow the conventions of OpenTelemetry for GraphQL servers, without the document. */
function createOperationSpan({ trace, caller, clock, add }: OperationSpanOptions): OperationSpan {
  const { traceId, spanId, offsetMs, answers } = trace;
  const startMs = clock.monotonicMs() + offsetMs;
  let type: string | undefined;
  let name: string | undefined;
  let errors: ErrorCounts | undefined;
  let hasEnded = false;

  return {
    context: trace,
    resolved(operationType, operationName) {
      type = operationType;
      name = operationName;
    },
    answered(counts) {
      errors = counts;
    },
    end() {
      if (hasEnded) return;
      hasEnded = true;
      const error = errorOf();
      add({
        traceId,
        spanId,
        parentSpanId: caller.parent?.spanId,
        name: type ?? 'GraphQL Operation',
        kind: 'server',
        startMs,
        endMs: clock.monotonicMs() + offsetMs,
        attributes: {
          'graphql.operation.type': type,
          'graphql.operation.name': name,
          'error.type': error,
          'wolkvox.request.id': caller.requestId,
          'wolkvox.client.name': caller.clientName,
          ...countsOf(answers),
        },
        // The mistakes of a caller are no failures of this service.
        failed: error !== undefined && error !== 'abandoned' && concernsOperator(error),
      });
    },
  };

  function errorOf(): ErrorCode | 'abandoned' | undefined {
    if (errors !== undefined) return Object.keys(errors).length === 0 ? undefined : worstOf(errors);
    // The document was accepted. There is no response, so the client has left.
    return type === undefined ? undefined : 'abandoned';
  }
}

/** Attributes with the answers of each source. */
function countsOf(answers: OperationTrace['answers']): Attributes {
  const counts: Record<string, number> = {};
  for (const from of ANSWER_SOURCES) if (answers[from] > 0) counts[`wolkvox.answers.${from}`] = answers[from];
  return counts;
}

/** Ends a span if the promise rejects. */
async function endAtFailure<Result>(promise: Promise<Result>, end: EndSpan): Promise<Result> {
  try {
    return await promise;
  } catch (error) {
    end(
      error instanceof LookupFailure
        ? { 'error.type': error.kind, 'http.response.status_code': error.facts.httpStatus }
        : { 'error.type': '_OTHER' },
    );
    throw error;
  }
}

function kindOf(request: WolkvoxRequest): string {
  return typeof request === 'string' ? request : 'lookup';
}

/** Node keeps random numbers for UUIDs ready, so they cost a tenth of `randomBytes`. 122 of the 128 bits are random. */
function createTraceId(): string {
  return randomUUID().replaceAll('-', '');
}

function createSpanId(): string {
  return createTraceId().slice(16);
}
