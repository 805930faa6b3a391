/** The HTTP side of the references that have no server of their own. */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';

/**
 * Answers each POST with the text that `answer` returns for its body, on a free port of the loopback interface.
 *
 * @param {(body: string) => string | Buffer | Promise<string | Buffer>} answer
 */
export function serve(answer) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => void respond(response, Buffer.concat(chunks).toString(), answer));
  });
  server.listen(0, '127.0.0.1', () => announce(`http://127.0.0.1:${server.address().port}/graphql`));
}

/** Tells the runner that the server listens. */
export function announce(url) {
  console.log(JSON.stringify({ url }));
}

async function respond(response, body, answer) {
  let status = 200;
  let text;
  try {
    text = await answer(body);
  } catch (error) {
    status = 500;
    text = JSON.stringify({ errors: [{ message: String(error) }] });
  }
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
