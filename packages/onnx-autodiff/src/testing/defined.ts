/** A value that a test knows to be there. @throws Error where it is not. */
export function defined<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('the test expects a value here');
  return value;
}
