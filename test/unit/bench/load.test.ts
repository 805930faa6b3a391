import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstDifference } from '../../../bench/answers.js';
import { measureLoad, prepareRequest } from '../../../bench/load.js';
import { checkAnswers } from '../../../bench/prepared-servers.js';
import type { ServerProcess } from '../../../bench/server-process.js';

const RIGHT = { data: { name: 'Beatriz', calls: [1, 2] } };
const RIGHT_TEXT = JSON.stringify(RIGHT);
const BYTES = Buffer.byteLength(RIGHT_TEXT);

/** Resolves to the address of a server, and the bodies that it gets. */
async function startServer(
  answer: (response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, bodies };
}

function send(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

describe('The load generator of the benchmark', () => {
  it('sends as many requests as it is told, in rotation, and counts them', async () => {
    const { url, bodies } = await startServer((response) => send(response, RIGHT_TEXT));
    const requests = ['{"é":1}', '{"b":2}'].map((body) => prepareRequest(url, body, BYTES));
    const { requests: sent, seconds } = await measureLoad(url, requests, { connections: 3, count: 10 });
    expect(sent).toBe(10);
    expect(seconds).toBeGreaterThan(0);
    expect(bodies.filter((body) => body === '{"é":1}')).toHaveLength(5);
    expect(bodies.filter((body) => body === '{"b":2}')).toHaveLength(5);
  });

  it('stops after its time, and counts only requests that were answered', async () => {
    const { url, bodies } = await startServer((response) => send(response, RIGHT_TEXT));
    const { requests } = await measureLoad(url, [prepareRequest(url, '{}', BYTES)], { connections: 2, ms: 100 });
    expect(requests).toBeGreaterThan(1);
    expect(requests).toBe(bodies.length);
  });

  it('reads an answer that comes in pieces', async () => {
    const large = 'x'.repeat(2_000_000);
    const { url, bodies } = await startServer((response) => send(response, large));
    const requests = [prepareRequest(url, '{}', large.length)];
    await measureLoad(url, requests, { connections: 1, count: 3 });
    expect(bodies).toHaveLength(3);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['a wrong length', (response) => send(response, `${RIGHT_TEXT} `)],
    ['another status than 200', (response) => send(response, RIGHT_TEXT, 500)],
    ['no length', (response) => response.end(RIGHT_TEXT.slice(0, 5))],
    ['no answer', (response) => response.destroy()],
  ])('fails at %s', async (_, answer) => {
    const { url } = await startServer((response) => {
      response.useChunkedEncodingByDefault = true;
      answer(response);
    });
    const load = measureLoad(url, [prepareRequest(url, '{}', BYTES)], { connections: 1, count: 2 });
    await expect(load).rejects.toThrow(/answer must have \d+ bytes|closed the connection/);
  });
});

describe('The comparison of answers', () => {
  const compare = (url: string) =>
    checkAnswers({ name: 'mercurius', url } as ServerProcess, {
      bodies: new Map([['one-record', ['{}']]]),
      answers: new Map([['{}', RIGHT]]),
    });

  it('accepts the same JSON in another form, and takes over its length', async () => {
    const other = '{"data": {"calls": [1, 2], "name": "Beatriz"}}';
    const { url } = await startServer((response) => send(response, other));
    expect((await compare(url)).get('{}')?.answerBytes).toBe(other.length);
  });

  it('names the server and the first difference', async () => {
    const { url } = await startServer((response) => send(response, RIGHT_TEXT.replace('2', '3')));
    await expect(compare(url)).rejects.toThrow(/mercurius with jit .*another answer .*, at data\.calls\.1:/);
  });

  it.each([
    [{ a: 1 }, { a: 1, b: null }, 'b'],
    [{ a: [{ b: 1 }] }, { a: [{ b: '1' }] }, 'a.0.b'],
    [{ a: [] }, { a: {} }, 'a'],
    [{ a: null }, { a: null }, undefined],
  ])('finds the difference of %j and %j', (one, other, path) => {
    expect(firstDifference(one, other)).toBe(path);
  });
});
