import { isProxyUrl } from './addresses.js';
import type { Problems } from './problems.js';
import type { Upstream } from './upstream.js';
import type { Variables } from './variables.js';

/**
 * The proxy for Wolkvox, chosen as curl does: the lower-case name comes first, an address without a scheme is http, and
 * there is none for an address with http or for a host of NO_PROXY.
 */
export function readProxy(variables: Variables, upstream: Upstream, problems: Problems): string | undefined {
  const name = variables.https_proxy === undefined ? 'HTTPS_PROXY' : 'https_proxy';
  const given = variables[name];
  if (given === undefined || upstream.kind !== 'account') return undefined;
  const target = new URL(upstream.baseUrl);
  if (target.protocol !== 'https:' || needsNoProxy(target, variables.no_proxy ?? variables.NO_PROXY)) return undefined;
  const url = given.includes('://') ? given : `http://${given}`;
  if (!isProxyUrl(url)) problems.add(name, 'expected an http or https address such as http://proxy.example:3128.');
  return url;
}

/**
 * Whether a list of NO_PROXY has the host of a URL. A name stands for its subdomains, too. An address must be the same
 * text. `*` is every host. An entry may name a port.
 */
function needsNoProxy({ hostname, port }: URL, list = ''): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const { host = '', onlyPort } = /^(?:\*?\.)?(?<host>.+?)(?::(?<onlyPort>\d+))?$/.exec(entry)?.groups ?? {};
      if (onlyPort !== undefined && onlyPort !== (port || '443')) return false;
      return host === '*' || host === hostname || (host !== '' && hostname.endsWith(`.${host}`));
    });
}
