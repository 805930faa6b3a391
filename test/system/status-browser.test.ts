import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityIssues, overflowOf, SCREENS, SCREENSHOTS, startBrowser, visit } from '../support/browser.js';
import { logLines, startService } from '../support/service.js';

const LOOKUP = '{ findCampaignRecords(phone: "3064821975") { id } }';
const SECRET = 'secret-of-the-router';
const TOKEN = 'token-of-the-scraper';

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

describe.each(SCREENS)('at $width pixels, $colorScheme', (screen) => {
  const name = `${screen.width}-${screen.colorScheme}`;

  it('the status page fits, has no serious issue, and requests nothing from another host', async () => {
    const service = await startService({ env: { WOLKVOX_DAILY_LIMIT: '1000' } });
    for (const phone of ['3064821975', '3064821975', 'abc']) {
      await service.ask(`{ findCampaignRecords(phone: "${phone}") { id } }`);
    }
    const { page, problems, requests, close } = await visit(browser, `${service.url}/status`, screen);
    await isLive(page);

    expect(await figureOf(page, 'quota')).toBe('1');
    expect(await page.locator('#errors').innerText()).toContain('BAD_USER_INPUT');
    expect(await overflowOf(page)).toBe(0);
    expect(await accessibilityIssues(page)).toEqual([]);
    await page.screenshot({ path: `${SCREENSHOTS}status-${name}.png`, fullPage: true });
    expect(problems).toEqual([]);
    expect(requests.map(({ pathname }) => pathname)).toEqual(['/status', '/status/events']);
    expect(new Set(requests.map(({ origin }) => origin))).toEqual(new Set([service.url]));
    await close();
  });

  it('the form for the token fits and has no serious issue, also with a message', async () => {
    const { url } = await startService({ env: { METRICS_TOKEN: TOKEN } });
    const { page, requests, close } = await visit(browser, `${url}/status`, screen);
    expect(await accessibilityIssues(page)).toEqual([]);
    await logIn(page, 'wrong');
    await page.getByRole('alert').waitFor();

    expect(await overflowOf(page)).toBe(0);
    expect(await accessibilityIssues(page)).toEqual([]);
    await page.screenshot({ path: `${SCREENSHOTS}status-form-${name}.png` });
    expect(requests).toHaveLength(2);
    await close();
  });
});

describe('accessibilityIssues', () => {
  it('finds issues on a page that has some', async () => {
    const { page, close } = await visit(browser, 'about:blank');
    await page.setContent('<p style="color: #ccc">Pale</p><input>');
    const issues = (await accessibilityIssues(page)).join();
    for (const rule of ['color-contrast', 'label', 'html-has-lang']) expect(issues).toContain(rule);
    await close();
  });
});

describe('the status page', () => {
  it('shows a lookup while it is open, and leaves the state alone', async () => {
    const { url, ask } = await startService();
    const { page, problems, close } = await visit(browser, `${url}/status`);
    await isLive(page);
    await page.evaluate(`
      window.announcements = [];
      const observer = new MutationObserver((changes) => announcements.push(...changes.map(({ type }) => type)));
      for (const element of document.querySelectorAll('[role=status]')) {
        observer.observe(element, { childList: true, characterData: true, subtree: true });
      }`);
    expect(await figureOf(page, 'quota')).toBe('0');

    await ask(LOOKUP);
    await figureIs(page, 'quota', '1');
    await page.locator('#latency', { hasText: '1 call in the last hour' }).waitFor();
    await ask('{ findCampaignRecords(customerId: "22461203") { id } }');
    await figureIs(page, 'quota', '2');

    expect(await page.evaluate('announcements')).toEqual([]);
    expect(problems).toEqual([]);
    await close();
  });

  it('announces a change of the state, also in its title', async () => {
    const { url, ask } = await startService({ env: { WOLKVOX_DAILY_LIMIT: '1' } });
    const { page, close } = await visit(browser, `${url}/status`);
    await isLive(page);
    const state = page.locator('#state');
    expect(await state.getAttribute('role')).toBe('status');
    expect(await state.innerText()).toBe('The service works normally.');
    const title = await page.title();

    await ask(LOOKUP);
    await state.getByText("Today's calls are used up").waitFor();
    expect(await state.innerText()).toContain('Problem: ');
    expect(await page.title()).toBe(`Problem: ${title}`);
    await close();
  });

  it('says that it is not live when the service stops, and the service does not wait for it', async () => {
    const { url, stop } = await startService({ env: { DRAIN_GRACE_MS: '0' } });
    const { page, close } = await visit(browser, `${url}/status`);
    await isLive(page);

    await stop();
    await page.locator('#live', { hasText: 'This replica stops.' }).waitFor();
    await close();
  });

  it('shows its figures without JavaScript', async () => {
    const { url, ask } = await startService();
    await ask(LOOKUP);
    const { page, close } = await visit(browser, `${url}/status`, undefined, { javaScriptEnabled: false });
    expect(await figureOf(page, 'quota')).toBe('1');
    expect(await page.locator('#live').innerText()).toBe('Not live without JavaScript');
    await close();
  });

  it('can be used with the keyboard', async () => {
    const { url } = await startService();
    const { page, close } = await visit(browser, `${url}/status`);
    await isLive(page);
    const walked: unknown[] = [];
    for (let step = 0; step < 2; step += 1) {
      await page.keyboard.press('Tab');
      walked.push(await page.evaluate('document.activeElement.innerText'));
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
    expect(walked).toEqual(['Playground', 'Health']);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/readyz`);
    await close();
  });
});

describe('the form for the token', () => {
  it('opens the page with the keyboard alone, for the token and for a router secret', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET, METRICS_TOKEN: TOKEN } });
    for (const token of [TOKEN, SECRET]) {
      const { page, problems, requests, close } = await visit(browser, `${url}/status`);
      expect(await page.locator('#quota').count()).toBe(0);
      // The browser gives the field the focus a moment after the page is loaded.
      await page.locator('input:focus').waitFor();
      await page.keyboard.type(token);
      await page.keyboard.press('Enter');
      await isLive(page);

      expect(page.url()).toBe(`${url}/status`);
      const cookies = await page.context().cookies();
      expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', secure: false, expires: -1 }]);
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.reload();
      await isLive(page);
      expect(requests.every(({ href }) => !href.includes(token))).toBe(true);
      // The browser reports the status 401 of the form.
      expect(problems.filter((problem) => !problem.includes('401'))).toEqual([]);
      await close();
    }
  });

  it('says that a token is wrong, and the log says it once', async () => {
    const service = await startService({ env: { ROUTER_SECRET: SECRET } });
    const { page, close } = await visit(browser, `${service.url}/status`);
    for (const token of ['wrong', `${SECRET}x`, SECRET.slice(1)]) {
      await logIn(page, token);
      expect(await page.getByRole('alert').innerText()).toContain('The token must be');
    }
    expect(await page.context().cookies()).toEqual([]);
    expect(logLines(service, 'request.unauthenticated')).toHaveLength(1);
    await logIn(page, SECRET);
    await isLive(page);
    await close();
  });
});

/** Resolves when the page shows the data of an event. */
async function isLive(page: Page): Promise<void> {
  await page.locator('#live', { hasText: /^Live$/ }).waitFor();
}

/** The large figure of a block. */
function figureOf(page: Page, block: string): Promise<string> {
  return page.locator(`#${block} strong`).innerText();
}

async function figureIs(page: Page, block: string, text: string): Promise<void> {
  await page.locator(`#${block} strong`, { hasText: new RegExp(`^${text}$`) }).waitFor();
}

async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button').click()]);
}
