import { fileURLToPath } from 'node:url';
import type { Config } from './config.js';

/** Whether a config leaves the gene sets to the package. */
export const usesDefaultGeneSets = ({ file }: Config['geneSets']): boolean => file === undefined;

/**
 * File of the gene sets: the config's, or the glioma sets that come with the package (gene-sets/README.md). A config never holds the
 * path of the latter, so that it means the same wherever the package is.
 */
export const geneSetsFile = ({ file }: Config['geneSets']): string =>
  file ?? fileURLToPath(new URL('../../gene-sets/glioma.gmt', import.meta.url));
