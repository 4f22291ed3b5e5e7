import type { Cohort, Config, Problem } from '../../cohort/index.js';
import { gatherCohort } from '../../cohort/load.js';
import { problemsError } from '../../cohort/problems.js';
import { summariseBag } from './bag-summary.js';
import { alikePairs, type AlikePair, type AuditedSlide } from './duplicates.js';
import { sameFiles, type SameFile } from './slide-files.js';

/** A cohort with what an audit compares of it, whatever the split. */
export interface Material {
  readonly cohort: Cohort;
  readonly same: readonly SameFile[];
  readonly alike: readonly AlikePair[];
  readonly slides: number;
}

/** The config that a control's patients have their own slides in. */
export function withoutPermutation(config: Config): Config {
  const { permuteBags, ...features } = config.features;
  return permuteBags === undefined ? config : { ...config, features };
}

/**
 * Loads a cohort and reads all of its slides. A control's exchange of slides is left out: it is what the control is.
 * @throws UserError naming every error in the files
 */
export async function readMaterial(config: Config, onSlide?: (done: number, of: number) => void): Promise<Material> {
  const { cohort, problems } = await gatherCohort(withoutPermutation(config));
  if (!cohort) throw problemsError(problems.filter(({ severity }: Problem) => severity === 'error'));
  const { patients } = cohort;
  const bags = patients.flatMap(({ id, bags }) => bags.map((bag) => ({ patient: id, ...bag })));
  const slides: AuditedSlide[] = [];
  for (const { patient, slide, path } of bags) {
    slides.push({ patient, slide, ...(await summariseBag(path)) });
    onSlide?.(slides.length, bags.length);
  }
  const same = await sameFiles(patients);
  const isOneFile = ({ slides }: AlikePair) =>
    same.some((file) =>
      slides.every((own) => file.slides.some(({ patient, slide }) => patient === own.patient && slide === own.slide)),
    );
  return { cohort, same, alike: alikePairs(slides).filter((pair) => !isOneFile(pair)), slides: slides.length };
}

/** What decides which patients and slides there are: of runs that share it the slides are read once. */
export function materialKey(config: Config): string {
  return JSON.stringify({
    ...withoutPermutation(config),
    name: undefined,
    split: undefined,
    training: undefined,
    model: undefined,
    provider: undefined,
    covariates: undefined,
  });
}
