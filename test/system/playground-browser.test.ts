import { readFileSync } from 'node:fs';
import { buildASTSchema, parse } from 'graphql';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../../examples/federation/stack.js';
import { readExamples } from '../../src/playground/examples.js';
import { createLog } from '../../src/telemetry/log.js';
import {
  accessibilityIssues,
  overflowOf,
  SCREENS,
  SCREENSHOTS,
  startBrowser,
  visit,
  type Screen,
  type Visit,
} from '../support/browser.js';
import { logLines, startService } from '../support/service.js';

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

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack({
      log: createLog({ level: 'silent', secrets: [] }),
      simulator: { latency: { minMs: 5, maxMs: 15 } },
    }),
    startBrowser(),
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
      const { page, problems, requests, close } = await open(stack.urls.campaigns + path);
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
    const { page, problems, close } = await open(stack.urls.campaigns);

    for (const { name, field } of EXAMPLES) await run(page, name, `"${field}"`);

    expect(EXAMPLES.length).toBeGreaterThan(4);
    expect(problems).toEqual([]);
    await close();
  });

  it(
    'restores its tabs after a reload, from the session of the browser tab only',
    { timeout: TIMEOUT_MS },
    async () => {
      const { page, problems, close } = await open(stack.urls.campaigns);
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

describe.each(SCREENS)('the playground at $width pixels, $colorScheme', (screen) => {
  it('fits, shows the cost, and has no serious issue', { timeout: TIMEOUT_MS }, async () => {
    const { page, problems, close } = await open(stack.urls.campaigns, screen);
    const screenshot = `${SCREENSHOTS}playground-${screen.width}-${screen.colorScheme}`;
    await run(page, 'FindPerson', '"answersFromCache"');

    expect(await overflowOf(page)).toBe(0);
    expect(await accessibilityIssues(page)).toEqual([]);
    const [editors, response] = await Promise.all([
      boxOf(page, '.graphiql-editors'),
      boxOf(page, '.graphiql-response'),
    ]);
    if (screen.width === 390) expect(editors.bottom).toBeLessThanOrEqual(response.top);
    else expect(editors.right).toBeLessThanOrEqual(response.left);
    for (const box of [editors, response]) expect(box.right - box.left).toBeGreaterThan(340);
    await page.screenshot({ path: `${screenshot}.png` });

    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const documentation = page.locator('.graphiql-doc-explorer');
    await documentation.getByText('CampaignRecord', { exact: true }).waitFor();
    const types = await documentation.innerText();
    expect(types).not.toMatch(/link__|federation__|CacheControlScope/);
    expect(types.indexOf('_Entity')).toBeGreaterThan(types.indexOf('WolkvoxStatus'));
    expect((await boxOf(page, '.graphiql-doc-explorer')).right).toBeLessThanOrEqual(screen.width);
    expect(await accessibilityIssues(page)).toEqual([]);
    await page.screenshot({ path: `${screenshot}-documentation.png` });
    expect(problems).toEqual([]);
    await close();
  });
});

describe('the playground of a service with a router secret', () => {
  it('asks for the secret in its pane Headers, and says that one is wrong', { timeout: TIMEOUT_MS }, async () => {
    const service = await startService({ env: { ROUTER_SECRET: 'secret-of-the-router' } });
    const { page, problems, requests, close } = await open(service.url);
    const response = page.locator('.result-window .view-lines');
    await response.getByText('Enter the value of').waitFor();
    // The page was opened, and nothing was sent that the service would refuse.
    expect(requests.map(({ pathname }) => pathname)).toEqual(['/']);
    expect(problems).toEqual([]);
    expect(logLines(service, 'request.unauthenticated')).toEqual([]);

    await typeSecret(page, 'secret');
    await page.getByRole('button', { name: 'Execute query' }).click();
    await response.getByText('401').waitFor();
    expect(logLines(service, 'request.unauthenticated')).toHaveLength(1);

    await typeSecret(page, '-of-the-router');
    await page.getByRole('button', { name: 'Execute query' }).click();
    await response.getByText('"answersFromCache"').waitFor();
    // The secret is used in all tabs, but stored nowhere.
    await run(page, 'FindInCampaign', '"answersFromCache"');
    expect(await page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])')).not.toContain(
      '-router',
    );
    await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('CampaignRecord', { exact: true }).waitFor();
    await close();
  });
});

describe('the playground of the gateway', () => {
  it('runs an example over both subgraphs', { timeout: TIMEOUT_MS }, async () => {
    const { page, problems, requests, close } = await open(stack.urls.gateway);

    expect(await tabsOf(page)).toEqual(['CustomerAndRecords', 'RecordsAndCustomers', 'AllCustomersInOneCampaign']);
    await run(page, 'CustomerAndRecords', 'maria.gomez@example.com');
    await page.screenshot({ path: `${SCREENSHOTS}playground-gateway.png` });

    expect(problems).toEqual([]);
    expect(new Set(requests.map(({ origin }) => origin))).toEqual(new Set([stack.urls.gateway]));
    await close();
  });
});

/** Types a text at the end of the secret, which is before the last quote of its line. */
async function typeSecret(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-editor-tool .view-line', { hasText: 'Router-Authorization' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.insertText(text);
}

function boxOf(page: Page, selector: string): Promise<Record<'left' | 'right' | 'top' | 'bottom', number>> {
  return page.evaluate(`document.querySelector('${selector}').getBoundingClientRect().toJSON()`);
}

function firstSentence(description: string | null | undefined): string {
  const [sentence = ''] = /^.*?\./s.exec(description ?? '') ?? [];
  if (sentence === '') throw new Error('The schema has no such description.');
  return sentence.replace(/\s+/g, ' ');
}

/** Opens a playground, and waits until its editor has the first example. */
async function open(url: string, screen?: Screen): Promise<Visit> {
  const opened = await visit(browser, url, screen);
  await opened.page.getByRole('button', { name: 'Execute query' }).waitFor();
  await opened.page.locator('.graphiql-editors .view-line').first().waitFor();
  return opened;
}

function tabsOf(page: Page): Promise<string[]> {
  return page.locator('.graphiql-tab').allInnerTexts();
}

/** Opens a tab, runs its operation, and waits until the response holds the text. */
async function run(page: Page, tab: string, expected: string): Promise<void> {
  await page.locator('.graphiql-tab', { hasText: tab }).click();
  await page.locator('.graphiql-query-editor .view-lines', { hasText: tab }).waitFor();
  await page.getByRole('button', { name: 'Execute query' }).click();
  await page.locator('.result-window .view-lines', { hasText: expected }).waitFor();
}
