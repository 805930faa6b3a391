import type { RecordLoader } from './loader.js';
import type { ResponseLimit } from './response-limit.js';

/** The values that the resolvers of one operation share. */
export interface OperationContext {
  readonly loader: RecordLoader;
  readonly responseLimit: ResponseLimit;
}
