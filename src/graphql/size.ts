import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import { LookupFailure } from '../records/failure.js';

/**
 * Values that the lists and entities of one operation may have together, each alias counted: some ten lists of 1,000 whole records.
 * Lists stand in lists (`campaign { findRecords { campaign { findRecords …`), all of them answered by one call, so that a question of
 * a hundred characters could otherwise ask for a billion values.
 */
const MAX_VALUES = 1_000_000;
/** Values that stand for a field which asks for records by itself; the schema's `@cost` says the same. */
const LOOKUP_WEIGHT = 100;
const LOOKUP_FIELDS: ReadonlySet<string> = new Set(['campaignRecords', 'findRecords', 'findCampaignRecords']);
/** The most items of the lists inside a record. */
const INNER_LISTS: Readonly<Record<string, number>> = { opts: 12, phones: 10 };

/** What the response of one operation may still hold. */
export interface ResponseSize {
  /**
   * Counts items that a field hands out, by what the query asks of each.
   * @throws LookupFailure RESULT_TOO_LARGE where they are too many; nothing is counted then
   */
  admit(items: number, info: GraphQLResolveInfo): void;
}

export function createResponseSize(): ResponseSize {
  let left = MAX_VALUES;
  const weights = new WeakMap<readonly FieldNode[], number>();

  return {
    admit(items, info) {
      let weight = weights.get(info.fieldNodes);
      if (weight === undefined) {
        weight = weightOf(info);
        weights.set(info.fieldNodes, weight);
      }
      const values = items * weight;
      if (values > left) {
        throw new LookupFailure(
          'RESULT_TOO_LARGE',
          `The lists of this operation hold more than ${MAX_VALUES.toLocaleString('en')} values together. ` +
            'Ask for fewer fields, or for fewer lists in one operation.',
        );
      }
      left -= values;
    },
  };
}

/** The values of one item: what it holds down to the next field that asks for records, which counts its own. */
function weightOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const known = new Map<string, number>();
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
    let weight = known.get(name);
    if (weight === undefined) {
      weight = weightOfSet(fragments[name]?.selectionSet);
      known.set(name, weight);
    }
    return weight;
  }
}
