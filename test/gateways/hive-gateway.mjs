/**
 * `node hive-gateway.mjs <file> <js | rust> <port>`: runs a Hive Gateway on loopback. The file has the supergraph. The
 * planner is the one in JavaScript or the one in Rust.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';

const [file, planner, port] = process.argv.slice(2);
const gateway = createGatewayRuntime({
  supergraph: readFileSync(file, 'utf8'),
  ...(planner === 'rust' && { unifiedGraphHandler }),
  logging: 'warn',
});
createServer(gateway).listen(Number(port), '127.0.0.1');
