import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import { LookupFailure } from '../core/failure.js';

/**
 * The number of values that the lists and entities of one operation may hold together; each alias counts. It allows
 * about ten lists of 1,000 whole records. Lists nest (`campaign { findRecords { campaign { findRecords …`) and one call
 * answers all of them, so a document of a hundred characters could otherwise ask for a billion values.
 */
const MAX_VALUES = 1_000_000;
/** The weight of a field that starts a lookup; the schema's `@cost` has the same. */
const LOOKUP_WEIGHT = 100;
const LOOKUP_FIELDS: ReadonlySet<string> = new Set(['campaignRecords', 'findRecords', 'findCampaignRecords']);
/** The greatest lengths of the lists inside a record. */
const INNER_LISTS: Readonly<Record<string, number>> = { opts: 12, phones: 10 };

/** Bounds the response of one operation. */
export interface ResponseLimit {
  /**
   * Counts the items that a field returns, weighted by what the query selects of each.
   *
   * @throws LookupFailure `response-too-large` if the limit is exceeded; the items are not counted then
   */
  consume(items: number, info: GraphQLResolveInfo): void;
}

export function createResponseLimit(): ResponseLimit {
  let valuesLeft = MAX_VALUES;
  const weights = new WeakMap<readonly FieldNode[], number>();

  return {
    consume(items, info) {
      let weight = weights.get(info.fieldNodes);
      if (weight === undefined) {
        weight = weightOf(info);
        weights.set(info.fieldNodes, weight);
      }
      const values = items * weight;
      if (values > valuesLeft) {
        const message =
          `The lists of one operation may hold at most ${MAX_VALUES.toLocaleString('en')} values together; ` +
          'these hold more. Select fewer fields, or split the operation.';
        throw new LookupFailure('response-too-large', { message });
      }
      valuesLeft -= values;
    },
  };
}

/**
 * The number of values of one item. A nested field that starts a lookup counts as `LOOKUP_WEIGHT`; it counts its own
 * items.
 */
function weightOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const fragmentWeights = new Map<string, number>();
  return 1 + fieldNodes.reduce((sum, { selectionSet }) => sum + weightOfSet(selectionSet), 0);

  function weightOfSet(set: SelectionSetNode | undefined): number {
    return (set?.selections ?? []).reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + weightOfFragment(selection.name.value);
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + weightOfSet(selection.selectionSet);
      const name = selection.name.value;
      if (LOOKUP_FIELDS.has(name)) return sum + LOOKUP_WEIGHT;
      return sum + 1 + (INNER_LISTS[name] ?? 1) * weightOfSet(selection.selectionSet);
    }, 0);
  }

  function weightOfFragment(name: string): number {
    let weight = fragmentWeights.get(name);
    if (weight === undefined) {
      weight = weightOfSet(fragments[name]?.selectionSet);
      fragmentWeights.set(name, weight);
    }
    return weight;
  }
}
