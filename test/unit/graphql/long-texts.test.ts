import { describe, expect, it } from 'vitest';
import { createLongTexts } from '../../../src/graphql/long-texts.js';

describe('Long texts', () => {
  it('stand in the place of their placeholders, in any order and several times', () => {
    const texts = createLongTexts();
    const [one, other] = [texts.add(Buffer.from('[1]')), texts.add(Buffer.from('"á😀"'))];
    const filled = texts.fill(`{"ñ":${other},"b":[${one},${one}]}`);
    expect(filled).toEqual(Buffer.from('{"ñ":"á😀","b":[[1],[1]]}'));
  });

  it('leave a text without placeholders as it is', () => {
    const texts = createLongTexts();
    expect(texts.fill('{"a":1}')).toBe('{"a":1}');
    texts.add(Buffer.from('[1]'));
    expect(texts.fill('{"a":1}')).toBe('{"a":1}');
  });

  it('are forgotten, and counted from the start', () => {
    const texts = createLongTexts();
    const first = texts.add(Buffer.from('[1]'));
    texts.clear();
    expect(texts.add(Buffer.from('[2]'))).toBe(first);
    expect(texts.fill(first)).toEqual(Buffer.from('[2]'));
  });
});
