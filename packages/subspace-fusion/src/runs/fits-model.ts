import { badInput } from '../files/errors.js';
import { branchesOf, WIDTH } from '../model/parts.js';
import type { Confidence } from './confidence.js';
import type { Background } from './explanations.js';
import type { Model } from './model.js';
import type { EvaluatedPatient, Prediction } from './result.js';

/**
 * What each file of a run says by itself its schema checks; here is checked that it is of this model. A file of another run is whole, and would
 * be shown with the wrong names of classes, or stop the program in the middle.
 */
function refuse(file: string, message: string): never {
  throw badInput({ file, message: `is not of this run's model: ${message}`, remedy: 'Restore it, or train again' });
}

/** @throws {InputError} where a prediction has other outputs than the model. */
export function requireOutputs(predictions: readonly Prediction[], { size, outcome }: Model, file: string): void {
  for (const { patient, outputs, risk } of predictions) {
    if (outputs.length !== size.classes)
      refuse(file, `the prediction of ${patient} has ${outputs.length} outputs, the model ${size.classes}`);
    if (outcome.kind === 'survival' && risk === undefined) refuse(file, `the prediction of ${patient} has no risk`);
  }
}

/** @throws {InputError} where a prediction, or what happened, is of another task than the model's. */
export function requireEvaluated(predictions: readonly EvaluatedPatient[], model: Model, file: string): void {
  requireOutputs(predictions, model, file);
  const { outcome } = model;
  for (const one of predictions) {
    if ('label' in one !== (outcome.kind === 'classes'))
      refuse(file, `${one.patient} has ${'label' in one ? 'a class, and the model predicts survival' : 'no class'}`);
    if ('label' in one && outcome.kind === 'classes' && outcome.classes[one.label] !== one.className)
      refuse(file, `class ${one.label} of ${one.patient} is '${one.className}'`);
    if ('time' in one && outcome.kind === 'survival' && one.survival.length !== outcome.cuts.length)
      refuse(file, `${one.patient} has ${one.survival.length} survival probabilities for ${outcome.cuts.length} cuts`);
  }
}

/** @throws {InputError} where the confidence is of other classes, or of features of another width. */
export function requireConfidence({ classes, survival, range }: Confidence, model: Model, file: string): void {
  const { outcome, size } = model;
  if (outcome.kind === 'classes' ? survival : classes) refuse(file, 'it is of another task');
  if (classes && outcome.kind === 'classes') {
    const C = outcome.classes.length;
    const { conformal, operatingPoints } = classes;
    if (classes.classes.join('\n') !== outcome.classes.join('\n')) refuse(file, 'it has other classes');
    if (conformal && (conformal.byClass.length !== C || conformal.patientsByClass.length !== C))
      refuse(file, `its sets are not of ${C} classes`);
    const unknown = operatingPoints.find((point) => !outcome.classes.includes(point.class));
    if (unknown) refuse(file, `it has an operating point of '${unknown.class}'`);
  }
  const { features } = range;
  if (features && (features.mean.length !== size.patchWidth || features.deviation.length !== size.patchWidth))
    refuse(file, `its features are ${features.mean.length} wide, the model's ${size.patchWidth}`);
}

/** @throws {InputError} where the means are not of the model's widths and branches. */
export function requireBackground({ meanPatch, meanZ }: Background, { network, size }: Model, file: string): void {
  if (meanPatch.length !== size.patchWidth)
    refuse(file, `its mean patch is ${meanPatch.length} wide, the model's are ${size.patchWidth}`);
  if (network.name !== 'subspace') return;
  for (const branch of branchesOf(network.parts))
    if (meanZ[branch]?.length !== WIDTH)
      refuse(file, `it has no mean feature of ${WIDTH} numbers of the ${branch} branch`);
}
