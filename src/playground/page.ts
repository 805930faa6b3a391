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

/** The colours of errors, fields and types, with enough contrast for text. */
const LIGHT_COLORS = '--color-error: 13, 93%, 38%; --color-info: 208, 100%, 38%; --color-warning: 36, 100%, 28%;';
const DARK_COLORS = '--color-error: 13, 100%, 76%;';

/**
 * GraphiQL is made for wide windows. In a narrow one the panes are one above the other, and the documentation covers
 * the editors. Its style for that state is `left: -1000px` while it is closed. GraphiQL sets sizes as inline styles,
 * which only `!important` changes.
 *
 * The rule of the tabs keeps a tab in its position: GraphiQL moves a tab when it gets the focus, so the tab would leave
 * the pointer during a click.
 */
const OWN_STYLE = `
html, body, #root { height: 100%; margin: 0; }
.graphiql-logo > div { gap: 8px; white-space: nowrap; }
.graphiql-logo > div > div { width: 28px !important; }
.graphiql-container .graphiql-logo, .monaco-editor .margin .line-numbers {
  color: hsl(var(--color-neutral)) !important;
}
.graphiql-tabs .graphiql-tab { flex: none; transform: none !important; }
.graphiql-doc-explorer a { text-decoration: underline; }
body.graphiql-light .graphiql-container { ${LIGHT_COLORS} }
body.graphiql-dark .graphiql-container { ${DARK_COLORS} }
@media (prefers-color-scheme: light) { body:not(.graphiql-dark) .graphiql-container { ${LIGHT_COLORS} } }
@media (prefers-color-scheme: dark) { body:not(.graphiql-light) .graphiql-container { ${DARK_COLORS} } }
@media (max-width: 700px) {
  .graphiql-container { width: 100%; height: 100%; }
  .graphiql-container > .graphiql-container { flex-direction: column-reverse; }
  .graphiql-container .graphiql-sidebar { flex-direction: row; width: auto; padding: 4px 12px; }
  .graphiql-container .graphiql-sidebar > button { margin-top: 0 !important; }
  .graphiql-container .graphiql-sidebar > button:nth-of-type(3) { margin-left: auto; }
  .graphiql-container .graphiql-main { min-height: 0; }
  .graphiql-container .graphiql-sessions { margin: 8px 8px 0; }
  .graphiql-logo span { display: none; }
  .graphiql-container #graphiql-session { flex-direction: column; min-height: 0; }
  .graphiql-container .graphiql-editors { flex: 3 1 0 !important; min-height: 0; }
  .graphiql-container .graphiql-response { flex: 2 1 0 !important; min-height: 0; padding-top: 8px; }
  .graphiql-container .graphiql-response .result-window { min-height: 0; overflow: hidden; }
  .graphiql-container .graphiql-query-editor { padding: 8px; }
  .graphiql-container .graphiql-editor-tools, .graphiql-container .graphiql-editor-tool { padding: 4px 8px; }
  .graphiql-horizontal-drag-bar { display: none; }
  .graphiql-container .graphiql-plugin { flex: 1 !important; border: 0; }
  .graphiql-plugin:not([style*='left: -1000px']) ~ .graphiql-sessions { display: none; }
}
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
${corrected(bundle.js)};
const options = ${asScriptValue(graphiqlOptions(settings))};
const { endpoint, requestHeaders, neededHeaders, hint } = ${asScriptValue(fetcherOptions(settings))};
// Each tab has headers of its own, but a secret that is entered in one of them is used in all.
const secrets = new Map();
const fetcher = async ({ query, variables, operationName }, { headers: given } = {}) => {
  const headers = new Headers({ ...requestHeaders, ...given });
  for (const name of neededHeaders) {
    if (headers.get(name)) secrets.set(name, headers.get(name));
    // The service would refuse the request, count it and log it, at each visit of the page.
    if (!secrets.has(name)) return { hint };
    headers.set(name, secrets.get(name));
  }
  const response = await fetch(endpoint, {
    method: 'POST',
    headers,
    // GraphiQL reads the name 0.1 s after a tab is opened. Until then it has the name of the tab before.
    body: JSON.stringify({ query, variables, ...(query.split(/\\W+/).includes(operationName) && { operationName }) }),
  });
  const notJson = 'The response has the HTTP status ' + response.status + ', and its body is not JSON.';
  const result = await response.json().catch(() => ({ errors: [{ message: notJson }] }));
  if (operationName === 'IntrospectionQuery' && result.data?.__schema) hideFederation(result.data.__schema);
  if (response.status === 401 && hint !== undefined) return { status: 401, hint, ...result };
  // The cost of the response is first, so that it is visible without scrolling.
  const { extensions, ...parts } = result;
  return extensions === undefined ? parts : { extensions, ...parts };
};
// Changes what GraphiQL asks, not what a visitor asks. The editor does not need the types and directives of the
// federation library. It needs those of the operations that routers send, to check them, so they come last.
const hideFederation = (schema) => {
  const isOfRouter = ({ name }) => /^_[^_]/.test(name);
  const routerLast = (list) => [...list.filter((one) => !isOfRouter(one)), ...list.filter(isOfRouter)];
  schema.directives = schema.directives.filter(({ locations }) => locations.includes('FIELD'));
  schema.types = routerLast(schema.types.filter(({ name }) => !/^(?:(?:link|federation)__|CacheControlScope$)/.test(name)));
  for (const type of schema.types) type.fields &&= routerLast(type.fields);
};
// GraphiQL restores its tabs, but shows an empty one. These options select the tab that was active.
const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem('graphiql:tabState')) ?? {
  tabs: options.defaultTabs,
  activeTabIndex: 0,
};
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  ...options,
  fetcher,
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
<main id="root"></main>
<script>${script}</script>
</body>
</html>
`;
  return { html, contentSecurityPolicy: policyFor(script) };
}

