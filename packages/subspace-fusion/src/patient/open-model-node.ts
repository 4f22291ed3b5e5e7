import { loadCohort } from '../cohort/index.js';
import { readConfidence } from '../evaluation/confidence/confidence-file.js';
import { readSelectedModel } from '../evaluation/score-model.js';
import { InputError } from '../files/errors.js';
import { openBackend, type BackendOptions } from '../inference/backend.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { computeBackground, storedBackground } from './background.js';
import { openModelOn, type OpenModel } from './open-model.js';

export async function openModel(run: string, options: BackendOptions = {}): Promise<OpenModel> {
  const { config, model, split, parameters } = await readSelectedModel(run);
  let loaded: Promise<CohortSamples> | undefined;
  const cohort = () => (loaded ??= loadCohort(config).then(({ cohort }) => cohortSamples(cohort, model)));
  const backend = await openBackend({ provider: config.provider, threads: config.training.threads, ...options });
  const opened = await openModelOn(
    {
      name: run,
      model,
      parameters,
      expression: config.expression,
      confidence: await readConfidence(run),
      tested: [],
      riskCut: undefined,
    },
    backend,
    {
      cohort,
      background: async (explainer, onPatient) =>
        (await storedBackground(run)) ??
        (await cohort().then(
          (samples) => computeBackground(run, explainer, samples, split.train, onPatient),
          withoutCohort,
        )),
    },
  );
  return {
    ...opened,
    async close() {
      await opened.close();
      await backend.close();
    },
  };
}

/** Without the run's cohort, an explanation is made in part. */
function withoutCohort(error: unknown): undefined {
  if (error instanceof InputError) return undefined;
  throw error;
}
