import { InputError } from '../files/errors.js';
import type { PatientExplanation } from '../runs/explanations.js';
import type { PatientInput } from './input.js';
import { openModel } from './open-model-node.js';
import type { ExplainOptions } from './open-model.js';
import type { Prediction } from './prediction.js';

/** Opens a run's model for one patient: {@link openModel}, predict, close. */
export async function predictPatient(run: string, input: PatientInput): Promise<Prediction> {
  const model = await openModel(run);
  try {
    return await model.predict(input);
  } finally {
    await model.close();
  }
}

/**
 * Explains a run's prediction for one patient: of the run's cohort by name, or from files.
 * @throws InputError as `predict` does, and for a model that is not of the method
 */
export async function explainPatient(run: string, input: PatientInput & ExplainOptions): Promise<PatientExplanation> {
  const { patient, bag, genes, expression, onBackground, signal } = input;
  if ([patient, bag, genes, expression].every((given) => given === undefined))
    throw new InputError(
      "Say whom to explain: --patient ID of the run's cohort, or files with --bag and --expression.",
    );
  const model = await openModel(run);
  try {
    return await model.explain(await model.predict(input, { signal }), { signal, onBackground });
  } finally {
    await model.close();
  }
}
