/** The choices of a generated text. Numbers decide them, so that the text shrinks with the numbers. */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A whole number from 0 to `count - 1`. It is 0 when the numbers are used up, so that every text ends. */
  below(count: number): number {
    const number = this.#numbers[this.#at] ?? 0;
    this.#at += 1;
    return number % count;
  }

  /** True once in `count` times. */
  once(count: number): boolean {
    return this.below(count) === 1;
  }

  oneOf<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new Error('Expected values to choose from; there is none.');
    return values[this.below(values.length)] as Value;
  }
}
