/** Gives a whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

const GOLDEN_RATIO = 0x9e3779b1;

/** Seeded random numbers: the same seeds give the same numbers on every machine. */
export function createRandom(...seeds: readonly number[]): Random {
  let state = seeds.reduce((sum, seed) => mix(sum ^ Math.imul(seed + 1, GOLDEN_RATIO)), GOLDEN_RATIO | 0);
  return (below) => {
    state = (state + GOLDEN_RATIO) | 0;
    return Math.floor(((mix(state) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** One of the choices, of which there is at least one. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)] as T;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
