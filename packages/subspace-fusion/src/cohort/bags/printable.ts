/**
 * A text from a user's file as it may stand in a message: control characters, which a terminal would obey, become `?`, and what
 * is long is cut.
 */
export function printable(text: string, length = 60): string {
  const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}
