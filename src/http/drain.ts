import type { Socket } from 'node:net';
import { setImmediate as nextIteration, setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** A connection without a request is closed this long after the grace. Its first request may be on its way. */
const UNUSED_MS = 500;

/**
 * Prepares the end of a server whose responses have `connection: close` from now on.
 *
 * @param deadlineMs how long running requests may take after the grace, in milliseconds
 * @returns a function that serves new requests for the grace, in milliseconds, finishes the running ones, and closes
 *   the server
 */
export function createDrain(app: FastifyInstance, deadlineMs: number): (graceMs: number) => Promise<void> {
  const unusedSockets = trackUnusedSockets(app);

  return async (graceMs) => {
    await sleep(graceMs);
    // Timers run before the sockets are read. Requests that have arrived meanwhile, or on a connection that is not
    // accepted yet, would be lost with their connections.
    for (let iteration = 0; iteration < 3; iteration += 1) await nextIteration();
    const timers = [
      setTimeout(() => unusedSockets.forEach((socket) => socket.destroy()), UNUSED_MS),
      // A client that does not read its response, or never finishes its request, must not keep the process alive.
      setTimeout(() => app.server.closeAllConnections(), deadlineMs),
    ];
    await app.close();
    timers.forEach(clearTimeout);
  };
}

/** The open connections without a request. Node does not count them as idle, so `close` would wait for them. */
function trackUnusedSockets(app: FastifyInstance): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }) => unused.delete(socket));
  return unused;
}
