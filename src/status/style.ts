/** The colours of both pages. Text has a contrast of at least 4.5 to 1 on both backgrounds. */
const COLORS = `
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #fff; --line: #e1e5ec; --track: #e9ecf2;
  --text: #182033; --muted: #566074; --accent: #5b3df5; --pale: #c9bffc; --high: #d68400;
  --problem: #b3261e; --problem-back: #fdeceb; --warning: #855300; --warning-back: #fdf3e0;
  --normal: #17724a; --normal-back: #e6f5ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f131b; --card: #181e2a; --line: #2a3344; --track: #273042;
    --text: #e9edf5; --muted: #a0abbf; --accent: #a08fff; --pale: #4d4590; --high: #f2bd66;
    --problem: #ff9a91; --problem-back: #3a1d1e; --warning: #f2bd66; --warning-back: #362a14;
    --normal: #6dd6a2; --normal-back: #15301f;
  }
}`;

const BASE = `
*, *::before, *::after { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
h1, h2, p, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.25rem; line-height: 1.25; letter-spacing: -.01em; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.logo { flex: none; width: 40px; height: 40px; }
.note, .sub { color: var(--muted); font-size: .875rem; }
@media (forced-colors: active) { .bar, .chart svg, .squares span { forced-color-adjust: none; } }
`;

/** The style of the page with the figures. */
export const STATUS_STYLE = `${COLORS}${BASE}
body { max-width: 1280px; margin: 0 auto; padding: 24px; }
header { display: flex; align-items: center; gap: 12px; margin-bottom: 20px; }
header div { min-width: 0; overflow-wrap: anywhere; }
#live {
  display: flex; align-items: center; gap: 8px; margin-left: auto; padding: 4px 12px; border-radius: 14px;
  background: var(--card); border: 1px solid var(--line); color: var(--muted); font-size: .875rem;
}
#live::before { content: ''; flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--warning); }
#live.on::before { background: var(--normal); }
#state ul { display: grid; gap: 8px; margin-bottom: 16px; list-style: none; }
#state li { padding: 10px 16px; border-radius: 10px; border-left: 4px solid; }
.problem { color: var(--problem); background: var(--problem-back); }
.warning { color: var(--warning); background: var(--warning-back); }
.normal { color: var(--normal); background: var(--normal-back); }
main { display: grid; gap: 16px; grid-template-columns: repeat(12, minmax(0, 1fr)); }
section { padding: 18px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
section { grid-column: span 4; }
section.wide { grid-column: span 8; }
h2 { display: flex; justify-content: space-between; gap: 12px; font-size: .9375rem; font-weight: 600; }
h2 + div > :is(dl, .note) { margin-top: 12px; }
h2 small { color: var(--muted); font-size: .8125rem; font-weight: 400; white-space: nowrap; }
.figure { margin: 6px 0 12px; color: var(--muted); }
.figure strong { color: var(--text); font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
dl { display: grid; gap: 6px; font-size: .875rem; }
dl div { display: flex; justify-content: space-between; gap: 12px; }
dt { color: var(--muted); overflow-wrap: anywhere; }
dd { flex: 1; text-align: right; overflow-wrap: anywhere; }
.bars div { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; }
.bars .share { grid-column: 1 / -1; line-height: 0; }
.bar { display: block; width: 100%; height: 6px; border-radius: 3px; background: var(--track); }
.bar.large { height: 12px; border-radius: 6px; margin-bottom: 14px; }
.value, .mean { fill: var(--accent); background: var(--accent); }
.value.high { fill: var(--high); }
.expected, .slowest { fill: var(--pale); background: var(--pale); }
.failed { fill: var(--problem); background: var(--problem); }
.squares { display: flex; gap: 8px; margin-bottom: 14px; }
.squares span { flex: 1; height: 12px; border-radius: 6px; background: var(--track); }
.squares .used { background: var(--accent); }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 8px; margin-top: 14px; }
.chart svg { width: 100%; height: 148px; }
.axis, .axis-x, .key { display: flex; color: var(--muted); font-size: .75rem; line-height: 1; }
.axis { flex-direction: column; justify-content: space-between; align-items: flex-end; }
.axis-x { grid-column: 2; justify-content: space-between; }
.grid { stroke: var(--line); fill: none; vector-effect: non-scaling-stroke; }
.key { flex-wrap: wrap; gap: 8px 16px; margin: 12px 0 8px; }
.key span { display: flex; align-items: center; gap: 6px; background: none; }
.key span::before { content: ''; width: 10px; height: 10px; border-radius: 2px; background: inherit; }
.key .mean::before { background: var(--accent); }
.key .slowest::before { background: var(--pale); }
.key .failed::before { background: var(--problem); }
table { width: 100%; margin-top: 10px; border-collapse: collapse; font-size: .875rem; }
th, td { padding: 5px 0 5px 12px; border-top: 1px solid var(--line); text-align: right; font-weight: 400; }
thead th { border: 0; color: var(--muted); }
th:first-child { padding-left: 0; text-align: left; overflow-wrap: anywhere; }
footer { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 20px; }
footer p { flex: 1 1 320px; }
@media (max-width: 1000px) {
  section { grid-column: span 6; }
  section.wide { grid-column: span 12; }
}
@media (max-width: 680px) {
  body { padding: 16px 12px; }
  header { display: grid; grid-template-columns: auto minmax(0, 1fr); }
  #live { grid-column: 1 / -1; justify-self: start; margin-left: 0; }
  main { gap: 12px; }
  section, section.wide { grid-column: span 12; padding: 16px; }
  .chart svg { height: 120px; }
}
`;

/** The style of the page that asks for a token. */
export const LOGIN_STYLE = `${COLORS}${BASE}
body { display: grid; place-items: center; min-height: 100vh; padding: 16px; }
main {
  width: 100%; max-width: 400px; padding: 28px; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px;
}
header { display: flex; align-items: center; gap: 12px; margin-bottom: 20px; }
form { display: grid; gap: 12px; }
label { font-weight: 600; }
input {
  width: 100%; padding: 10px 12px; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--muted); border-radius: 8px;
}
button {
  padding: 10px 16px; font: inherit; font-weight: 600; color: var(--card); background: var(--accent);
  border: 0; border-radius: 8px; cursor: pointer;
}
.problem { margin: 0; padding: 10px 14px; color: var(--problem); background: var(--problem-back); border-radius: 8px; }
`;
