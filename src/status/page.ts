import { createHash } from 'node:crypto';
import type { ServiceStatus } from '../core/status.js';
import { blocksOf, type Blocks, type SlotHolders } from './blocks.js';
import { html, Html } from './html.js';
import { noticesOf } from './notices.js';
import { LOGIN_STYLE, STATUS_STYLE } from './style.js';

/** An HTML document that loads nothing but the events of its own host. */
export interface StatusDocument {
  readonly html: string;
  /** The value of the header Content-Security-Policy. */
  readonly contentSecurityPolicy: string;
}

export interface StatusPageOptions {
  /** The name of the service. */
  readonly title: string;
  /** The name of this replica, such as that of its host. With Redis it is the name that `readHolders` has for it. */
  readonly replica: string;
  /** Whether the service has a playground at `/`. */
  readonly playground: boolean;
  readonly readStatus: () => ServiceStatus;
  /** It does not wait for Redis. Absent: no Redis is configured. */
  readonly readHolders?: (() => SlotHolders) | undefined;
  /** The clock of the status, in epoch milliseconds. */
  readonly epochMs: () => number;
}

export interface StatusPage {
  /** The page with the figures of this moment. It works without its script, but then it is not live. */
  render(): StatusDocument;
  /** The page that asks for a token, with a message if one was wrong. */
  renderLogin(problem?: string): StatusDocument;
  /** The figures of this moment for an open page, as the data of one server-sent event: one line of JSON. */
  renderEvent(): string;
}

const LOGO = new Html(
  '<svg class="logo" viewBox="0 0 32 32" xmlns="http://www.w3.org/2000/svg" aria-hidden="true">' +
    '<rect width="32" height="32" rx="7" fill="#5b3df5"/><g stroke="#fff" stroke-width="3" stroke-linecap="round">' +
    '<path d="M8 10h16"/><path d="M8 16h11"/><path d="M8 22h6"/></g></svg>',
);

/**
 * Shows what the server renders. A block is replaced only if it changed, so a screen reader reads the state aloud when
 * it changes. Addresses are relative to the page, so that the page also works under a path of a proxy.
 */
const SCRIPT = `
const live = document.querySelector('#live');
const shown = {};
function setLive(isLive, text) {
  live.classList.toggle('on', isLive);
  if (live.textContent !== text) live.textContent = text;
}
function show({ title, blocks }) {
  document.title = title;
  for (const [name, text] of Object.entries(blocks)) {
    if (shown[name] !== text) document.getElementById(name).innerHTML = shown[name] = text;
  }
  setLive(true, 'Live');
}
function connect() {
  const source = new EventSource('status/events');
  source.addEventListener('message', ({ data }) => show(JSON.parse(data)));
  source.addEventListener('notice', ({ data }) => setLive(false, data));
  source.addEventListener('error', async () => {
    if (live.classList.contains('on')) {
      setLive(false, 'Not live since ' + new Date().toLocaleTimeString() + '. Trying again…');
    }
    // The browser connects again by itself, unless the server refused it. A session may have ended.
    if (source.readyState !== EventSource.CLOSED) return;
    const { status } = await fetch('status').catch(() => ({}));
    if (status === 401) location.reload();
    else setTimeout(connect, 5000);
  });
}
setLive(false, 'Connecting…');
connect();
`;

/** The page at `/status`. */
export function createStatusPage(options: StatusPageOptions): StatusPage {
  const read = (): { title: string; version: string; blocks: Blocks } => {
    const status = options.readStatus();
    const holders = options.readHolders?.()?.map((name) => (name === options.replica ? 'this replica' : name));
    return {
      title: titleFor(status, options.title),
      version: status.version,
      blocks: blocksOf(status, options.epochMs(), holders),
    };
  };
  return {
    render() {
      const { title, version, blocks } = read();
      return createDocument({ title, style: STATUS_STYLE, script: SCRIPT, body: statusBody(options, version, blocks) });
    },
    renderLogin: (problem) =>
      createDocument({
        title: `${options.title}: sign in`,
        style: LOGIN_STYLE,
        script: undefined,
        body: loginBody(options.title, problem),
      }),
    renderEvent() {
      const { title, blocks } = read();
      const texts = Object.entries(blocks).map(([name, { text }]) => [name, text]);
      return JSON.stringify({ title, blocks: Object.fromEntries(texts) as object });
    },
  };
}

