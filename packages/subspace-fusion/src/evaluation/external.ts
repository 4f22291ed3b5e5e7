import { cutDifferences, firstOf, sameEncoder } from '../cohort/bags/agreement.js';
import { labelPatients } from '../cohort/clinical/labels.js';
import { loadCohort, loadExternalCohort } from '../cohort/load.js';
import type { Cohort, CohortFlow } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { counted, InputError, someOf, type Problem } from '../files/errors.js';
import { cohortSamples } from '../inference/samples.js';
import { reads } from '../model/choice.js';
import { fileWidth } from '../runs/components.js';
import { unseenProblems } from '../runs/covariates.js';
import { knownAgain } from '../runs/fingerprints.js';
import { taskName, type Model } from '../runs/model.js';
import { shiftProblems } from '../runs/shift.js';
import { ALIKE, alikeBetween } from './audit/alike-genes.js';
import type { PatientSamples } from './baselines.js';
import { meanPatches } from './confidence/patient.js';
import { describeInputs, requirePatients, withConfidence, type EvaluateOptions, type Evaluation } from './evaluate.js';
import { readSelectedModel, scoreModel, type SelectedModel } from './score-model.js';

/**
 * External validation: scores a run's selected model on all labelled patients of another cohort, which keeps its own files, names and units. Genes are
 * found by name and scaled by the run's training patients. Baselines and risk groups need the cohort that the run was trained on; where that cannot be
 * read they are left out with a warning.
 * @throws InputError where the cohort cannot be read, lacks genes of the model, has features of another encoder, or has nobody to be scored.
 */
export async function evaluateExternal(
  run: string,
  config: Config,
  { onWarning, onPatient }: Omit<EvaluateOptions, 'split' | 'without'> = {},
): Promise<Evaluation> {
  const selected = await readSelectedModel(run);
  const { model, selection } = selected;
  const { cohort, problems } = await loadForModel(config, selected);
  [...problems, ...fitProblems(model, cohort, config)].forEach((p) => onWarning?.(p));
  const means = meanPatches(model);
  const samples = cohortSamples(cohort, model, { read: means.read });
  const makers = await selected.run.fingerprints();
  const again = makers
    ? await knownAgain(makers, cohort.patients, (id) => samples.genes(id))
    : new Map<string, never>();
  const { patients, leftOut } = whoIsScored(cohort, selected, new Set(again.keys()), config, onWarning);
  const training = await trainingPatients(run, selected, onWarning);
  if (training) {
    const used = [...selected.split.train, ...selected.split.validation, ...(selected.split.conformal ?? [])];
    alikeProblems(config, { samples, patients }, { ...training, patients: used }).forEach((p) => onWarning?.(p));
  }
  const { scores, predictions } = await scoreModel(selected, { samples, patients }, training, onPatient);
  const endpoint = model.task === 'survival' && cohort.endpoint ? { endpoint: cohort.endpoint } : {};
  const of = { name: cohort.name, patients: cohort.flow.reduce((n, flow) => n + flow.patients, 0), leftOut };
  const result = {
    format: 1 as const,
    task: taskName(model.task),
    split: 'external',
    cohort: of,
    ...describeInputs(model),
    ...endpoint,
    ...scores,
    selection,
  };
  const confidence = await selected.run.confidence();
  return confidence
    ? withConfidence({ result, predictions, model }, confidence, samples, means)
    : { result, predictions, model };
}

function loadForModel(
  config: Config,
  { config: { model: ofRun }, model }: SelectedModel,
): ReturnType<typeof loadExternalCohort> {
  const { task, labels, scaling, outcome } = model;
  const genes = { tumour: scaling.tumour.genes, microenvironment: scaling.microenvironment.genes };
  return loadExternalCohort(config, {
    task,
    labels,
    model: ofRun,
    genes,
    timeUnit: outcome.kind === 'survival' ? outcome.timeUnit : undefined,
  });
}

/** What may make the model a stranger to this cohort. @throws InputError for features that it cannot read. */
function fitProblems(model: Model, cohort: Cohort, { features, expression, clinical }: Config): Problem[] {
  const problems = [
    ...(model.covariates ? unseenProblems(model.covariates, cohort.patients, clinical.file) : []),
    ...shiftProblems(model.scaling, cohort, expression.file),
  ];
  if (!reads(model.network).bag) return problems;
  const warn = (message: string) =>
    problems.push({
      severity: 'warning',
      file: features.folder,
      message,
      remedy: 'Do not trust the result unless they are the same',
    });
  if (cohort.width !== fileWidth(model)) {
    throw new InputError(
      `${features.folder}: features are ${cohort.width} wide, the model's are ${fileWidth(model)}. Extract them with the model's encoder.`,
    );
  }
  if (cohort.encoder !== undefined && model.encoder !== undefined) {
    if (!sameEncoder(cohort.encoder, model.encoder)) {
      throw new InputError(
        `${features.folder}: features are of encoder '${cohort.encoder}', the model was trained on '${model.encoder}'. Extract them with the model's encoder.`,
      );
    }
  } else {
    warn(
      `the encoder of ${cohort.encoder === undefined ? 'these features' : "the model's training slides"} is not known, so it cannot be compared`,
    );
  }
  for (const difference of cutDifferences(model.provenance ?? {}, firstOf(cohort.provenance))) warn(difference);
  return problems;
}

