import type { ErrorCounts } from './error-codes.js';

/** Names a span, a part of the work in a trace (W3C Trace Context). */
export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** The span of the program that sent a request, from its header `traceparent`. */
export interface CallerSpan extends SpanContext {
  /** Whether the program records its trace. */
  readonly isSampled: boolean;
}

/** The span of one GraphQL operation. */
export interface OperationSpan {
  readonly context: SpanContext;
  /**
   * The document was accepted.
   *
   * @param name in the form of `loggedOperationName`; undefined: the operation has none
   */
  resolved(type: string, name: string | undefined): void;
  /** The response is ready; it has these errors. */
  answered(errors: ErrorCounts): void;
  /** The response was sent, or the client left. A second call does nothing. */
  end(): void;
}

/** Who asks, as far as a trace shows it. */
export interface TracedCaller {
  /** Undefined: the operation begins a trace. */
  readonly parent?: CallerSpan | undefined;
  readonly requestId?: string | undefined;
  readonly clientName?: string | undefined;
}

/** Makes the spans of operations. */
export interface Tracer {
  /** @returns undefined if the caller does not record its trace */
  startOperation(caller: TracedCaller): OperationSpan | undefined;
}
