import { auditServer } from 'graphql-http';
import { expect, test } from 'vitest';

import { readConfig } from '../../src/config.js';
import { createService } from '../../src/service.js';
import { createLog } from '../../src/telemetry/log.js';

test("the server passes graphql-http's audits of GraphQL over HTTP without an error", async () => {
  const service = createService(readConfig({ PORT: '0' }), { log: createLog({ level: 'silent', secrets: [] }) });
  const { url } = await service.start();
  try {
    const results = await auditServer({ url: `${url}/graphql` });

    const counts = new Map<string, number>();
    for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
    console.log(`GraphQL over HTTP: ${[...counts].map(([status, count]) => `${count} ${status}`).join(', ')}`);
    for (const result of results) {
      if (result.status !== 'ok') console.log(`  ${result.status} ${result.id} ${result.name}: ${result.reason}`);
    }
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter(({ status }) => status === 'error').map(({ id, name }) => `${id} ${name}`)).toEqual([]);
  } finally {
    await service.stop();
  }
}, 30_000);
