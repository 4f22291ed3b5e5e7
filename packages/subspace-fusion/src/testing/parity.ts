import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The parity cases of this repository: numbers of an independent program. */
export const PARITY = fileURLToPath(new URL('../../parity', import.meta.url));

/** The same, and a larger set of the same form where one lies beside the repository. */
export const parityFolders = [PARITY, '../shared/parity'].filter((folder) => existsSync(folder));
