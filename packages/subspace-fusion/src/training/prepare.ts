import { join } from 'node:path';
import { hashInputs, loadCohort, makeSplit, strataOf, type Cohort, type Patient, type Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { InputError, type Problem } from '../files/errors.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { definingCovariateProblems, unseenProblems, type CovariateEncoding } from '../runs/covariates.js';
import { learnModel, withoutUnknownClasses } from '../runs/learn-model.js';
import type { Model } from '../runs/model.js';
import { exists, RUN_FILES, writeJson } from '../runs/run-folder.js';
import type { EpochRecord } from '../runs/training-files.js';
import { slideFingerprint } from '../runs/slide-fingerprint.js';
import { VERSION } from '../version.js';
import type { Progress } from './epoch.js';
import { refuseChanges } from './refuse-changes.js';

export interface TrainOptions {
  readonly config: Config;
  /** The run folder. */
  readonly out: string;
  readonly resume?: boolean;
  readonly onWarning?: (problem: Problem) => void;
  readonly onStep?: (progress: Progress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Stops after the running step; what the last whole epoch left on disk can be resumed. */
  readonly signal?: AbortSignal;
}

/** A cohort divided and prepared for a model. */
export interface Prepared {
  readonly cohort: Cohort;
  readonly split: Split;
  readonly model: Model;
  readonly samples: CohortSamples;
}

/** Loads the cohort, divides it and learns the model's preprocessing; writes them, or checks them against what is there. */
export async function prepare({ config, out, resume = false, onWarning }: TrainOptions): Promise<Prepared> {
  const begun = await exists(join(out, RUN_FILES.model));
  if (begun && !resume)
    throw new InputError(`${out}: holds a run already. Add --resume to go on with it, or choose another --out.`);
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  const warnings: Problem[] = [];
  const divided = await makeSplit(cohort.patients, strataOf(cohort.patients, config), config.split, warnings);
  const inputs = { ...(await hashInputs(config)), features: await slideFingerprint(cohort.patients) };
  const model = learnModel(cohort, divided, config, inputs, VERSION, warnings);
  const { split, leftOut } = withoutUnknownClasses(divided, cohort, model);
  if (leftOut.length > 0) warnings.push(unknownClasses(config, leftOut));
  if (model.covariates) warnings.push(...aboutCovariates(config, model.covariates, cohort.patients));
  requirePatients(config, split);
  warnings.forEach((p) => onWarning?.(p));
  if (begun) {
    await refuseChanges(out, config, split, model);
  } else {
    await writeJson(join(out, RUN_FILES.config), config);
    await writeJson(join(out, RUN_FILES.split), { format: 1, ...split });
    await writeJson(join(out, RUN_FILES.model), model); // last: from here on the folder holds a run
  }
  return { cohort, split, model, samples: cohortSamples(cohort, model) };
}

function aboutCovariates(config: Config, covariates: CovariateEncoding, patients: readonly Patient[]): Problem[] {
  return [
    ...definingCovariateProblems(config, covariates),
    ...unseenProblems(covariates, patients, config.clinical.file),
  ];
}

function requirePatients({ clinical }: Config, { validation, test }: Split): void {
  for (const [part, patients] of Object.entries({ validation, test })) {
    if (patients.length === 0) {
      throw new InputError(
        `${clinical.file}: no ${part} patient is of a class that a training patient has. Use another split, or merge rare classes.`,
      );
    }
  }
}

function unknownClasses({ clinical }: Config, patients: readonly string[]): Problem {
  const message = `${patients.length} validation or test patients are of a class that no training patient has (${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''})`;
  return { severity: 'warning', file: clinical.file, message, remedy: 'They are left out' };
}
