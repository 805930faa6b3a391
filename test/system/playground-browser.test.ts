import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildASTSchema, parse } from 'graphql';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startStack, type Stack } from '../../examples/federation/stack.js';
import { findTool } from '../../scripts/setup.mjs';
import { readExamples } from '../../src/playground/examples.js';
import { createLog } from '../../src/telemetry/log.js';

/** Screenshots for a person to look at. The folder is not in the repository. */
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

/** The first test also waits for the bundle of GraphiQL to be built. */
const TIMEOUT_MS = 60_000;

const SDL = readFileSync(new URL('../../schema/campaigns.graphql', import.meta.url), 'utf8');
const FIND_FIELD = buildASTSchema(parse(SDL), { assumeValidSDL: true }).getQueryType()?.getFields()[
  'findCampaignRecords'
];
const FIND_DESCRIPTION = firstSentence(FIND_FIELD?.description);
const PHONE_DESCRIPTION = firstSentence(FIND_FIELD?.args.find(({ name }) => name === 'phone')?.description);

/** The name of each operation, in the order of the tabs, and the first field of its answer. */
const EXAMPLES = readExamples(new URL('../../operations/', import.meta.url)).map(({ query }) => {
  const [, name = '', field = ''] = /^query (\w+)[^{]*\{\s*(\w+)/m.exec(query) ?? [];
  return { name, field };
});
const TABS = EXAMPLES.map(({ name }) => name);

/** A page in a new browser context, without storage of another visit. */
interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, of scripts and of the content security policy. */
  readonly problems: readonly string[];
  /** The addresses of its requests, without `blob:` and `data:`. */
  readonly requests: readonly URL[];
  readonly close: () => Promise<void>;
}

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  const executablePath = findTool('chromium');
  if (executablePath === undefined) throw new Error('Chromium is not installed. Run node scripts/setup.mjs.');
  mkdirSync(SCREENSHOTS, { recursive: true });
  [stack, browser] = await Promise.all([
    startStack({
      log: createLog({ level: 'silent', secrets: [] }),
      simulator: { latency: { minMs: 5, maxMs: 15 } },
    }),
    chromium.launch({ executablePath, args: CHROMIUM_ARGS }),
  ]);
});

afterAll(async () => {
  await browser.close();
  await stack.stop();
});

describe.each(['/', '/graphql'])('the playground at %s', (path) => {
  it(
    'runs an example, shows the documentation, and requests nothing from another host',
    { timeout: TIMEOUT_MS },
    async () => {
      const { page, problems, requests, close } = await visit(stack.urls.campaigns + path);
      const screenshot = `${SCREENSHOTS}playground${path.replaceAll('/', '-')}`;

      expect(await page.title()).not.toBe('');
      expect(await tabsOf(page)).toEqual(TABS);
      await run(page, 'FindPerson', 'Gómez Ríos');
      await page.screenshot({ path: `${screenshot}.png` });

      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      const documentation = page.locator('.graphiql-doc-explorer');
      await documentation.getByText('Query', { exact: true }).click();
      await documentation.getByText(FIND_DESCRIPTION).waitFor();
      await documentation.getByText('findCampaignRecords', { exact: true }).click();
      await documentation.getByText(PHONE_DESCRIPTION).waitFor();
      await page.screenshot({ path: `${screenshot}-documentation.png` });

      expect(problems).toEqual([]);
      expect(requests.length).toBeGreaterThan(2);
      expect(new Set(requests.map(({ origin }) => origin))).toEqual(new Set([stack.urls.campaigns]));
      await close();
    },
  );
});

describe('the playground', () => {
  it('runs the example of each tab', { timeout: TIMEOUT_MS }, async () => {
    const { page, problems, close } = await visit(stack.urls.campaigns);

    for (const { name, field } of EXAMPLES) await run(page, name, `"${field}"`);

    expect(EXAMPLES.length).toBeGreaterThan(4);
    expect(problems).toEqual([]);
    await close();
  });

  it(
    'restores its tabs after a reload, from the session of the browser tab only',
    { timeout: TIMEOUT_MS },
    async () => {
      const { page, problems, close } = await visit(stack.urls.campaigns);
      await run(page, 'PartialAnswer', 'BAD_USER_INPUT');
      const tabs = await tabsOf(page);
      // GraphiQL stores its state half a second after a change.
      const storedTab = `JSON.parse(sessionStorage.getItem('graphiql:tabState')).activeTabIndex`;
      await expect.poll(() => page.evaluate(storedTab), { timeout: 20_000 }).toBe(TABS.indexOf('PartialAnswer'));
      await page.reload();
      await page.locator('.graphiql-query-editor .view-lines', { hasText: 'PartialAnswer' }).waitFor();

      expect(await tabsOf(page)).toEqual(tabs);
      expect(new URL(page.url()).search).toBe('');
      expect(await page.evaluate('localStorage.length')).toBe(0);
      expect(problems).toEqual([]);
      await close();
    },
  );
});

describe('the playground of the gateway', () => {
  it('runs an example over both subgraphs', { timeout: TIMEOUT_MS }, async () => {
    const { page, problems, requests, close } = await visit(stack.urls.gateway);

    expect(await tabsOf(page)).toEqual(['CustomerAndRecords', 'RecordsAndCustomers', 'AllCustomersInOneCampaign']);
    await run(page, 'CustomerAndRecords', 'maria.gomez@example.com');
    await page.screenshot({ path: `${SCREENSHOTS}playground-gateway.png` });

    expect(problems).toEqual([]);
    expect(new Set(requests.map(({ origin }) => origin))).toEqual(new Set([stack.urls.gateway]));
    await close();
  });
});

function firstSentence(description: string | null | undefined): string {
  const [sentence = ''] = /^.*?\./s.exec(description ?? '') ?? [];
  if (sentence === '') throw new Error('The schema has no such description.');
  return sentence.replace(/\s+/g, ' ');
}

/** Opens a playground, and waits until its editor has the first example. */
async function visit(url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const problems: string[] = [];
  const requests: URL[] = [];
  context.on('request', (request) => {
    const address = new URL(request.url());
    if (!['blob:', 'data:'].includes(address.protocol)) requests.push(address);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  context.on('weberror', (error) => problems.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Execute query' }).waitFor();
  await page.locator('.graphiql-editors .view-line').first().waitFor();
  return { page, problems, requests, close: () => context.close() };
}

function tabsOf(page: Page): Promise<string[]> {
  return page.locator('.graphiql-tab').allInnerTexts();
}

/**
 * Opens a tab, runs its operation, and waits until the response holds the text.
 *
 * GraphiQL reads the operation's name 0.1 s after its tab is opened and shows no sign of it. Until then it sends the
 * name of the tab before, so the operation is run until the response is that of the tab.
 */
async function run(page: Page, tab: string, expected: string): Promise<void> {
  await page.locator('.graphiql-tab', { hasText: tab }).click();
  await page.locator('.graphiql-query-editor .view-lines', { hasText: tab }).waitFor();
  await vi.waitFor(
    async () => {
      await page.getByRole('button', { name: 'Execute query' }).click();
      await page.locator('.result-window .view-lines', { hasText: expected }).waitFor({ timeout: 1_000 });
    },
    { timeout: 30_000 },
  );
}
