import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configJsonSchema, configReference } from './config/reference.js';
import { withTables } from './runs/reference.js';

const page = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Files of the repository that are made from the code, by their path from here. `npm run docs` writes them. */
const DOCUMENTS: Readonly<Record<string, () => string>> = {
  '../../../docs/config.md': configReference,
  '../config.schema.json': configJsonSchema,
  '../../../docs/outputs.md': () => withTables(page('../../../docs/outputs.md')),
};

it.each(Object.entries(DOCUMENTS))('%s is what the code makes it', async (file, make) => {
  await expect(make()).toMatchFileSnapshot(file);
});
