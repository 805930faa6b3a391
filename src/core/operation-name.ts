const MAX_LENGTH = 60;

/**
 * The name of an operation as the log shows it: a GraphQL name, cut at 60 characters. A caller chooses it, but it is
 * code and no data. Five digits or more become `0`, in case that a program puts a phone into the name.
 *
 * @returns undefined if the text is no GraphQL name
 */
export function loggedOperationName(name: unknown): string | undefined {
  if (typeof name !== 'string' || !/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return undefined;
  return name.slice(0, MAX_LENGTH).replace(/[0-9]{5,}/g, '0');
}
