/**
 * Chance that can be repeated: the same seed gives the same numbers on every machine.
 */

/** Gives a whole number from 0 to `below` - 1. */
export type Draw = (below: number) => number;

const GOLDEN = 0x9e3779b1;

/** Numbers that depend on nothing but the parts, so that any record can be made without those before it. */
export function createDraw(...parts: readonly number[]): Draw {
  let state = parts.reduce((sum, part) => scramble(sum ^ Math.imul(part + 1, GOLDEN)), GOLDEN | 0);
  return (below) => {
    state = (state + GOLDEN) | 0;
    return Math.floor(((scramble(state) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** One of the choices. */
export function pick<T>(draw: Draw, choices: readonly [T, ...T[]]): T {
  return choices[draw(choices.length)] ?? choices[0];
}

/**
 * A one-to-one shuffle of the numbers below `size`, which can be undone: from a phone number back to the person, without an
 * index in memory.
 */
export interface Shuffle {
  /** @param place below 2^20, so that the product stays an exact number */
  to(place: number): number;
  from(value: number): number;
}

export function createShuffle(seed: number, salt: number, size: number): Shuffle {
  const draw = createDraw(seed, salt);
  const shift = draw(size);
  let step = Math.floor(size / 3) + draw(Math.floor(size / 3));
  while (commonDivisor(step, size) !== 1) step += 1;
  const undo = BigInt(inverse(step, size));
  return {
    to: (place) => (place * step + shift) % size,
    // The product passes 2^53 here.
    from: (value) => Number((BigInt((value - shift + size) % size) * undo) % BigInt(size)),
  };
}

function scramble(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

function commonDivisor(left: number, right: number): number {
  return right === 0 ? left : commonDivisor(right, left % right);
}

/** The number that, multiplied by `value`, gives 1 modulo `size`. */
function inverse(value: number, size: number): number {
  let [previous, rest] = [size, value];
  let [previousFactor, factor] = [0, 1];
  while (rest !== 0) {
    const times = Math.floor(previous / rest);
    [previous, rest] = [rest, previous - times * rest];
    [previousFactor, factor] = [factor, previousFactor - times * factor];
  }
  return (previousFactor + size) % size;
}
