import { describe, expect, it } from 'vitest';
import { createDocumentCheck } from '../../../src/graphql/document-limits.js';

function messageFor(query: string): string | undefined {
  return createDocumentCheck().check(query)?.message;
}

describe('the text of a document', () => {
  const query = '{ findCampaignRecords(phone: "3064821975") { id } }';

  it('may have 100,000 characters, and no more (defect 43)', () => {
    expect(messageFor(query + ' '.repeat(100_000 - query.length))).toBeUndefined();
    expect(messageFor(query + ' '.repeat(100_001 - query.length))).toMatch(/at most 100000 characters/);
  });

  it.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CR and LF', '\r\n'],
  ])('may have 2,000 lines that end with %s, and no more (defect 43)', (_, end) => {
    expect(messageFor(end.repeat(1_999) + query)).toBeUndefined();
    expect(messageFor(end.repeat(2_000) + query)).toMatch(/at most 2000 lines/);
  });
});
