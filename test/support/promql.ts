/** A small part of PromQL, as far as docs/metrics.md uses it, over the text of `/metrics` at several times. */

/** What `/metrics` showed at one time. */
export interface Scrape {
  readonly atSeconds: number;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}
type Labels = Readonly<Record<string, string>>;
type Vector = readonly { readonly labels: Labels; readonly value: number }[];
/** A number, or an instant vector. The result of an alarm is a vector; the alarm fires if it is not empty. */
type Value = number | Vector;

/** Reads the text format of Prometheus. */
export function readScrape(text: string, atSeconds: number): Scrape {
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value = '']) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', of = '']) => [label, of]),
    ),
    value: /^nan$/i.test(value) ? NaN : Number(value.replace('Inf', 'Infinity')),
  }));
  return { atSeconds, samples };
}

const TOKEN = /\s*(\d+(?:\.\d+)?[smh]?|[A-Za-z_]\w*|"[^"]*"|=~|!~|[!=<>]=|[-+*/(){}[\],=<>])/y;
const PRECEDENCE: Readonly<Record<string, number>> = {
  ...{ or: 1, '==': 2, '!=': 2, '>': 2, '<': 2, '>=': 2, '<=': 2 },
  ...{ '+': 3, '-': 3, '*': 4, '/': 4 },
};
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/**
 * Evaluates a query at the time of the last scrape: selectors with matchers, `rate`, `increase`, `sum`, `max`, `min`,
 * arithmetic, comparisons with a number, and `or`. `rate` and `increase` do not extrapolate, so Prometheus may show a
 * higher value. As in Prometheus, they need two samples of a series: they do not see the first value of a new series.
 *
 * @throws Error if the query uses anything else
 */
export function evaluate(query: string, scrapes: readonly Scrape[]): Value {
  const tokens = tokensOf(query);
  let at = 0;
  const value = readBinary(1);
  if (at < tokens.length) throw unexpected();
  return value;

  function readBinary(least: number): Value {
    let left = readOperand();
    for (;;) {
      const operator = tokens[at] ?? '';
      const precedence = PRECEDENCE[operator] ?? 0;
      if (precedence < least) return left;
      at += 1;
      left = combine(operator, left, readBinary(precedence + 1));
    }
  }

  function readOperand(): Value {
    const token = tokens[at] ?? '';
    at += 1;
    if (/^\d+(\.\d+)?$/.test(token)) return Number(token);
    if (token === '(') return closed(readBinary(1));
    if (!/^[A-Za-z_]/.test(token)) throw unexpected();
    if (tokens[at] !== '(') return valuesOf(readSelector(token), scrapes.at(-1));
    at += 1;
    if (token === 'rate' || token === 'increase') return closed(readRange(token));
    return closed(aggregate(token, readBinary(1)));
  }

  function closed(inner: Value): Value {
    expect(')');
    return inner;
  }

  function readRange(name: 'rate' | 'increase'): Vector {
    const selects = readSelector(tokens[at++] ?? '');
    expect('[');
    const duration = tokens[at++] ?? '';
    expect(']');
    const seconds = Number(duration.slice(0, -1)) * (SECONDS[duration.slice(-1)] ?? NaN);
    return increases(selects, scrapes, seconds).map(({ labels, value: increase }) => ({
      labels,
      value: name === 'rate' ? increase / seconds : increase,
    }));
  }

  /** @returns whether a sample is selected */
  function readSelector(name: string): (sample: Sample) => boolean {
    const matchers: ((labels: Labels) => boolean)[] = [];
    if (tokens[at] === '{') {
      do {
        at += 1;
        matchers.push(matcher(tokens[at] ?? '', tokens[at + 1] ?? '', (tokens[at + 2] ?? '').slice(1, -1)));
        at += 3;
      } while (tokens[at] === ',');
      expect('}');
    }
    return (sample) => sample.name === name && matchers.every((matches) => matches(sample.labels));
  }

  function expect(token: string): void {
    if (tokens[at] !== token) throw unexpected();
    at += 1;
  }

  function unexpected(): Error {
    return new Error(`The evaluator does not know this query at its token ${at}: ${query}`);
  }
}

