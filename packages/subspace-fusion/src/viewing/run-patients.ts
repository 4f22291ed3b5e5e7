import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { findSlides } from '../cohort/bags/slides.js';
import type { Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import type { OfferedPatient } from '../runs/offered-patients.js';

export interface OfferedFiles {
  readonly patients: readonly OfferedPatient[];
  /** Path of each name. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The test patients of a run whose files are where its config says; none where they are not. Of a study of several cohorts, those of
 * the config's own.
 */
export async function offeredPatients({ features, expression }: Config, { test }: Split): Promise<OfferedFiles> {
  const matrix = await stat(expression.file).catch(() => undefined);
  const slides = await findSlides(features, test, []).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
  if (!matrix?.isFile() || !slides) return { patients: [], files: new Map() };
  const table = `expression/${basename(expression.file)}`;
  const files = new Map([[table, expression.file]]);
  const patients = test.flatMap((patient) => {
    const bags = (slides.byPatient.get(patient) ?? []).map(({ path }) => {
      const name = `bags/${basename(path)}`;
      files.set(name, path);
      return name;
    });
    return bags.length > 0 ? [{ patient, bags, expression: table }] : [];
  });
  return { patients, files };
}
