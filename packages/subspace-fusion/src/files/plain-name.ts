import { badInput } from './errors.js';
import { hasControlCharacters } from './text.js';

/**
 * A name or a path that scripts and lists with one name per line take over may not start a line of its own: a shell would obey it.
 * @param what the name is of, for the message
 * @throws {InputError} for a line end or another control character
 */
export function requirePlainName(name: string, what: string): void {
  if (!hasControlCharacters(name)) return;
  throw badInput({
    file: what,
    message: 'the name has a line end or another control character',
    examples: [name],
    remedy: 'Use a name without it',
  });
}
