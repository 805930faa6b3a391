/** A value that is known now, or later. A known value needs no promise, which costs time for each field of a list. */
export type MaybePromise<Value> = Value | Promise<Value>;

export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The result of `map` for a value, known now if the value is. */
export function mapValue<Value, Result>(
  value: MaybePromise<Value>,
  map: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(map) : map(value);
}

/** The value of a function, or a promise that rejects with its error. */
export function settle<Value>(work: () => MaybePromise<Value>): MaybePromise<Value> {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return Promise.reject(error);
  }
}
