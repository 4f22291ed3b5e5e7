import { expect, it } from 'vitest';
import { configJsonSchema, configReference } from './config/reference.js';

/** Files of the repository that are made from the code, by their path from here. `npm run docs` writes them. */
const DOCUMENTS: Readonly<Record<string, () => string>> = {
  '../../../docs/config.md': configReference,
  '../config.schema.json': configJsonSchema,
};

it.each(Object.entries(DOCUMENTS))('%s is what the code makes it', async (file, make) => {
  await expect(make()).toMatchFileSnapshot(file);
});
