/** node:http that reads the request and sends a text that was made before: what Node itself can do. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { serve } from './http.mjs';

const texts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const bodies = new Map(Object.entries(texts).map(([request, response]) => [request, Buffer.from(response)]));

serve((request) => {
  const body = bodies.get(request);
  if (body === undefined) throw new Error('The file of texts has none for this request.');
  return body;
});
