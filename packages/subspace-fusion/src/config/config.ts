import { readFile } from 'node:fs/promises';
import { requireFile } from '../files/file-source.js';
import { parseConfig, type Overrides } from './parse.js';
import type { Config } from './schema.js';

export { defineConfig, parseConfig, parseOverrides, type Overrides } from './parse.js';
export type { Config, ConfigInput, GeneSetsConfig } from './schema.js';
export type { CohortSplit, FileSplit, FoldsSplit, RandomSplit, SplitConfig } from './split.js';

/** {@link parseConfig} of a file. */
export async function loadConfig(path: string, overrides: Overrides = {}): Promise<Config> {
  await requireFile(path);
  return parseConfig(await readFile(path, 'utf8'), path, overrides);
}
