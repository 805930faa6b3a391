import { HeaderMap, type GraphQLResponse } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';

/** `data` of a result that is written already, with the placeholders of its long texts. */
class WrittenData {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Apollo Server copies the head of a response into its own one, so all responses can share this. */
const NO_HEAD: GraphQLResponse['http'] = { headers: new HeaderMap() };

/**
 * The response whose `data` is a text. Apollo Server hands its result to `writeResult`.
 *
 * @param text JSON, with the placeholders of its long texts
 */
export function writtenResponse(text: string): GraphQLResponse {
  const data = new WrittenData(text) as unknown as Record<string, unknown>;
  return { http: NO_HEAD, body: { kind: 'single', singleResult: { data } } };
}

/** The JSON of a result and a newline, as Apollo Server writes it. */
export function writeResult(result: FormattedExecutionResult): string {
  const data: unknown = result.data;
  if (!(data instanceof WrittenData)) return `${JSON.stringify(result)}\n`;
  const extensions = result.extensions === undefined ? '' : `,"extensions":${JSON.stringify(result.extensions)}`;
  return `{"data":${data.text}${extensions}}\n`;
}
