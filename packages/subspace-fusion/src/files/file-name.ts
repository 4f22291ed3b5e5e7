import { createHash } from 'node:crypto';

/** Letters of a name that are kept; the ending and a suffix come on top. */
const LONGEST = 100;
/** Names that Windows keeps for devices, with any ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** What a name with a suffix ends in. */
const SUFFIXED = /-[0-9a-f]{8}$/i;

/**
 * The name of a file, without its ending, for something that a user named: a patient, a slide, a variant. Two names never give one file,
 * on any file system: where the name cannot be taken as it is, eight digits of its hash are added. That is where it holds anything but
 * A–Z, digits and `._-` (small letters too, as many file systems do not tell them from capitals), is longer than 100 letters, begins or
 * ends with a point, is a device of Windows, or is one of `taken`, which the program itself uses.
 */
export function fileNameOf(name: string, taken: readonly string[] = []): string {
  const kept = name
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\.+|\.+$/g, '_')
    .slice(0, LONGEST);
  const isItself =
    kept === name &&
    kept !== '' &&
    kept === kept.toUpperCase() &&
    ![DEVICE, SUFFIXED].some((pattern) => pattern.test(kept)) &&
    !taken.some((other) => other.toUpperCase() === kept);
  return isItself ? kept : `${kept}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
