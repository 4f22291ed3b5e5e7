import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { loadConfig, type Config } from '../config/config.js';
import { geneSetsFile } from './genes/gene-sets.js';

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** {@link sha256File}; of a folder, the hash of the names and hashes of all its files, in alphabetical order. */
async function sha256Path(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return sha256File(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${relative(path, file)} ${await sha256File(file)}\n`);
  return hash.digest('hex');
}

/** {@link sha256Path} of one path; of several, the hash of their hashes. */
async function sha256All(paths: readonly (string | undefined)[]): Promise<string> {
  const hashes: string[] = [];
  for (const path of paths) if (path !== undefined) hashes.push(await sha256Path(path));
  return hashes.length === 1 ? hashes[0] : createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/**
 * SHA-256 of the tables that a model is trained on, those of further cohorts and their configs included. The bags are left out: they may be larger than is
 * quick to read.
 */
export async function hashInputs(config: Config): Promise<{ clinical: string; expression: string; geneSets: string }> {
  const { geneSets, moreCohorts = [] } = config;
  const configs = [config, ...(await Promise.all(moreCohorts.map((path) => loadConfig(path))))];
  return {
    clinical: await sha256All([
      ...configs.flatMap(({ clinical }) => [clinical.file, ...(clinical.moreFiles ?? [])]),
      ...moreCohorts,
    ]),
    expression: await sha256All(
      configs.flatMap(({ expression }) => [expression.file, expression.samples, expression.geneMap]),
    ),
    geneSets: await sha256All([geneSetsFile(geneSets), geneSets.microenvironmentFile]),
  };
}
