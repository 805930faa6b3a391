import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { eventually } from './simulator-client.js';

/** A receiver of traces on a free port, as a collector of OpenTelemetry is one. It ends with the test. */
export interface OtlpReceiver {
  readonly endpoint: string;
  readonly requests: readonly OtlpRequest[];
  /** The spans of all requests that were answered with 200. */
  readonly spans: () => readonly ReceivedSpan[];
  /** Waits until that many spans have come. */
  readonly waitFor: (count: number) => Promise<readonly ReceivedSpan[]>;
  /** Answers with this status from now on; undefined: does not answer. */
  status: number | undefined;
}

export interface OtlpRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly failed: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const KINDS = { 1: 'internal', 2: 'server', 3: 'client' } as const;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const requests: OtlpRequest[] = [];
  const accepted: ReceivedSpan[] = [];
  const receiver: { status: number | undefined } = { status: 200 };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString();
      requests.push({ method: request.method, path: request.url, headers: request.headers, body });
      if (receiver.status === 200) accepted.push(...readSpans(body));
      if (receiver.status === undefined) return;
      response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const spans = (): readonly ReceivedSpan[] => accepted;
  return Object.assign(receiver, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    async waitFor(count: number) {
      await eventually(() => accepted.length).toBe(count);
      return accepted;
    },
  });
}

/** The spans of a request. @throws Error if it is not in the JSON form of OTLP */
export function readSpans(body: string): ReceivedSpan[] {
  const { resourceSpans } = onlyKeys(JSON.parse(body), ['resourceSpans']);
  return list(resourceSpans).flatMap((group) => {
    const { resource, scopeSpans } = onlyKeys(group, ['resource', 'scopeSpans']);
    readAttributes(onlyKeys(resource, ['attributes'])['attributes']);
    return list(scopeSpans).flatMap((scoped) => {
      const { scope, spans } = onlyKeys(scoped, ['scope', 'spans']);
      const { name, version } = onlyKeys(scope, ['name', 'version']);
      expectForm(name, /./);
      expectForm(version, /./);
      return list(spans).map(readSpan);
    });
  });
}

/** The attributes of the service in a request. */
export function readResource(body: string): Readonly<Record<string, string | number>> {
  const { resourceSpans } = JSON.parse(body) as { resourceSpans: [{ resource: { attributes: unknown } }] };
  return readAttributes(resourceSpans[0].resource.attributes);
}

function readSpan(json: unknown): ReceivedSpan {
  const span = onlyKeys(json, [
    ...['traceId', 'spanId', 'parentSpanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano'],
    ...['attributes', 'status'],
  ]);
  const { parentSpanId, status, kind } = span;
  if (kind !== 1 && kind !== 2 && kind !== 3) throw new Error(`Expected a kind of span; got ${String(kind)}.`);
  if (status !== undefined && onlyKeys(status, ['code'])['code'] !== 2) throw new Error('Expected the status error.');
  return {
    traceId: expectForm(span['traceId'], /^(?!0+$)[0-9a-f]{32}$/),
    spanId: expectForm(span['spanId'], /^(?!0+$)[0-9a-f]{16}$/),
    parentSpanId: parentSpanId === undefined ? undefined : expectForm(parentSpanId, /^(?!0+$)[0-9a-f]{16}$/),
    name: expectForm(span['name'], /./),
    kind: KINDS[kind],
    start: BigInt(expectForm(span['startTimeUnixNano'], /^\d{19}$/)),
    end: BigInt(expectForm(span['endTimeUnixNano'], /^\d{19}$/)),
    attributes: readAttributes(span['attributes']),
    failed: status !== undefined,
  };
}

function readAttributes(json: unknown): Record<string, string | number> {
  const entries = list(json).map((attribute) => {
    const { key, value } = onlyKeys(attribute, ['key', 'value']);
    const { stringValue, intValue } = onlyKeys(value, ['stringValue', 'intValue']);
    if (typeof stringValue === 'string' && intValue === undefined) return [expectForm(key, /./), stringValue];
    return [expectForm(key, /./), Number(expectForm(intValue, /^\d+$/))];
  });
  if (new Set(entries.map(([key]) => key)).size < entries.length) throw new Error('Expected each key once.');
  return Object.fromEntries(entries) as Record<string, string | number>;
}

/** An object that has no other keys. */
function onlyKeys(json: unknown, keys: readonly string[]): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('Expected an object.');
  const others = Object.keys(json).filter((key) => !keys.includes(key));
  if (others.length > 0) throw new Error(`Expected no other keys than ${keys.join()}; got ${others.join()}.`);
  return json as Json;
}

function list(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new Error('Expected a list.');
  return json;
}

function expectForm(value: unknown, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Error(`Expected a text of the form ${String(form)}.`);
  return value;
}
