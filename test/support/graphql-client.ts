/** A response to a GraphQL operation. */
export interface GraphResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Record<string, unknown> | null | undefined;
  /** Empty if the response has none. */
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Record<string, unknown>;
  }[];
}

/**
 * Sends an operation by POST, on a connection that is closed afterwards.
 *
 * @param url the address of a GraphQL endpoint
 */
export async function askGraph(
  url: string,
  query: string,
  variables?: object,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<GraphResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ query, variables }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { data, errors = [] } = (await response.json()) as Partial<GraphResponse>;
  return { status: response.status, headers: response.headers, data, errors };
}

/** The code of each error, in order. */
export function codesOf({ errors }: Pick<GraphResponse, 'errors'>): unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}
