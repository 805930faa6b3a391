import type { Subgraph } from './gateway.js';

const TIMEOUT_MS = 5_000;

/**
 * A running subgraph of one's own, with its SDL, which every federation subgraph has in `_service`.
 *
 * @param option `name=url`, such as `tickets=http://127.0.0.1:4010/graphql`
 * @throws Error that says what was expected
 */
export async function readSubgraph(option: string): Promise<Subgraph> {
  const { name = '', url = '' } = /^(?<name>[A-Za-z][\w-]*)=(?<url>https?:\/\/.+)$/.exec(option)?.groups ?? {};
  if (!URL.canParse(url)) {
    throw new Error('--subgraph: expected name=url, such as tickets=http://127.0.0.1:4010/graphql.');
  }
  return { name, url, sdl: await readSdl(name, url) };
}

async function readSdl(name: string, url: string): Promise<string> {
  let answer: unknown;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ _service { sdl } }' }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json();
  } catch {
    throw new Error(`--subgraph ${name}: the address cannot be reached, or does not answer with JSON. Start it first.`);
  }
  const { data } = answer as { readonly data?: { readonly _service?: { readonly sdl?: unknown } } | null };
  const sdl = data?._service?.sdl;
  if (typeof sdl === 'string') return sdl;
  throw new Error(
    `--subgraph ${name}: the address does not answer { _service { sdl } }. Expected the GraphQL address of a federation ` +
      'subgraph that needs no secret.',
  );
}
