import { createHash } from 'node:crypto';

/** One tab of the playground. GraphiQL titles it by the operation's name. */
export interface Example {
  /** A GraphQL document with one named operation. */
  readonly query: string;
  /** Its variables as JSON text; undefined: it has none. */
  readonly variables: string | undefined;
}

export interface PageSettings {
  /** Stands in the browser's tab and beside the logo. Text, not HTML. */
  readonly title: string;
  /** Where the page sends its questions, a path on the host that serves it. */
  readonly endpoint: string;
  /** The tabs that a visitor finds, in this order. */
  readonly examples: readonly Example[];
}

/** The playground as one HTML document, and the policy under which it runs. */
export interface Page {
  readonly html: string;
  /** The value of its Content-Security-Policy header: no other host, and no script but its own. */
  readonly contentSecurityPolicy: string;
}

/**
 * Three strokes of a campaign's progress, as an SVG document without a size of its own. Drawn here, since the bundle's own icon is
 * another project's.
 */
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#5b3df5"/>' +
  '<g stroke="#fff" stroke-width="3" stroke-linecap="round"><path d="M8 10h16"/><path d="M8 16h11"/><path d="M8 22h6"/></g></svg>';

/**
 * A tab keeps the shift of an animation that never ran, which GraphiQL shows from the moment the tab has the focus: it would jump
 * away from under the pointer in the middle of a click.
 */
const OWN_STYLE = `
html, body, #root { height: 100%; margin: 0; }
.graphiql-logo > div { gap: 8px; white-space: nowrap; }
.graphiql-tabs .graphiql-tab { transform: none !important; }
`;

/**
 * Puts GraphiQL, its editor and the editor's workers into one document that asks nobody for anything more.
 *
 * Loads the bundle, 9 MB of text, on the first call; that takes about 0.1 s, so nobody pays for it who never opens the page.
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
// GraphiQL restores its tabs by itself, but not which of them the editors show, and opens an empty one beside them.
const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem('graphiql:tabState')) ?? {
  tabs: options.defaultTabs,
  activeTabIndex: 0,
};
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  ...options,
  query: tabs[activeTabIndex]?.query,
  variables: tabs[activeTabIndex]?.variables,
  // Questions hold phones and customer ids: they leave no trace in the address line, nor on the disk once the tab is closed.
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
<noscript>The playground needs JavaScript. The graph itself answers POST ${escapeHtml(settings.endpoint)}.</noscript>
<div id="root"></div>
<script>${script}</script>
</body>
</html>
`;
  return { html, contentSecurityPolicy: policyFor(script) };
}

function graphiqlOptions({ title, endpoint, examples }: PageSettings): object {
  return {
    title: escapeHtml(title),
    logo: LOGO,
    endpoint,
    defaultTabs: examples.map(({ query, variables }) => ({ query, variables: variables ?? null })),
    defaultEditorToolsVisibility: 'variables',
    // A router secret typed into the headers pane goes with the page.
    shouldPersistHeaders: false,
  };
}

/**
 * The editor makes style elements as it runs, so styles cannot be listed by hash; scripts can. Workers and the editor's fonts
 * and icons come out of the document itself, as blob: and data: addresses.
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

/** A JavaScript expression for the value that cannot end the script element it stands in. */
function asScriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** The text as an HTML parser hands it on, so that its hash is the one that the browser computes. */
function asHtmlText(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
