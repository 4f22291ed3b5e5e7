import { readdir, stat } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { UserError } from '../files/user-error.js';

const EXTENSION = /(\.ome)?\.(svs|tiff?|png|jpe?g)$/i;

/** Name of a slide: that of its file without the extension. */
export const slideName = (file: string): string =>
  EXTENSION.test(file) ? basename(file).replace(EXTENSION, '') : parse(file).name;

/**
 * The slides that a command names: files as they stand, and of folders every file with the extension of a slide, in alphabetical
 * order.
 * @throws {UserError} where a path is missing, a folder holds no slide, or two slides have one name.
 */
export async function slideFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesAt(path)));
  const byName = new Map<string, string>();
  for (const file of new Set(files)) {
    const before = byName.get(slideName(file));
    if (before !== undefined)
      throw new UserError(
        `${file}: its features would have the same name as those of ${before}. Extract them into two folders, or rename one.`,
      );
    byName.set(slideName(file), file);
  }
  return [...byName.values()];
}

async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UserError(`${path}: there is no such file or folder. Check its name.`);
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXTENSION.test(name) && !name.startsWith('.')).sort();
  if (names.length === 0)
    throw new UserError(
      `${path}: the folder holds no .svs, .tif, .tiff, .png or .jpg file; subfolders are not searched. Name the slides' own folder.`,
    );
  return names.map((name) => join(path, name));
}
