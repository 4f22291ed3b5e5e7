import { badInput } from '../../files/errors.js';
import type { Folder, Source } from '../../files/source.js';

/** Where expression is: a file, or a folder of a download that is several. */
export interface ExpressionFiles {
  /** For messages. */
  readonly name: string;
  /** The file; undefined for a folder. */
  readonly file: Source | undefined;
  /** The folder, or the one that the file is in; undefined for a file that came alone. */
  readonly folder: Folder | undefined;
}

/** The file of a format that is one. Throws {@link InputError} for a folder. */
export function fileIn({ name, file }: ExpressionFiles): Source {
  if (file) return file;
  throw badInput({ file: name, message: 'this is not a file', remedy: 'Name the file itself' });
}

/** Opens files by their paths; in Node there are some. Who opens a file closes it. */
export interface Paths {
  file(path: string): Promise<Source>;
  expression(path: string): Promise<ExpressionFiles>;
}
