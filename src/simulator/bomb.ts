import { createGzip } from 'node:zlib';

const bombs = new Map<number, Promise<Buffer>>();

/** A compressed envelope without records and with that many megabytes of blanks in it. Made once, off the event loop's thread. */
export function bombOf(megabytes: number): Promise<Buffer> {
  const kept = bombs.get(megabytes) ?? makeBomb(megabytes);
  bombs.set(megabytes, kept);
  return kept;
}

async function makeBomb(megabytes: number): Promise<Buffer> {
  const gzip = createGzip();
  const blanks = Buffer.alloc(1_000_000, ' ');
  const write = async (): Promise<void> => {
    gzip.write('{"code":"200","error":null,"msg":"0 records were found","data":[');
    for (let count = 0; count < megabytes; count += 1) {
      await new Promise((resolve) => gzip.write(blanks, resolve));
    }
    gzip.end(']}');
  };
  const writing = write();
  const parts: Buffer[] = [];
  for await (const part of gzip) parts.push(part as Buffer);
  await writing;
  return Buffer.concat(parts);
}
