/** A fault of the request's sender, as the server's error handler reads it: it answers with the status, and words for the code. */
export function requestFault(statusCode: number, code: string): Error & { statusCode: number; code: string } {
  return Object.assign(new Error(code), { statusCode, code });
}
