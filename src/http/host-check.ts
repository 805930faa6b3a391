const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]*)?$/i;

/**
 * Whether the value of a header `Host` names loopback or an allowed host, with any port.
 *
 * A page of a foreign host can let its own name point to 127.0.0.1 (DNS rebinding). The browser then takes this service
 * for a part of that host, but still sends its name.
 *
 * @param allowedHosts lower case, without ports
 */
export function createHostCheck(allowedHosts: readonly string[]): (header: string | undefined) => boolean {
  return (header = '') => LOOPBACK.test(header) || allowedHosts.includes(header.toLowerCase().replace(/:[0-9]*$/, ''));
}