/** The labelled patients whom the run neither learned from nor was selected by, and how many others there are, by reason. */
function whoIsScored(
  cohort: Cohort,
  { split, model }: SelectedModel,
  again: ReadonlySet<string>,
  { clinical }: Config,
  onWarning: EvaluateOptions['onWarning'],
): { patients: string[]; leftOut: Record<string, number> } {
  const leftOut = reasonsOf(cohort.flow);
  const leave = (ids: readonly string[], reason: string) => {
    if (ids.length === 0) return;
    leftOut[reason] = ids.length;
    onWarning?.({
      severity: 'warning',
      file: clinical.file,
      message: `${ids.length} patients ${reason} (${someOf(ids)})`,
      remedy: 'They are left out',
    });
  };
  const usedByRun = new Set([...split.train, ...split.validation, ...(split.conformal ?? [])]);
  const labelled = labelledPatients(cohort, model);
  leave(
    labelled.filter((id) => usedByRun.has(id)),
    `have ids of ${split.conformal ? 'training, validation or conformal' : 'training or validation'} patients of the run`,
  );
  const isAgain = (id: string) => !usedByRun.has(id) && again.has(id);
  leave(labelled.filter(isAgain), 'have the slides or the expression of patients who made the model, under other ids');
  const unseen = labelled.filter((id) => !usedByRun.has(id) && !again.has(id));
  const known = knownToModel(cohort, model);
  leave(
    unseen.filter((id) => !known(id)),
    'are of a class that the model does not know',
  );
  const patients = unseen.filter(known);
  if (patients.length > 0) return { patients, leftOut };
  const reasons = Object.entries(leftOut).map(([reason, n]) => `${n} ${reason}`);
  throw new InputError(
    `${clinical.file}: no patient is left to be scored: ${reasons.join('; ')}. Use a cohort of other patients, or other ids.`,
  );
}

function reasonsOf(flows: readonly CohortFlow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (reason: string, n: number) => {
    if (n > 0) counts[reason] = (counts[reason] ?? 0) + n;
  };
  for (const { notIncluded, noExpression, noSlides, neither, noLabel } of flows) {
    for (const [condition, n] of Object.entries(notIncluded)) add(`not of ${condition}`, n);
    add('without expression', noExpression);
    add('without slides', noSlides);
    add('with neither expression nor slides', neither);
    for (const [reason, n] of Object.entries(noLabel)) add(`without a label: ${reason}`, n);
  }
  return counts;
}

function labelledPatients({ patients }: Cohort, { task, labels }: Model): string[] {
  if (task === 'survival') return patients.filter(({ survival }) => survival !== undefined).map(({ id }) => id);
  return [...labelPatients(patients, task, labels).byPatient.keys()];
}

function knownToModel({ patients }: Cohort, { task, labels, outcome }: Model): (id: string) => boolean {
  if (task === 'survival' || outcome.kind !== 'classes') return () => true;
  const { byPatient } = labelPatients(patients, task, labels);
  return (id) => {
    const label = byPatient.get(id);
    return label !== undefined && outcome.classes.includes(label);
  };
}

/** A warning of patients whose genes run as those of a patient who made the model: they may be one person, measured or processed again. */
function alikeProblems({ clinical }: Config, own: PatientSamples, makers: PatientSamples): Problem[] {
  const genesOf = ({ samples, patients }: PatientSamples) =>
    patients.map((id) => {
      const { tumour, microenvironment } = samples.genes(id);
      return { patient: id, values: Float64Array.from([...tumour, ...microenvironment]) };
    });
  const pairs = alikeBetween(genesOf(own), genesOf(makers));
  if (pairs.length === 0) return [];
  const message = `the genes of ${counted(pairs.length, 'patient', 'patients')} correlate above ${ALIKE} with those of a patient who made the model`;
  const remedy = 'Find out whether they are one person; such patients are no external validation';
  const examples = pairs.map(([{ patient }, maker]) => `${patient} and ${maker.patient}`);
  return examples.map((example) => ({
    severity: 'warning' as const,
    file: clinical.file,
    message,
    examples: [example],
    remedy,
  }));
}

/** The patients that the run was trained on, if its cohort is still there. */
async function trainingPatients(
  run: string,
  { config, model, split }: SelectedModel,
  onWarning: EvaluateOptions['onWarning'],
): Promise<PatientSamples | undefined> {
  try {
    const { cohort } = await loadCohort(config);
    requirePatients(run, split, cohort, config);
    return { samples: cohortSamples(cohort, model), patients: split.train };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = `the cohort that the run was trained on cannot be read, so there are no baselines and no risk groups (${error.message.split('\n')[0]})`;
    onWarning?.({ severity: 'warning', file: run, message, remedy: 'Restore it for those' });
    return undefined;
  }
}
