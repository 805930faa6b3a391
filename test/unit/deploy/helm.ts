import { stringify } from 'yaml';

/**
 * Renders a template of the chart. It knows the small part of Helm's language that the chart uses: values by their
 * paths, `if`, `range` over a map, `quote`, `toYaml`, `nindent` and the trimming of white space on the left.
 *
 * @throws Error if the template uses anything else
 */
export function render(template: string, scope: Readonly<Record<string, unknown>>): string {
  const parts = template.split(/(\{\{.*?\}\})/);
  let at = 0;
  const text = renderUntilEnd(scope, true);
  if (at < parts.length) throw new Error('The template has an "end" without a beginning.');
  return text;

  function renderUntilEnd(variables: Readonly<Record<string, unknown>>, isShown: boolean): string {
    let output = '';
    while (at < parts.length) {
      const part = parts[at++] ?? '';
      if (!part.startsWith('{{')) {
        output += part;
        continue;
      }
      const [, trim, action = ''] = /^\{\{(-?) (.+) \}\}$/.exec(part) ?? [];
      if (trim === '-') output = output.trimEnd();
      if (action === 'end') break;
      output += renderAction(action, variables, isShown);
    }
    return output;
  }

  function renderAction(action: string, variables: Readonly<Record<string, unknown>>, isShown: boolean): string {
    const [, condition] = /^if (\S+)$/.exec(action) ?? [];
    if (condition !== undefined) {
      const holds = isShown && isTrue(valueOf(condition, variables));
      const body = renderUntilEnd(variables, holds);
      return holds ? body : '';
    }
    const [, key, value = '', map = ''] = /^range (\$\w+), (\$\w+) := (\S+)$/.exec(action) ?? [];
    if (key === undefined) return isShown ? renderValue(action, variables) : '';
    const start = at;
    const entries = isShown
      ? Object.entries(valueOf(map, variables) as object).sort(([a], [b]) => (a < b ? -1 : 1))
      : [];
    const bodies = entries.map(([name, entry]) => {
      at = start;
      return renderUntilEnd({ ...variables, [key]: name, [value]: entry as unknown }, true);
    });
    if (entries.length === 0) renderUntilEnd(variables, false);
    return bodies.join('');
  }
}

function renderValue(action: string, variables: Readonly<Record<string, unknown>>): string {
  const [, path, pipe, indented, indent] =
    /^(?:([.$][\w.]*)( \| quote)?|toYaml (\S+) \| nindent (\d+))$/.exec(action) ?? [];
  if (indented !== undefined) {
    const lines = stringify(valueOf(indented, variables)).trimEnd().split('\n');
    return lines.map((line) => `\n${' '.repeat(Number(indent))}${line}`).join('');
  }
  if (path === undefined) throw new Error(`The renderer does not know the action "${action}".`);
  const text = String(valueOf(path, variables));
  return pipe === undefined ? text : JSON.stringify(text);
}

/** @throws Error if there is no such value */
function valueOf(path: string, variables: Readonly<Record<string, unknown>>): unknown {
  const names = path.startsWith('$') ? [path] : path.slice(1).split('.');
  const value = names.reduce<unknown>((from, name) => (from as Readonly<Record<string, unknown>>)[name], variables);
  if (value === undefined) throw new Error(`The template reads ${path}, which has no value.`);
  return value;
}

/** As in Go: empty values are false. */
function isTrue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
