import { readTextFile } from '../files/file-source.js';
import { parseConfig, type Overrides } from './parse.js';
import type { Config } from './schema.js';

export { defineConfig, parseConfig, parseOverrides, type Overrides } from './parse.js';
export type { Config, ConfigInput, GeneSetsConfig } from './schema.js';
export type { CohortSplit, FileSplit, FoldsSplit, RandomSplit, SplitConfig } from './split.js';

/** {@link parseConfig} of a file. */
export async function loadConfig(path: string, overrides: Overrides = {}): Promise<Config> {
  return parseConfig(await readTextFile(path), path, overrides);
}