function tokensOf(query: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < query.trimEnd().length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(query)?.[1];
    if (token === undefined) throw new Error(`The evaluator does not know this query at character ${at}: ${query}`);
    tokens.push(token);
  }
  return tokens;
}

/** An absent label is an empty text. A regular expression matches whole values. */
function matcher(label: string, operator: string, expected: string): (labels: Labels) => boolean {
  const pattern = new RegExp(`^(?:${expected})$`);
  const isEqual = (value: string): boolean => (operator.includes('~') ? pattern.test(value) : value === expected);
  return (labels) => isEqual(labels[label] ?? '') !== operator.startsWith('!');
}

function valuesOf(selects: (sample: Sample) => boolean, scrape: Scrape | undefined): Vector {
  return (scrape?.samples ?? []).filter(selects).map(({ labels, value }) => ({ labels, value }));
}

/** How much each counter grew. After a restart of the process a counter is lower, and starts from 0. */
function increases(selects: (sample: Sample) => boolean, scrapes: readonly Scrape[], seconds: number): Vector {
  const from = (scrapes.at(-1)?.atSeconds ?? 0) - seconds;
  const series = new Map<string, { readonly labels: Labels; readonly values: number[] }>();
  for (const { samples } of scrapes.filter(({ atSeconds }) => atSeconds >= from)) {
    for (const { name, labels, value } of samples.filter(selects)) {
      const key = `${name}${keyOf(labels)}`;
      series.set(key, { labels, values: [...(series.get(key)?.values ?? []), value] });
    }
  }
  return [...series.values()]
    .filter(({ values }) => values.length > 1)
    .map(({ labels, values }) => ({
      labels,
      value: values.slice(1).reduce((sum, value, index) => {
        const before = values[index] ?? 0;
        return sum + (value < before ? value : value - before);
      }, 0),
    }));
}

/** One element without labels; none if there is nothing to aggregate. `max` and `min` ignore NaN beside numbers. */
function aggregate(name: string, value: Value): Vector {
  if (typeof value === 'number') throw new Error(`${name} needs a vector.`);
  const all = value.map((element) => element.value);
  const numbers = all.filter((number) => !Number.isNaN(number));
  if (all.length === 0) return [];
  switch (name) {
    case 'sum':
      return [{ labels: {}, value: all.reduce((sum, number) => sum + number, 0) }];
    case 'max':
      return [{ labels: {}, value: numbers.length === 0 ? NaN : Math.max(...numbers) }];
    case 'min':
      return [{ labels: {}, value: numbers.length === 0 ? NaN : Math.min(...numbers) }];
    default:
      throw new Error(`The evaluator does not know the function ${name}.`);
  }
}

function combine(operator: string, left: Value, right: Value): Value {
  if (operator === 'or') {
    if (typeof left === 'number' || typeof right === 'number') throw new Error('or needs two vectors.');
    const keys = new Set(left.map(({ labels }) => keyOf(labels)));
    return [...left, ...right.filter(({ labels }) => !keys.has(keyOf(labels)))];
  }
  if (typeof left === 'number' && typeof right === 'number') return compute(operator, left, right);
  if (PRECEDENCE[operator] === PRECEDENCE['==']) {
    if (typeof left === 'number' || typeof right !== 'number')
      throw new Error('A comparison needs a number on its right.');
    return left.filter(({ value }) => compare(operator, value, right));
  }
  if (typeof left === 'number') {
    return (right as Vector).map(({ labels, value }) => ({ labels, value: compute(operator, left, value) }));
  }
  return left.flatMap(({ labels, value }) => {
    const other = typeof right === 'number' ? right : right.find((element) => keyOf(element.labels) === keyOf(labels));
    if (other === undefined) return [];
    return [{ labels, value: compute(operator, value, typeof other === 'number' ? other : other.value) }];
  });
}

function compute(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      throw new Error(`The evaluator does not know ${operator} between two numbers.`);
  }
}

/** No comparison with NaN is true, except `!=`. */
function compare(operator: string, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    default:
      return left <= right;
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}
