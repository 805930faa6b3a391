import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServiceEvent } from '../../../src/core/events.js';
import { createSpanExport, type Span, type SpanExport } from '../../../src/telemetry/span-export.js';
import { readResource, startOtlpReceiver } from '../../support/otlp-receiver.js';
import { eventually } from '../../support/simulator-client.js';

const SPAN: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: undefined,
  name: 'query',
  kind: 'server',
  startMs: 1_795_000_000_000.25,
  endMs: 1_795_000_000_123.5,
  attributes: { text: 'a "text"', number: 3, absent: undefined },
  failed: false,
};
/** Nothing is sent before `close`, unless a test changes this. */
const LIMITS = { batch: 512, waiting: 2_048, sendAfterMs: 600_000, timeoutMs: 10_000, closeMs: 10_000, quietMs: 0 };

interface TestExport {
  readonly spans: SpanExport;
  readonly events: readonly ServiceEvent[];
  readonly add: (count: number) => void;
}

function createTestExport(endpoint: string, limits: Partial<typeof LIMITS> = {}): TestExport {
  const events: ServiceEvent[] = [];
  const observe = (event: ServiceEvent): void => void events.push(event);
  const spans = createSpanExport({ endpoint, version: '1.2.3', observe }, { ...LIMITS, ...limits });
  onTestFinished(() => spans.close());
  const add = (count: number): void => {
    for (let index = 0; index < count; index += 1) spans.add(SPAN);
  };
  return { spans, events, add };
}

describe('The export of spans', () => {
  it('sends spans in the JSON form of OTLP, with the name and version of the service', async () => {
    const receiver = await startOtlpReceiver();
    const { spans, events } = createTestExport(receiver.endpoint);
    spans.add(SPAN);
    spans.add({ ...SPAN, kind: 'client', parentSpanId: '00f067aa0ba902b7', failed: true, attributes: {} });
    await spans.close();
    expect(receiver.requests).toHaveLength(1);
    const [{ method, path, headers, body } = expect.fail()] = receiver.requests;
    expect([method, path, headers['content-type']]).toEqual(['POST', '/v1/traces', 'application/json']);
    expect(readResource(body)).toEqual({
      'service.name': 'wolkvox-campaign-subgraph',
      'service.version': '1.2.3',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    const { traceId, spanId, name, kind } = SPAN;
    const received = {
      ...{ traceId, spanId, parentSpanId: undefined, name, kind, failed: false },
      ...{ start: 1_795_000_000_000_250_000n, end: 1_795_000_000_123_500_000n },
    };
    expect(receiver.spans()).toEqual([
      { ...received, attributes: { text: 'a "text"', number: 3 } },
      { ...received, kind: 'client', parentSpanId: '00f067aa0ba902b7', failed: true, attributes: {} },
    ]);
    expect(events).toEqual([{ event: 'traces.sent' }]);
  });

  it('adds the path of traces to that of the address', async () => {
    const receiver = await startOtlpReceiver();
    for (const path of ['', '/', '/otlp', '/otlp/']) {
      const { spans } = createTestExport(receiver.endpoint + path);
      spans.add(SPAN);
      await spans.close();
    }
    const paths = receiver.requests.map(({ path }) => path);
    expect(paths).toEqual(['/v1/traces', '/v1/traces', '/otlp/v1/traces', '/otlp/v1/traces']);
  });

  it('sends a whole batch at once, and the others a little later', async () => {
    const receiver = await startOtlpReceiver();
    const { add } = createTestExport(receiver.endpoint, { batch: 3 });
    add(7);
    await receiver.waitFor(6);
    expect(receiver.requests).toHaveLength(2);
    const soon = createTestExport(receiver.endpoint, { sendAfterMs: 1 });
    soon.add(1);
    await receiver.waitFor(7);
    soon.add(1);
    await receiver.waitFor(8);
  });

  it('sends spans that came during a request', async () => {
    const receiver = await startOtlpReceiver();
    const { add } = createTestExport(receiver.endpoint, { batch: 2, sendAfterMs: 1 });
    add(2);
    await eventually(() => receiver.requests).toHaveLength(1);
    add(1);
    await receiver.waitFor(3);
  });

  it('sends nothing if there are no spans', async () => {
    const receiver = await startOtlpReceiver();
    const { spans, events } = createTestExport(receiver.endpoint);
    await spans.close();
    expect([receiver.requests, events]).toEqual([[], []]);
  });

  it('drops spans beyond its limit, and reports that once', async () => {
    const receiver = await startOtlpReceiver();
    const { spans, events, add } = createTestExport(receiver.endpoint, { batch: 2, waiting: 4 });
    add(20);
    expect(events).toEqual([{ event: 'traces.lost', reason: 'queue-full' }]);
    await spans.close();
    // The first batch left the queue at once.
    expect(receiver.spans()).toHaveLength(6);
  });

  it('drops batches that the receiver refuses, reports the first one, and that spans are sent again', async () => {
    const receiver = await startOtlpReceiver();
    const { events, add } = createTestExport(receiver.endpoint, { batch: 1 });
    receiver.status = 503;
    for (let count = 1; count <= 3; count += 1) {
      add(1);
      await eventually(() => receiver.requests).toHaveLength(count);
    }
    receiver.status = 200;
    add(1);
    await receiver.waitFor(1);
    await eventually(() => events).toEqual([
      { event: 'traces.lost', reason: 'refused', httpStatus: 503 },
      { event: 'traces.sent' },
    ]);
    expect(receiver.requests).toHaveLength(4);
  });

  it('reports a loss at most once in a time', async () => {
    const receiver = await startOtlpReceiver();
    const { events, add } = createTestExport(receiver.endpoint, { batch: 1, quietMs: 600_000 });
    for (const [index, status] of [503, 200, 503, 200].entries()) {
      receiver.status = status;
      add(1);
      await eventually(() => receiver.requests).toHaveLength(index + 1);
    }
    await receiver.waitFor(2);
    expect(events).toEqual([{ event: 'traces.lost', reason: 'refused', httpStatus: 503 }]);
  });

  it('reports that the receiver cannot be reached, with the code of the system', async () => {
    const { spans, events, add } = createTestExport('http://127.0.0.1:1', { batch: 1 });
    add(1);
    await spans.close();
    expect(events).toEqual([{ event: 'traces.lost', reason: 'unreachable', networkCode: 'ECONNREFUSED' }]);
  });

  it('gives up a request that the receiver does not answer', async () => {
    const receiver = await startOtlpReceiver();
    receiver.status = undefined;
    // A busy machine needs a while to send the request.
    const { events, add } = createTestExport(receiver.endpoint, { batch: 1, timeoutMs: 1_000 });
    add(1);
    await eventually(() => receiver.requests).toHaveLength(1);
    await eventually(() => events).toEqual([
      { event: 'traces.lost', reason: 'unreachable', networkCode: 'TimeoutError' },
    ]);
  });

  it('does not wait at the end for a receiver that does not answer', async () => {
    const receiver = await startOtlpReceiver();
    receiver.status = undefined;
    const { spans, events, add } = createTestExport(receiver.endpoint, { batch: 2, closeMs: 20, timeoutMs: 600_000 });
    add(5);
    await eventually(() => receiver.requests).toHaveLength(1);
    await spans.close();
    expect(events).toEqual([expect.objectContaining({ event: 'traces.lost', reason: 'unreachable' })]);
  });
});
