import { auditServer } from 'graphql-http';
import { expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { createService } from '../../src/service.js';
import { createLog } from '../../src/telemetry/log.js';

test('the server passes all required audits of graphql-http', async () => {
  const service = createService(readConfig({ PORT: '0' }), { log: createLog({ level: 'silent', secrets: [] }) });
  const { url } = await service.start();
  try {
    const results = await auditServer({ url: `${url}/graphql` });
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter(({ status }) => status === 'error').map(({ id, name }) => `${id} ${name}`)).toEqual([]);
  } finally {
    await service.stop();
  }
}, 30_000);
