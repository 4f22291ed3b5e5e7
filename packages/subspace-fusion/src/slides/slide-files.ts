import { readdir, stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { badInput, InputError } from '../files/errors.js';
import { append } from '../files/lists.js';
import { printable } from '../files/text.js';

const EXTENSION = /(\.ome)?\.(svs|tiff?|png|jpe?g|ndpi|mrxs|scn|bif|svslide)$/i;

/** Name of a slide: that of its file without the extension. */
export const slideName = (file: string): string =>
  EXTENSION.test(file) ? basename(file).replace(EXTENSION, '') : parse(file).name;

/** The feature file of a slide, and the picture of what was taken of it. */
export const extractedFiles = (out: string, slide: string) => ({
  features: join(out, `${slide}.h5`),
  overview: join(out, 'overview', `${slide}.png`),
});

/**
 * The slides that a command names: files as they stand, and of folders every file with the extension of a slide, in alphabetical
 * order; one that is named twice is one.
 * @throws {InputError} where a path is missing, a folder holds no slide, a slide's name cannot be that of other files, or two have one name.
 */
export async function slideFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) append(files, await filesAt(path));
  const byName = new Map<string, string>();
  for (const file of files) {
    const name = slideName(file);
    const before = byName.get(name);
    if (before !== undefined && resolve(before) === resolve(file)) continue;
    if (before !== undefined)
      throw new InputError(
        `${file}: its features would have the same name as those of ${before}. Extract them into two folders, or rename one.`,
      );
    checkName(file, name);
    byName.set(name, file);
  }
  return [...byName.values()];
}

/** Longest name of a slide, in bytes: file systems take 255, and what is made of a slide has longer names than it. */
const LONGEST_NAME = 200;

/** Refuses a name that cannot be that of a feature file and of a folder, or that a terminal or a script would not take as a name. */
function checkName(file: string, name: string): void {
  const wrong = (message: string) =>
    badInput({ file: printable(file, 300), message, remedy: 'Rename the slide; its features get its name' });
  if (['', '.', '..'].includes(name)) throw wrong('the slide has no name before its extension');
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name))
    throw wrong('the name of the slide has a control character, such as the end of a line');
  const bytes = Buffer.byteLength(name);
  if (bytes > LONGEST_NAME) throw wrong(`the name of the slide is ${bytes} bytes long, ${LONGEST_NAME} at most`);
}

async function filesAt(path: string): Promise<string[]> {
  const found = await entryAt(path);
  if (!found) throw new InputError(`${path}: there is no such file or folder. Check its name.`);
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXTENSION.test(name) && !name.startsWith('.')).sort();
  if (names.length === 0)
    throw new InputError(
      `${path}: the folder holds no .svs, .tif, .tiff, .png, .jpg, .ndpi, .mrxs, .scn, .bif or .svslide file; subfolders are not searched. Name the slides' own folder.`,
    );
  const files = names.map((name) => join(path, name));
  for (const file of files)
    if (!(await entryAt(file)))
      throw badInput({
        file: printable(file, 300),
        message: 'the folder lists it, and it cannot be found: it is a link to nowhere, or its name is not UTF-8',
        remedy: 'Remove the link, or rename the slide',
      });
  return files;
}

const entryAt = (path: string) =>
  stat(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const what = code === 'ENAMETOOLONG' ? 'the name is too long' : `it cannot be looked at (${String(code)})`;
    throw badInput({ file: printable(path, 300), message: what, remedy: 'Check its name and permissions' });
  });
