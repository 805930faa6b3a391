import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import type { OperationContext } from './context.js';
import type { TextExecutor } from './text-executor.js';

/** `data` of a result that is written already, with the placeholders of its long texts. */
class WrittenData {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Executes operations with the text executor. Apollo Server lets graphql-js execute those that it leaves. */
export function textResponses(executor: TextExecutor): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        async responseForOperation({ document, operation, request: { variables = {} }, contextValue: context }) {
          const text = await executor.execute({ document, operation, variables, context });
          if (text === undefined) return null;
          const singleResult: FormattedExecutionResult<Record<string, unknown>> = {
            data: new WrittenData(text) as unknown as Record<string, unknown>,
          };
          return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
        },
      }),
  };
}

/** The JSON of a result and a newline, as Apollo Server writes it. */
export function writeResult(result: FormattedExecutionResult): string {
  const data: unknown = result.data;
  if (!(data instanceof WrittenData)) return `${JSON.stringify(result)}\n`;
  const extensions = result.extensions === undefined ? '' : `,"extensions":${JSON.stringify(result.extensions)}`;
  return `{"data":${data.text}${extensions}}\n`;
}
