/** Number of letters to insert, delete or replace to get from `a` to `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j] + 1, current[j - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}

/** The candidate that `word` is most likely a typo of, or undefined where none is near. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    // No name is that much longer; the distance would only take time.
    if (candidate.length > word.length + least) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** A remedy for a name that is not there: the likely typo, or what there is. */
export function suggest(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `Did you mean '${near}'?`;
  return `There is: ${candidates.slice(0, 12).join(', ')}${candidates.length > 12 ? ', …' : ''}`;
}

/**
 * A text with each character shown that a terminal would obey or that changes how others look, as `\u001b`: control characters except line ends and
 * tabs, marks of direction, half pairs. JSON stays the same JSON.
 */
export const visible = (text: string): string =>
  text.replace(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => escaped(character.charCodeAt(i))).join(''),
  );

const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** Whether a text has a line end, a tab or another control character, none of which a name or a path has that is written into a script. */
export const hasControlCharacters = (text: string): boolean => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);

/** A text from a user's file as it may stand within a line of a message: {@link visible}, line ends and tabs too, and what is long is cut. */
export function printable(text: string, length = 60): string {
  const clean = visible(text).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\n' : '\\t'));
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}

/** Text in UTF-8; a byte order mark stays. */
export const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** A text whose letters U+0000 to U+00FF are the bytes (ISO 8859-1). */
export const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** Engines keep a part of a text as a place in the whole. This one is a text of its own, for the sake of which nothing else stays in memory. */
export const ownText = (part: string): string => (part.length < 13 ? part : utf8(new TextEncoder().encode(part)));

/** Names and paths of either kind of slash, without a file system. */
const lastSlash = (path: string): number => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));

/** The last part of a path, an address or a name. */
export function baseName(path: string): string {
  const whole = path.replace(/[/\\]+$/, '');
  return whole.slice(lastSlash(whole) + 1);
}

/** The name of the folder that a path's last part is in; empty for a bare name. */
export const folderName = (path: string): string => baseName(path.slice(0, Math.max(0, lastSlash(path))));

/** The extension with its dot, in small letters; empty where there is none. */
export function extension(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot).toLowerCase() : '';
}
