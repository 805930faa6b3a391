import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findTool } from '../../scripts/setup.mjs';

export interface Certificate {
  /** The file of the certificate, which a client must trust (`NODE_EXTRA_CA_CERTS`). */
  readonly file: string;
  readonly keyFile: string;
}

/**
 * Makes a key and a certificate that signs itself.
 *
 * @param names such as `DNS:localhost` and `IP:127.0.0.1`
 */
export function makeCertificate(folder: string, names: readonly string[]): Certificate {
  const file = path.join(folder, 'certificate.pem');
  const keyFile = `${file}.key`;
  const openssl = findTool('openssl');
  if (openssl === undefined) throw new Error('The program openssl is not installed: run node scripts/setup.mjs.');
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost';
  const { error, status } = spawnSync(openssl, [
    ...args.split(' '),
    ...['-addext', `subjectAltName=${names.join(',')}`, '-keyout', keyFile, '-out', file],
  ]);
  if (error !== undefined || status !== 0) throw new Error('openssl made no certificate.');
  return { file, keyFile };
}
