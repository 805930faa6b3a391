import { describe, expect, it } from 'vitest';
import { askGraph } from '../support/graphql-client.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startProcess } from '../support/service-process.js';

const FIND = 'query Find { findCampaignRecords(customerId: "22461203") { id } }';

describe('The process', () => {
  it('sends the spans that wait when it is stopped', async () => {
    const receiver = await startOtlpReceiver();
    const service = startProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
    expect((await askGraph(`${await service.url}/graphql`, FIND)).errors).toEqual([]);
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(receiver.spans().map(({ name }) => name)).toEqual([
      ...['wait in queue', 'wait for slot', 'GET lookup'],
      'query',
    ]);
    expect(service.output()).toContain('"event":"traces.sent"');
  });

  it('ends although the receiver of traces does not answer', async () => {
    const receiver = await startOtlpReceiver();
    receiver.status = undefined;
    const service = startProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
    expect((await askGraph(`${await service.url}/graphql`, FIND)).errors).toEqual([]);
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(receiver.requests).toHaveLength(1);
    expect(service.output()).toContain('"event":"traces.lost"');
  });
});
