import { connect, type Socket } from 'node:net';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createEventStream, type EventStream } from '../../../src/http/event-stream.js';

interface Client {
  readonly received: () => string;
  readonly socket: Socket;
  readonly isClosed: () => boolean;
}

interface Server {
  readonly stream: EventStream;
  readonly rendered: () => number;
  readonly open: () => Client;
  readonly bugs: unknown[];
}

/** A server with one stream. Its timer is not a real one: a test moves it. */
async function startStream(render = (count: number): string => `event ${count}`): Promise<Server> {
  let count = 0;
  const bugs: unknown[] = [];
  const stream = createEventStream({
    render: () => {
      count += 1;
      return render(count);
    },
    onBug: (error) => bugs.push(error),
  });
  const app = fastify();
  app.get('/', (request, reply) => stream.send(request, reply.header('x-request-id', 'id')));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    stream.close();
    await app.close();
  });
  const open = (): Client => {
    let text = '';
    let closed = false;
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('close', () => (closed = true)).on('error', () => undefined);
    sockets.push(socket);
    return { received: () => text, socket, isClosed: () => closed };
  };
  return { stream, rendered: () => count, open, bugs };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const until = (condition: () => boolean): Promise<void> => vi.waitFor(() => expect(condition()).toBe(true), 5_000);

describe('an event stream', () => {
  it('sends an event at once and one each second, the same to all clients', async () => {
    const { open, rendered } = await startStream();
    const [one, other] = [open(), open()];
    await until(() => one.received().includes('data: event') && other.received().includes('data: event'));
    expect(one.received()).toMatch(/^HTTP\/1.1 200 OK\r\nx-request-id: id\r\n/);
    expect(one.received()).toContain('content-type: text/event-stream\r\ncache-control: no-store\r\n');
    expect(rendered()).toBe(2);

    vi.advanceTimersByTime(1_000);
    vi.advanceTimersByTime(1_000);
    await until(() => one.received().includes('data: event 4\n\n') && other.received().includes('data: event 4\n\n'));
    expect(one.received()).toContain('data: event 3\n\n');
    expect(rendered()).toBe(4);
  });

  it('does nothing while it has no client', async () => {
    const { open } = await startStream();
    expect(vi.getTimerCount()).toBe(0);
    const [one, other] = [open(), open()];
    await until(() => one.received() !== '' && other.received() !== '');
    expect(vi.getTimerCount()).toBe(1);
    one.socket.destroy();
    await until(() => one.isClosed());
    other.socket.destroy();
    await until(() => vi.getTimerCount() === 0);
    const again = open();
    await until(() => again.received() !== '');
    expect(vi.getTimerCount()).toBe(1);
  });

  it('has at most 20 clients, and tells the next one', async () => {
    const { open } = await startStream();
    const clients = Array.from({ length: 20 }, open);
    await until(() => clients.every(({ received }) => received() !== ''));
    const next = open();
    await until(() => next.isClosed());
    expect(next.received()).toContain('event: notice\ndata: Not live: too many pages are open.\n\n');
    expect(next.received()).not.toContain('data: event');

    clients[0]?.socket.destroy();
    await vi.waitFor(async () => {
      const other = open();
      await until(() => other.received().includes('data: '));
      expect(other.received()).toContain('data: event');
    }, 5_000);
  });

  it('disconnects a client that does not read', async () => {
    const { open } = await startStream(() => 'x'.repeat(500_000));
    const client = open();
    await until(() => client.received() !== '');
    client.socket.pause();
    expect(vi.getTimerCount()).toBe(1);
    // The buffers of the two sockets take some megabytes. The timer ends with the last client.
    await vi.waitFor(() => {
      vi.advanceTimersByTime(1_000);
      expect(vi.getTimerCount()).toBe(0);
    }, 10_000);
  });

  it('ends all responses when it is closed, and tells later clients', async () => {
    const { stream, open } = await startStream();
    const client = open();
    await until(() => client.received().includes('data: event'));
    stream.close();
    expect(vi.getTimerCount()).toBe(0);
    await until(() => client.isClosed());
    expect(client.received()).toContain('event: notice\ndata: This replica stops.\n\n');
    const late = open();
    await until(() => late.isClosed());
    expect(late.received()).toContain('data: This replica stops.');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reports an error of its data, and ends', async () => {
    const bug = new Error('bug');
    const { open, bugs } = await startStream((count) => {
      if (count > 1) throw bug;
      return 'first';
    });
    const client = open();
    await until(() => client.received().includes('data: first'));
    vi.advanceTimersByTime(1_000);
    expect(bugs).toEqual([bug]);
    await until(() => client.isClosed());
    expect(vi.getTimerCount()).toBe(0);
  });
});
