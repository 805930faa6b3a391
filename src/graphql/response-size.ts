import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  getDirectiveValues,
  type FieldNode,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { CampaignRecord } from '../core/record.js';

/** What a query selects of one item of a list, or of one entity. */
export interface SelectionSize {
  /** Bytes that each item has in the JSON of the response: names, punctuation, and values of a known length. */
  readonly fixedBytes: number;
  /** The same for each element of an inner list, by the name of the list. */
  readonly elementBytes: ReadonlyMap<string, number>;
  /** Fields with texts, and how often each occurs in an item. */
  readonly texts: ReadonlyMap<string, number>;
}

/** The length of an item's text, or of its inner list, by the name of the field. */
export type TextLengths<Item> = Readonly<Record<string, (item: Item) => number>>;

/** A value or object counts as at least this many bytes: a short one needs more memory and work than its text says. */
const MIN_VALUE_BYTES = 16;
/** A nested field that starts a lookup counts as this, for its work. */
const LOOKUP_BYTES = 100 * MIN_VALUE_BYTES;
const LOOKUP_FIELDS: ReadonlySet<string> = new Set([
  'findCampaignRecords',
  'campaignRecords',
  'latestRecord',
  'isInCampaign',
  'findRecords',
  'campaigns',
]);
/** The lists inside a record. */
const INNER_LISTS: ReadonlySet<string> = new Set(['opts', 'phones']);
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
/** An item of a list counts as at least this: graphql-js needs about 1 kB of memory for it. */
const ITEM_BYTES = 150;
/** What the list of campaigns says of one: more than a long name, because it may have to be waited for. */
const INFO_BYTES = 300;
const INFO_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'type',
  'status',
  'recordCount',
  'lastUsedAt',
]);

/** The length of a record's texts. An id has the fingerprint and the criteria of a lookup, in blocks of base64url. */
export const RECORD_TEXTS: TextLengths<CampaignRecord> = {
  id: ({ customerId }) => 110 + lengthOf(customerId),
  campaignId: ({ campaignId }) => campaignId.length,
  customerId: ({ customerId }) => lengthOf(customerId),
  customerName: ({ customerName }) => lengthOf(customerName),
  customerLastName: ({ customerLastName }) => lengthOf(customerLastName),
  connId: ({ connId }) => lengthOf(connId),
  result: ({ result }) => lengthOf(result),
  opts: ({ opts }) => opts.length,
  phones: ({ phones }) => phones.length,
  // The texts of all elements of the inner lists.
  value: ({ opts }) => opts.reduce((sum, value) => sum + lengthOf(value), 0),
  number: ({ phones }) => phones.reduce((sum, { number }) => sum + number.length, 0),
  country: ({ address }) => lengthOf(address?.country),
  state: ({ address }) => lengthOf(address?.state),
  city: ({ address }) => lengthOf(address?.city),
  zone: ({ address }) => lengthOf(address?.zone),
  address: ({ address }) => lengthOf(address?.address),
};

/** The length of the key of a customer or a campaign, which is all that such an entity has. */
export const KEY_TEXTS: TextLengths<string> = { customerId: (key) => key.length, campaignId: (key) => key.length };

/** Measures what a field's query selects of one item, with all fragments expanded. */
export function measureSelection({ fieldNodes, fragments, variableValues }: GraphQLResolveInfo): SelectionSize {
  let fixedBytes = MIN_VALUE_BYTES;
  const elementBytes = new Map<string, number>();
  const texts = new Map<string, number>();
  /** A fragment may be spread hundreds of times. */
  const leftOut = new Map<SelectionNode, boolean>();
  for (const { selectionSet } of fieldNodes) addSet(selectionSet);
  return { fixedBytes, elementBytes, texts };

  /** @param list the inner list whose elements have the selection; undefined: the item has it */
  function addSet(set: SelectionSetNode | undefined, list?: string): void {
    for (const selection of set?.selections ?? []) addSelection(selection, list);
  }

  function addSelection(selection: SelectionNode, list: string | undefined): void {
    const known = leftOut.get(selection) ?? isLeftOut(selection, variableValues);
    leftOut.set(selection, known);
    if (known) return;
    if (selection.kind === Kind.FRAGMENT_SPREAD) addSet(fragments[selection.name.value]?.selectionSet, list);
    else if (selection.kind === Kind.INLINE_FRAGMENT) addSet(selection.selectionSet, list);
    else addField(selection, list);
  }

  function addField(selection: FieldNode, list: string | undefined): void {
    const name = selection.name.value;
    // The name in the response, its quotes, a colon and a comma.
    const nameBytes = (selection.alias?.value ?? name).length + 4;
    if (LOOKUP_FIELDS.has(name)) {
      add(nameBytes + LOOKUP_BYTES, list);
    } else if (list === undefined && INFO_FIELDS.has(name)) {
      add(nameBytes + INFO_BYTES, list);
    } else if (selection.selectionSet === undefined) {
      add(Math.max(MIN_VALUE_BYTES, nameBytes + (VALUE_BYTES[name] ?? 2)), list);
      if (VALUE_BYTES[name] === undefined) texts.set(name, (texts.get(name) ?? 0) + 1);
    } else {
      add(Math.max(MIN_VALUE_BYTES, nameBytes + 2), list);
      const innerList = INNER_LISTS.has(name) ? name : list;
      if (innerList === name) add(MIN_VALUE_BYTES, name);
      addSet(selection.selectionSet, innerList);
    }
  }

  function add(bytes: number, list: string | undefined): void {
    if (list === undefined) fixedBytes += bytes;
    else elementBytes.set(list, (elementBytes.get(list) ?? 0) + bytes);
  }
}

/** The bytes of the items in the JSON of the response, about. */
export function bytesOf<Item>(
  items: readonly Item[],
  { fixedBytes, elementBytes, texts }: SelectionSize,
  textLengths: TextLengths<Item>,
): number {
  let bytes = items.length * fixedBytes;
  for (const [list, bytesOfElement] of elementBytes) {
    const elementsIn = textLengths[list] ?? (() => 0);
    for (const item of items) bytes += bytesOfElement * elementsIn(item);
  }
  for (const [name, times] of texts) {
    const lengthIn = textLengths[name] ?? (() => OTHER_TEXT_BYTES);
    for (const item of items) bytes += times * lengthIn(item);
  }
  return Math.max(bytes, items.length * ITEM_BYTES);
}

/** Whether `@skip` or `@include` removes a selection. */
function isLeftOut(selection: SelectionNode, variables: GraphQLResolveInfo['variableValues']): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return false;
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, variables);
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, variables);
  return skip?.['if'] === true || include?.['if'] === false;
}

function lengthOf(text: string | null | undefined): number {
  return text?.length ?? 0;
}
