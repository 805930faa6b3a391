import type { OperationSpan } from '../core/tracing.js';
import type { RecordLoader } from './loader.js';
import type { LongTexts } from './long-texts.js';
import type { RunningOperation } from './operation.js';
import type { Parts } from './parts.js';
import type { ResponseLimit } from './response-limit.js';

/** The values that the resolvers of one operation share. */
export interface OperationContext {
  readonly running: RunningOperation;
  readonly loader: RecordLoader;
  readonly responseLimit: ResponseLimit;
  readonly longTexts: LongTexts;
  readonly parts: Parts;
  /** Undefined: the operation is not traced. */
  readonly span?: OperationSpan | undefined;
}

/** A resolver that does not read `info`. The value may be a promise. */
export type Resolver = (source: unknown, args: Readonly<Record<string, unknown>>, context: OperationContext) => unknown;
