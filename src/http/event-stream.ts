import type { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface EventStreamOptions {
  /** The data of one event, without a line break. */
  readonly render: () => string;
  /** Called with an error of `render`. */
  readonly onBug: (error: unknown) => void;
}

/** Sends the same server-sent events to all clients, as long as there is one. */
export interface EventStream {
  /** Answers a request with events, until its connection or the stream closes. */
  send(request: FastifyRequest, reply: FastifyReply): void;
  /** Ends all responses. Later requests get a notice only. */
  close(): void;
}

const INTERVAL_MS = 1_000;
/** Enough for everybody who looks at an outage. Each costs some kilobytes a second. */
const MAX_CLIENTS = 20;
/** A client that has not read this much is disconnected: about ten events. */
const MAX_UNREAD_BYTES = 100_000;
/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 3_000;

export function createEventStream({ render, onBug }: EventStreamOptions): EventStream {
  const clients = new Map<ServerResponse, Socket>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function sendToAll(): void {
    try {
      const event = `data: ${render()}\n\n`;
      for (const [response, socket] of clients) {
        if (response.writableLength > MAX_UNREAD_BYTES) socket.destroy();
        else response.write(event);
      }
    } catch (error) {
      onBug(error);
      endAll('The figures cannot be shown, because of a bug.');
    }
  }

  function endAll(notice: string): void {
    for (const response of clients.keys()) response.end(noticeEvent(notice));
    clients.clear();
    clearInterval(timer);
    timer = undefined;
  }

  return {
    send({ raw: { socket } }, reply) {
      const event = `retry: ${RETRY_MS}\ndata: ${render()}\n\n`;
      // Fastify would close a response that is not taken after some seconds.
      reply.hijack();
      const { raw: response } = reply;
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) response.setHeader(name, value);
      }
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // A proxy of the nginx family would collect the events first.
        'x-accel-buffering': 'no',
        connection: 'close',
      });
      if (isClosed) response.end(noticeEvent('This replica stops.'));
      else if (clients.size >= MAX_CLIENTS) response.end(noticeEvent('Not live: too many pages are open.'));
      else if (!socket.destroyed) {
        response.write(event);
        clients.set(response, socket);
        timer ??= setInterval(sendToAll, INTERVAL_MS);
        socket.once('close', () => {
          clients.delete(response);
          if (clients.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        });
      }
    },
    close() {
      isClosed = true;
      endAll('This replica stops.');
    },
  };
}

/** An event that says why there are no more. */
function noticeEvent(text: string): string {
  return `retry: ${RETRY_MS}\nevent: notice\ndata: ${text}\n\n`;
}
