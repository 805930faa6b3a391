import type { Problems } from './problems.js';
import type { Variables } from './variables.js';

/** Where lookups are sent: an account of Wolkvox, or the built-in simulator. */
export type Upstream =
  | { readonly kind: 'account'; readonly server: string; readonly token: string; readonly baseUrl: string }
  | { readonly kind: 'simulator' };

export function readUpstream(variables: Variables, production: boolean, problems: Problems): Upstream {
  const { WOLKVOX_TOKEN: token, WOLKVOX_SERVER: server, WOLKVOX_BASE_URL: baseUrl } = variables;
  if (variables.WOLKVOX_SIMULATOR) return { kind: 'simulator' };
  if (token === undefined) {
    const alternative = 'WOLKVOX_SIMULATOR=true runs over the simulator';
    if (production) problems.add('WOLKVOX_TOKEN', `required with NODE_ENV=production; ${alternative}.`);
    if (server !== undefined) problems.add('WOLKVOX_TOKEN', `required with WOLKVOX_SERVER; ${alternative}.`);
    return { kind: 'simulator' };
  }
  if (server === undefined && baseUrl === undefined) {
    problems.add('WOLKVOX_SERVER', 'required with WOLKVOX_TOKEN; expected four digits such as 0042.');
  }
  return { kind: 'account', token, server: server ?? '', baseUrl: baseUrl ?? originOf(server ?? '') };
}

function originOf(server: string): string {
  return server.includes('.') ? `https://${server}` : `https://wv${server}.wolkvox.com`;
}
