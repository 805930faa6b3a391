import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findTool } from '../../scripts/setup.mjs';

/** Screenshots for a person to look at. The folder is not in the repository. */
export const SCREENSHOTS = fileURLToPath(new URL('../../reports/', import.meta.url));

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

/** A phone and a desktop, each in both colour schemes. */
export const SCREENS = [
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
  { width: 1440, height: 900, colorScheme: 'light' },
  { width: 1440, height: 900, colorScheme: 'dark' },
] as const;
export type Screen = (typeof SCREENS)[number];
const DESKTOP = SCREENS[2];

/** A page in a new browser context, without storage of another visit. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, of scripts and of the content security policy. */
  readonly problems: readonly string[];
  /** The addresses of its requests, without `blob:` and `data:`. */
  readonly requests: readonly URL[];
  readonly close: () => Promise<void>;
}

export function startBrowser(): Promise<Browser> {
  const executablePath = findTool('chromium');
  if (executablePath === undefined) throw new Error('Chromium is not installed. Run node scripts/setup.mjs.');
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS });
}

export async function visit(
  browser: Browser,
  url: string,
  { width, height, colorScheme }: Screen = DESKTOP,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, ...options });
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
  return { page, problems, requests, close: () => context.close() };
}

/** The serious and critical issues that axe-core finds on the page, with the elements that have them. */
export async function accessibilityIssues(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** How many pixels of the page are beyond the right edge of its window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
