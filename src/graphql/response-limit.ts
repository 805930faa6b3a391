import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { LookupFailure } from '../core/failure.js';
import { bytesOf, measureSelection, type SelectionSize, type TextLengths } from './response-size.js';

/**
 * The responses of the process may have this many times the limit of one response together, from their resolution until
 * their clients have taken them.
 */
const RESPONSES_AT_ONCE = 4;
/** graphql-js resolves what a query selects of one object in one go. */
const MAX_ITEM_BYTES = 1_000_000;
const ITEM_TOO_LARGE =
  'One object of the response may have at most 1 MB; this one would have more. Select fewer fields, or split the operation.';

/** Bounds the responses of the process before they are resolved. */
export interface ResponseLimits {
  start(): ResponseLimit;
  /** The size of the responses that are resolved, or not yet taken by their clients, in bytes. */
  bytesInFlight(): number;
}

/** Bounds the response of one operation. */
export interface ResponseLimit {
  /**
   * Counts the items that a field returns, with all that the query selects of them.
   *
   * Lists nest (`campaign { findRecords { campaign { findRecords …`) and one call answers all of them, so a document of
   * a hundred characters could otherwise ask for gigabytes.
   *
   * @param textLengths the lengths of the items' texts
   * @returns the bytes of one item, on average
   * @throws LookupFailure `response-too-large` if the limit is exceeded, or the items have more than 1 MB on average,
   *   `responses-full` if the responses of all operations together take too much memory, `abandoned` after `end`; the
   *   items are not counted then
   */
  consume<Item>(items: readonly Item[], textLengths: TextLengths<Item>, info: GraphQLResolveInfo): number;
  /**
   * Counts a part of the response whose length is known.
   *
   * @throws LookupFailure as `consume`
   */
  add(bytes: number): void;
  /** Takes back what was counted, because the response is resolved again from its start. */
  reset(): void;
  /** The client has taken the response, or closed its connection. A second call does nothing. */
  end(): void;
}

/** @param limitBytes the size of one response */
export function createResponseLimits(limitBytes: number): ResponseLimits {
  let bytesInFlight = 0;

  return {
    bytesInFlight: () => bytesInFlight,
    start() {
      let sizes: WeakMap<readonly FieldNode[], SelectionSize> | undefined;
      let bytes = 0;
      let hasEnded = false;

      function add(added: number): void {
        if (hasEnded) throw new LookupFailure('abandoned');
        if (bytes + added > limitBytes) throw responseTooLarge(limitBytes);
        // A response may take half of what the others leave free. So large responses are refused first, and small ones
        // still find room when clients do not take large ones.
        const free = RESPONSES_AT_ONCE * limitBytes - (bytesInFlight - bytes);
        if (bytes + added > free / 2) throw new LookupFailure('responses-full');
        bytes += added;
        bytesInFlight += added;
      }

      function reset(): void {
        bytesInFlight -= bytes;
        bytes = 0;
      }

      return {
        consume(items, textLengths, info) {
          sizes ??= new WeakMap();
          const size = sizes.get(info.fieldNodes) ?? measureSelection(info);
          sizes.set(info.fieldNodes, size);
          const added = bytesOf(items, size, textLengths);
          const itemBytes = added / Math.max(1, items.length);
          if (itemBytes > MAX_ITEM_BYTES) throw new LookupFailure('response-too-large', { message: ITEM_TOO_LARGE });
          add(added);
          return itemBytes;
        },
        add,
        reset,
        end() {
          hasEnded = true;
          reset();
        },
      };
    },
  };
}

/** @param limitBytes the size of one response */
export function responseTooLarge(limitBytes: number): LookupFailure {
  const message =
    `The response to one operation may have at most ${limitBytes / 1_000_000} MB (RESPONSE_LIMIT_MB); ` +
    'this one would have more. Select fewer fields, or split the operation.';
  return new LookupFailure('response-too-large', { message });
}
