import { createHash } from 'node:crypto';

/** One tab of the playground. GraphiQL titles it by the operation's name. */
export interface Example {
  /** A GraphQL document with one named operation. */
  readonly query: string;
  /** The variables as JSON text. Undefined: the document has none. */
  readonly variables: string | undefined;
}

export interface PageSettings {
  /** Shown in the browser's tab and beside the logo. Text, not HTML. */
  readonly title: string;
  /** The path to which the page sends operations, on the host that serves the page. */
  readonly endpoint: string;
  /** The tabs of a new visitor, in this order. */
  readonly examples: readonly Example[];
  /** Names of headers that each operation needs. A new tab has them without values, for the visitor to enter. */
  readonly headerNames: readonly string[];
}

/** The playground as one HTML document. */
export interface Page {
  readonly html: string;
  /** The value of the header Content-Security-Policy. It allows no other host and no script but that of the page. */
  readonly contentSecurityPolicy: string;
}

/** An SVG document without a size. It replaces the icon of the bundle, which is the logo of another project. */
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#5b3df5"/>' +
  '<g stroke="#fff" stroke-width="3" stroke-linecap="round"><path d="M8 10h16"/><path d="M8 16h11"/>' +
  '<path d="M8 22h6"/></g></svg>';

/**
 * The last rule keeps a tab in its position: GraphiQL moves a tab when it gets the focus, so the tab would leave the
 * pointer during a click.
 */
const OWN_STYLE = `
html, body, #root { height: 100%; margin: 0; }
.graphiql-logo > div { gap: 8px; white-space: nowrap; }
.graphiql-tabs .graphiql-tab { transform: none !important; }
`;

/**
 * Renders GraphiQL, its editor and the editor's workers as one document that loads nothing else.
 *
 * The bundle, 9 MB of text, is loaded at the first call, because most processes never show the page. It takes about 0.1
 * s.
 */
export async function renderPage(settings: PageSettings): Promise<Page> {
  const bundle = await import('@graphql-yoga/render-graphiql/graphiql');
  const script = asHtmlText(`
const asUrl = (source) => URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
const workers = {
  editorWorkerService: asUrl(${asScriptValue(bundle.editorWorkerService)}),
  json: asUrl(${asScriptValue(bundle.jsonWorker)}),
  graphql: asUrl(${asScriptValue(bundle.graphqlWorker)}),
};
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_id, label) => workers[label] };
${bundle.js};
const options = ${asScriptValue(graphiqlOptions(settings))};
// GraphiQL restores its tabs, but shows an empty one. These options select the tab that was active.
const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem('graphiql:tabState')) ?? {
  tabs: options.defaultTabs,
  activeTabIndex: 0,
};
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  ...options,
  query: tabs[activeTabIndex]?.query,
  variables: tabs[activeTabIndex]?.variables,
  // Operations hold phones and customer ids, so they are kept out of the address, and stored only until the tab is
  // closed.
  onEditQuery() {},
  storage: sessionStorage,
});
`);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(settings.title)}</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(LOGO)}">
<style>${bundle.css}
${OWN_STYLE}</style>
</head>
<body>
<noscript>The playground needs JavaScript. Without it, use POST ${escapeHtml(settings.endpoint)}.</noscript>
<div id="root"></div>
<script>${script}</script>
</body>
</html>
`;
  return { html, contentSecurityPolicy: policyFor(script) };
}

function graphiqlOptions({ title, endpoint, examples, headerNames }: PageSettings): object {
  const headers =
    headerNames.length === 0
      ? undefined
      : JSON.stringify(Object.fromEntries(headerNames.map((name) => [name, ''])), undefined, 2);
  return {
    title: escapeHtml(title),
    logo: LOGO,
    endpoint,
    defaultTabs: examples.map(({ query, variables }) => ({ query, variables: variables ?? null, headers })),
    defaultHeaders: headers,
    defaultEditorToolsVisibility: headers === undefined ? 'variables' : 'headers',
    // The headers may hold a router secret, so they are not stored.
    shouldPersistHeaders: false,
  };
}

/**
 * Scripts are allowed by their hash. Styles cannot be, because the editor creates style elements while it runs.
 * Workers, fonts and icons are part of the document and have `blob:` and `data:` addresses.
 */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** A JavaScript expression for the value. It cannot end the script element that contains it. */
function asScriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** The text as an HTML parser normalizes it, so that its hash equals the one that the browser computes. */
function asHtmlText(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
