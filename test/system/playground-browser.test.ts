import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { startStack } from '../../examples/federation/stack.js';
import type { Stack } from '../../examples/federation/stack.js';
import { findTool } from '../../scripts/setup.mjs';
import { createLog } from '../../src/telemetry/log.js';

/** Where a person can look at what the tests saw; not kept in the repository. */
const SCREENSHOTS = fileURLToPath(new URL('../../reports/', import.meta.url));

const CHROMIUM_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page in a browser without a past, and whatever happened on it that should not. */
interface Visit {
  readonly page: Page;
  /** Errors of the console, of scripts and of the content security policy. */
  readonly complaints: readonly string[];
  /** Addresses that it asked for, but those made inside the page. */
  readonly asked: readonly URL[];
  readonly close: () => Promise<void>;
}

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  const executablePath = findTool('chromium');
  if (executablePath === undefined) throw new Error('No Chromium is installed: run node scripts/setup.mjs.');
  mkdirSync(SCREENSHOTS, { recursive: true });
  [stack, browser] = await Promise.all([
    startStack({
      log: createLog({ level: 'silent', secrets: [] }),
      simulator: { latency: { minMs: 5, maxMs: 15 } },
    }),
    chromium.launch({ executablePath, args: CHROMIUM_ARGS }),
  ]);
}, 60_000);

afterAll(async () => {
  await browser.close();
  await stack.stop();
});

async function visit(url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const complaints: string[] = [];
  const asked: URL[] = [];
  context.on('request', (request) => {
    const address = new URL(request.url());
    if (!['blob:', 'data:'].includes(address.protocol)) asked.push(address);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(url);
  // The editor is there, and so is the schema that the docs are made of.
  await page.getByRole('button', { name: 'Execute query' }).waitFor();
  await page.locator('.graphiql-editors .view-line').first().waitFor();
  return { page, complaints, asked, close: () => context.close() };
}

function tabs(page: Page): Promise<string[]> {
  return page.locator('.graphiql-tab').allInnerTexts();
}

/**
 * Opens a tab, runs its question, and waits until the response holds the text. GraphiQL reads an operation's name a tenth of a second
 * after its tab is opened, so whoever is quicker than a person runs once more.
 */
async function run(page: Page, tab: string, expected: string): Promise<void> {
  await page.locator('.graphiql-tab', { hasText: tab }).click();
  await vi.waitFor(
    async () => {
      await page.getByRole('button', { name: 'Execute query' }).click();
      await page.locator('.result-window .view-lines', { hasText: expected }).waitFor({ timeout: 3_000 });
    },
    { timeout: 15_000 },
  );
}

describe.each(['/', '/graphql'])('the playground at %s', (path) => {
  test('runs an example, shows records and the docs, and asks nobody else', async () => {
    const { page, complaints, asked, close } = await visit(stack.urls.campaigns + path);

    expect(await page.title()).not.toBe('');
    expect(await tabs(page)).toEqual([
      'PersonInAllCampaigns',
      'OneCampaign',
      'ManyAtOnce',
      'EntitiesForRouter',
      'LookupWithAnError',
    ]);
    await run(page, 'PersonInAllCampaigns', 'Gómez Ríos');
    await page.screenshot({ path: `${SCREENSHOTS}playground${path.replaceAll('/', '-')}.png` });

    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByText('Query', { exact: true }).click();
    await docs.getByText('The campaign records that fulfil every criterion given').waitFor();
    await docs.getByText('findCampaignRecords', { exact: true }).click();
    await docs.getByText('A telephone number with 7 to 18 digits').waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}playground${path.replaceAll('/', '-')}-docs.png` });

    expect(complaints).toEqual([]);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.filter(({ origin }) => origin !== stack.urls.campaigns).map(String)).toEqual([]);
    await close();
  }, 30_000);
});

test('every tab of the playground runs as it stands', async () => {
  const { page, complaints, close } = await visit(stack.urls.campaigns);

  await run(page, 'OneCampaign', 'Crédito de vehículo');
  await run(page, 'ManyAtOnce', 'mariaToo');
  await run(page, 'EntitiesForRouter', '_entities');
  await run(page, 'LookupWithAnError', 'BAD_USER_INPUT');

  expect(complaints).toEqual([]);
  await close();
}, 30_000);

test('what was asked outlives a reload, but neither the tab of the browser nor the address line', async () => {
  const { page, complaints, close } = await visit(stack.urls.campaigns);
  await run(page, 'LookupWithAnError', 'BAD_USER_INPUT');
  const before = await tabs(page);
  // The state is kept half a second after the last change.
  await expect
    .poll(() => page.evaluate(`JSON.parse(sessionStorage.getItem('graphiql:tabState')).activeTabIndex`))
    .toBe(4);
  await page.reload();
  await page.locator('.graphiql-query-editor .view-lines', { hasText: 'LookupWithAnError' }).waitFor();

  expect(await tabs(page)).toEqual(before);
  expect(new URL(page.url()).search).toBe('');
  expect(await page.evaluate('localStorage.length')).toBe(0);
  expect(complaints).toEqual([]);
  await close();
}, 30_000);

test("the demo's gateway has a playground with questions over both subgraphs", async () => {
  const { page, complaints, asked, close } = await visit(stack.urls.gateway);

  expect(await tabs(page)).toEqual(['CustomerAndRecords', 'RecordsAndCustomers', 'AllCustomersInOneCampaign']);
  await run(page, 'CustomerAndRecords', 'maria.gomez@example.com');
  await page.screenshot({ path: `${SCREENSHOTS}playground-gateway.png` });

  expect(complaints).toEqual([]);
  expect(asked.filter(({ origin }) => origin !== stack.urls.gateway).map(String)).toEqual([]);
  await close();
}, 30_000);
