import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { CampaignRecord } from '../core/record.js';

/** What a query selects of one item of a list, or of one entity. */
export interface SelectionSize {
  /** Bytes that each item has in the JSON of the response: names, punctuation, and values of a known length. */
  readonly fixedBytes: number;
  /** Fields with texts, and how often each occurs in an item. */
  readonly texts: ReadonlyMap<string, number>;
}

/** The length of an item's text in a field, by the name of the field. */
export type TextLengths<Item> = Readonly<Record<string, (item: Item) => number>>;

/** A value or object counts as at least this many bytes: a short one needs more memory and work than its text says. */
const MIN_VALUE_BYTES = 16;
/** A nested field that starts a lookup counts as this, for its work; the schema's `@cost` has the same ratio. */
const LOOKUP_BYTES = 100 * MIN_VALUE_BYTES;
const LOOKUP_FIELDS: ReadonlySet<string> = new Set(['campaignRecords', 'findRecords', 'findCampaignRecords']);
/** The lengths of the lists inside a record: `opts` always, `phones` as the schema's `@listSize` assumes. */
const INNER_LISTS: Readonly<Record<string, number>> = { opts: 12, phones: 3 };
/** Fields whose values do not depend on the record, with the length of their longest value in JSON. */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  position: 2,
  name: 7,
  calls: 4,
  outcome: 16,
  date: 27,
  fetchedAt: 26,
  __typename: 17,
};
/** A text of an item that has no length for it. */
const OTHER_TEXT_BYTES = 20;

/** The length of a record's texts. An id has the fingerprint and the criteria of a lookup, in blocks of base64url. */
export const RECORD_TEXTS: TextLengths<CampaignRecord> = {
  id: ({ customerId }) => 110 + lengthOf(customerId),
  campaignId: ({ campaignId }) => campaignId.length,
  customerId: ({ customerId }) => lengthOf(customerId),
  customerName: ({ customerName }) => lengthOf(customerName),
  customerLastName: ({ customerLastName }) => lengthOf(customerLastName),
  connId: ({ connId }) => lengthOf(connId),
  result: ({ result }) => lengthOf(result),
  // These occur once for each item of the inner list, so an item has its share of all their texts.
  value: ({ opts }) => opts.reduce((sum, value) => sum + lengthOf(value), 0) / 12,
  number: ({ phones }) => phones.reduce((sum, { number }) => sum + number.length, 0) / 3,
  country: ({ address }) => lengthOf(address?.country),
  state: ({ address }) => lengthOf(address?.state),
  city: ({ address }) => lengthOf(address?.city),
  zone: ({ address }) => lengthOf(address?.zone),
  address: ({ address }) => lengthOf(address?.address),
};

/** The length of the key of a customer or a campaign, which is all that such an entity has. */
export const KEY_TEXTS: TextLengths<string> = { customerId: (key) => key.length, campaignId: (key) => key.length };

/** Measures what a field's query selects of one item, with all fragments expanded. */
export function measureSelection({ fieldNodes, fragments }: GraphQLResolveInfo): SelectionSize {
  let fixedBytes = MIN_VALUE_BYTES;
  const texts = new Map<string, number>();
  for (const { selectionSet } of fieldNodes) addSet(selectionSet, 1);
  return { fixedBytes, texts };

  /** @param times how often the set occurs in one item */
  function addSet(set: SelectionSetNode | undefined, times: number): void {
    for (const selection of set?.selections ?? []) addSelection(selection, times);
  }

  function addSelection(selection: SelectionNode, times: number): void {
    if (selection.kind === Kind.FRAGMENT_SPREAD) addSet(fragments[selection.name.value]?.selectionSet, times);
    else if (selection.kind === Kind.INLINE_FRAGMENT) addSet(selection.selectionSet, times);
    else addField(selection, times);
  }

  function addField(selection: FieldNode, times: number): void {
    const name = selection.name.value;
    // The name in the response, its quotes, a colon and a comma.
    const nameBytes = (selection.alias?.value ?? name).length + 4;
    if (LOOKUP_FIELDS.has(name)) {
      fixedBytes += times * (nameBytes + LOOKUP_BYTES);
    } else if (selection.selectionSet !== undefined) {
      const items = INNER_LISTS[name];
      fixedBytes += times * (Math.max(MIN_VALUE_BYTES, nameBytes + 2) + (items ?? 0) * MIN_VALUE_BYTES);
      addSet(selection.selectionSet, times * (items ?? 1));
    } else {
      fixedBytes += times * Math.max(MIN_VALUE_BYTES, nameBytes + (VALUE_BYTES[name] ?? 2));
      if (VALUE_BYTES[name] === undefined) texts.set(name, (texts.get(name) ?? 0) + times);
    }
  }
}

/** The bytes of the items in the JSON of the response, about. */
export function bytesOf<Item>(
  items: readonly Item[],
  { fixedBytes, texts }: SelectionSize,
  textLengths: TextLengths<Item>,
): number {
  let bytes = items.length * fixedBytes;
  for (const [name, times] of texts) {
    const lengthIn = textLengths[name] ?? (() => OTHER_TEXT_BYTES);
    for (const item of items) bytes += times * lengthIn(item);
  }
  return bytes;
}

function lengthOf(text: string | null | undefined): number {
  return text?.length ?? 0;
}