/** Each text of the bundle, and the one that replaces it. */
const CORRECTIONS = [
  // A tab is an element with two buttons in it. A screen reader does not read buttons in the role `tab`.
  ['"aria-selected":r,dragElastic:!1,role:"tab"', '"aria-current":r,dragElastic:!1,role:"listitem"'],
  ['role:"tablist"', 'role:"list"'],
  // Two colours have too little contrast for text: comments on a dark page, and numbers on a light one.
  ['{token:"comment",foreground:"608B4E"}', '{token:"comment",foreground:"7FAF6B"}'],
  ['{token:"number",foreground:"098658"}', '{token:"number",foreground:"087048"}'],
] as const;

/** @throws Error if the bundle is not the version for which the corrections are written */
function corrected(js: string): string {
  return CORRECTIONS.reduce((text, [given, wanted]) => {
    if (!text.includes(given)) throw new Error(`The bundle of GraphiQL must contain ${given}.`);
    return text.replaceAll(given, wanted);
  }, js);
}

function fetcherOptions({ endpoint, headerNames }: PageSettings): object {
  return {
    endpoint,
    // The service answers the last one with the cost of the response, in extensions.wolkvox.
    requestHeaders: { 'content-type': 'application/json', accept: 'application/json', 'wolkvox-cost': '1' },
    neededHeaders: headerNames,
    hint:
      headerNames.length === 0
        ? undefined
        : `Enter the value of ${headerNames.join(' and ')} in the pane Headers, and send the operation. ` +
          'After that, "Re-fetch GraphQL schema" shows the documentation.',
  };
}

function graphiqlOptions({ title, examples, headerNames }: PageSettings): object {
  const headers =
    headerNames.length === 0
      ? undefined
      : JSON.stringify(Object.fromEntries(headerNames.map((name) => [name, ''])), undefined, 2);
  return {
    title: escapeHtml(title),
    logo: LOGO,
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
