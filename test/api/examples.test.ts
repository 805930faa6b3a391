import { afterAll, beforeAll, expect, test } from 'vitest';

import { startStack } from '../../examples/federation/stack.js';
import type { Stack } from '../../examples/federation/stack.js';
import { readExamples } from '../../src/playground/examples.js';
import { createLog } from '../../src/telemetry/log.js';
import { askGraph } from '../support/graphql-client.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    log: createLog({ level: 'silent', secrets: [] }),
    simulator: { latency: { minMs: 0, maxMs: 5 } },
  });
}, 30_000);
afterAll(() => stack.stop());

/** What each example finds, by the name of its operation, and the codes of its errors. */
const FINDS: Record<string, { readonly text: RegExp; readonly codes?: readonly string[] }> = {
  PersonInAllCampaigns: { text: /"4821".*"7203".*"10277"/ },
  OneCampaign: { text: /Crédito de vehículo.*Tarjeta de crédito/ },
  ManyAtOnce: { text: /Gómez Ríos.*Quintero Salazar.*Cali.*Ibáñez Tovar.*"nobody":\[\]/ },
  EntitiesForRouter: { text: /"21839174".*"4821".*"20000000","campaignRecords":\[\].*María Fernanda/ },
  LookupWithAnError: { text: /"wrong":null.*Luz Marina/, codes: ['BAD_USER_INPUT'] },
  CustomerAndRecords: { text: /maria\.gomez@example\.com.*"10277"/ },
  RecordsAndCustomers: { text: /PROMESA DE PAGO.*andres\.cardenas@example\.com/ },
  AllCustomersInOneCampaign: { text: /María.*NO_ANSWER.*Andrés.*BUSY/ },
};

const folders = [
  ['campaigns', new URL('../../examples/queries/', import.meta.url)],
  ['gateway', new URL('../../examples/federation/queries/', import.meta.url)],
] as const;
const examples = folders.flatMap(([server, folder]) =>
  readExamples(folder).map(({ query, variables = '{}' }) => {
    const name = /query (\w+)/.exec(query)?.[1] ?? 'unnamed';
    return { server, name, query, variables };
  }),
);

test('each example has an expectation, and each expectation an example', () => {
  expect(examples.map(({ name }) => name).sort()).toEqual(Object.keys(FINDS).sort());
});

test.each(examples)(
  'the example $name finds its records at the $server',
  async ({ server, name, query, variables }) => {
    const { data, errors } = await askGraph(`${stack.urls[server]}/graphql`, query, JSON.parse(variables) as object);

    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(FINDS[name]?.codes ?? []);
    expect(JSON.stringify(data)).toMatch(FINDS[name]?.text ?? /no expectation/);
  },
);
