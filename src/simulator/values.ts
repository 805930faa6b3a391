/** Whether a value from outside is of a type. */
export type Check<Value> = (value: unknown) => value is Value;
type Checked<Checking> = Checking extends Check<infer Value> ? Value : never;
type Checks = Readonly<Record<string, Check<unknown>>>;
type ObjectOf<Required extends Checks, Optional extends Checks> = {
  readonly [Name in keyof Required]: Checked<Required[Name]>;
} & { readonly [Name in keyof Optional]?: Checked<Optional[Name]> };

/** A value from outside is wrong. The message says what was expected. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** 0, 1, 2 and so on. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isProbability(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** Whether a value is an object, and not null or an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function oneOf<const Value>(values: readonly Value[]): Check<Value> {
  return (value): value is Value => values.some((each) => each === value);
}

export function nullOr<Value>(isRight: Check<Value>): Check<Value | null> {
  return (value): value is Value | null => value === null || isRight(value);
}

export function listOf<Value>(isRight: Check<Value>): Check<readonly Value[]> {
  return (value): value is readonly Value[] => Array.isArray(value) && value.every(isRight);
}

/** An object with some of these names, and no other. */
export function recordOf<Name extends string, Value>(
  names: readonly Name[],
  isRight: Check<Value>,
): Check<{ readonly [Each in Name]?: Value }> {
  const isName = oneOf(names);
  return (value): value is { readonly [Each in Name]?: Value } =>
    isObject(value) && Object.entries(value).every(([name, part]) => isName(name) && isRight(part));
}

/** An object with all required names and some of the optional ones, and no other. */
export function objectOf<Required extends Checks, Optional extends Checks>(
  required: Required,
  optional: Optional,
): Check<ObjectOf<Required, Optional>> {
  const checks = new Map(Object.entries({ ...required, ...optional }));
  return (value): value is ObjectOf<Required, Optional> =>
    isObject(value) &&
    Object.keys(required).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, part]) => checks.get(name)?.(part) === true);
}