/** The title in a tab of the browser: it says that something is wrong. */
function titleFor(status: ServiceStatus, title: string): string {
  const severity = noticesOf(status)[0]?.severity;
  const prefix = { problem: 'Problem: ', warning: 'Warning: ', normal: '' }[severity ?? 'normal'];
  return `${prefix}${title}, status`;
}

function statusBody({ title, replica, playground }: StatusPageOptions, version: string, blocks: Blocks): Html {
  const section = (name: keyof Blocks, heading: string, period: string, className = ''): Html =>
    html`<section class="${className}" aria-labelledby="${name}-heading">
      <h2 id="${name}-heading">${heading}<small>${period}</small></h2>
      <div id="${name}">${blocks[name]}</div>
    </section>`;
  return html`<header>
      ${LOGO}
      <div>
        <h1>${title}</h1>
        <p class="sub">Status of replica ${replica}, version ${version}</p>
      </div>
      <p id="live" role="status">Not live without JavaScript</p>
    </header>
    <div id="state" role="status">${blocks.state}</div>
    <main>
      ${[
        section('quota', 'Calls today', 'the account'),
        section('slots', 'Slots', 'now'),
        section('queue', 'Queue', 'now'),
        section('latency', 'Duration of calls', 'last hour', 'wide'),
        section('clients', 'Clients', 'since the start'),
        section('answers', 'Answers', 'last hour'),
        section('errors', 'Errors', 'last hour'),
        section('health', 'Parts', 'now'),
      ]}
    </main>
    <footer>
      <p class="note">
        The figures are those of this replica. With Redis, the calls of today and the slots are those of all replicas.
      </p>
      ${playground ? html`<a href="./">Playground</a>` : ''}<a href="readyz">Health</a>
    </footer>`;
}

function loginBody(title: string, problem: string | undefined): Html {
  // A page with a problem is the answer to the form, so its address is that of the form.
  const action = problem === undefined ? 'status/login' : 'login';
  return html`<main>
    <header>
      ${LOGO}
      <div>
        <h1>${title}</h1>
        <p class="sub">Status</p>
      </div>
    </header>
    <form method="post" action="${action}">
      ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
      <label for="token">Token</label>
      <input
        id="token"
        name="token"
        type="password"
        required
        autofocus
        autocomplete="current-password"
        aria-describedby="token-help"
      />
      <p class="note" id="token-help">The value of METRICS_TOKEN, or a router secret.</p>
      <button>Show the status</button>
    </form>
  </main>`;
}

interface DocumentParts {
  readonly title: string;
  readonly style: string;
  readonly script: string | undefined;
  readonly body: Html;
}

function createDocument({ title, style, script, body }: DocumentParts): StatusDocument {
  const icon = `data:image/svg+xml,${encodeURIComponent(LOGO.text)}`;
  // The elements with a hash are written without spaces around their text.
  const styleElement = new Html(`<style>${style}</style>`);
  const scriptElement = new Html(script === undefined ? '' : `<script>${script}</script>`);
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="${icon}" />
        ${styleElement}
      </head>
      <body>
        ${body} ${scriptElement}
      </body>
    </html>`;
  return { html: text, contentSecurityPolicy: policyFor(style, script) };
}

/** The script and the style are allowed by their hashes. Forms are sent to the own host only. */
function policyFor(style: string, script: string | undefined): string {
  return [
    "default-src 'none'",
    `script-src ${script === undefined ? "'none'" : hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
