import { basename } from 'node:path';
import {
  applyGeneScaling, cutDifferences, fixBag, formatProblem, readBag, readBagHeader, readExpression, readGeneMap, sameEncoder,
  type Config, type Expression, type Problem,
} from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { predictedMedian, predictedSurvival, survivalCurve } from '../metrics/index.js';
import { openBackend } from '../training/backend.js';
import { createPredictor, prediction } from '../training/inference.js';
import { taskName, type Model } from '../training/model.js';
import { readCheckpoint, readModel, readRunConfig } from '../training/run-folder.js';

/** A time or a probability, or the words for what lies after the last cut. */
type Time = ReturnType<typeof predictedMedian>;

/** One patient's prediction, in words that a reader can use. */
export interface PatientPrediction {
  readonly patient: string;
  readonly task: string;
  /** Slides that it is the mean over. */
  readonly slides: number;
  /** Class tasks: the probability of each class, and the largest. */
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly predicted?: string;
  /** Survival: risk (higher is worse), probability to be alive after 1, 2 and 5 years, and median, in the cohort's time unit. */
  readonly risk?: number;
  readonly survival?: { readonly years: Readonly<Record<'1' | '2' | '5', Time>>; readonly median: Time; readonly timeUnit: string; readonly curve: { times: readonly number[]; survival: readonly number[] } };
  readonly warnings: readonly string[];
}

export interface PredictOptions {
  /** Feature files of the patient, one a slide. */
  readonly bags: readonly string[];
  /** An expression matrix that holds the patient, alone or among others. */
  readonly expression: string;
  /** Needed where the matrix holds several patients and no file name starts with one of their ids. */
  readonly patient?: string;
}

/**
 * Predicts one patient with a run's selected model. The matrix is read as the run's config says, and where it cannot be, as what it looks like.
 * @throws UserError for files that cannot be read, genes of the model that are missing, or a patient who is not in the matrix.
 */
export async function predictPatient(run: string, { bags, expression: file, patient: asked }: PredictOptions): Promise<PatientPrediction> {
  const model = await readModel(run);
  const { parameters } = await readCheckpoint(run, model);
  const config = await readRunConfig(run);
  const aboutBags = await checkBags(bags, model);
  const problems: Problem[] = [];
  const expression = await readMatrix(file, model, config.expression, problems);
  const patient = choosePatient(expression.patients, bags, file, asked);
  requireGenes(model, file, expression);
  refuseOtherUnit(model, file, expression);
  const scaled = {
    tumour: applyGeneScaling(model.scaling.tumour, expression, [patient]),
    microenvironment: applyGeneScaling(model.scaling.microenvironment, expression, [patient]),
  };

  const backend = await openBackend({ provider: config.provider });
  const predictor = await createPredictor(model, parameters, backend);
  try {
    const outputs: Float64Array[] = [];
    for (const path of bags) {
      const bag = await readBag({ slide: basename(path), path }, model.tokens);
      outputs.push(await predictor.run({ bag: fixBag(bag, model.tokens).features, genes: scaled }));
    }
    return { ...inWords(model, prediction(patient, outputs, model.outcome.kind === 'survival')), warnings: [...problems.map(formatProblem), ...aboutBags] };
  } finally {
    await predictor.dispose();
    await backend.close();
  }
}

function genesOf({ scaling }: Model): Set<string> {
  return new Set([...scaling.tumour.genes, ...scaling.microenvironment.genes]);
}

/** The matrix in the format of the training's, or in its own. */
async function readMatrix(file: string, model: Model, { geneMap: mapFile, format, column, samples }: Config['expression'], problems: Problem[]): Promise<Expression> {
  const geneMap = mapFile === undefined ? undefined : await readGeneMap(mapFile, problems);
  const read = async (options: Pick<Config['expression'], 'format' | 'column' | 'samples'>) => {
    const found: Problem[] = [];
    const { expression } = await readExpression(file, { patients: undefined, genes: genesOf(model), geneMap }, found, options);
    problems.push(...found);
    return expression;
  };
  if (format === undefined && samples === undefined) return read({ column });
  return read({ format, column, samples }).catch((error: unknown) => {
    // Another format, or a sheet of its own beside it.
    return read({ column }).catch(() => {
      throw error;
    });
  });
}

/** The model was built on these genes and has no value for one that is missing. */
function requireGenes(model: Model, file: string, expression: Expression): void {
  const there = new Set(expression.genes);
  const needed = [...genesOf(model)];
  const absent = needed.filter((gene) => !there.has(gene));
  if (absent.length === 0) return;
  const some = `${absent.slice(0, 3).join(', ')}${absent.length > 3 ? ` and ${absent.length - 3} more` : ''}`;
  throw new UserError(`${file}: lacks ${absent.length} of the ${needed.length} genes that the model needs (${some}). Add them.`);
}

/** Whether the slides can be read by the model; what their encoders and patches give cause to warn of. */
async function checkBags(paths: readonly string[], { size, encoder, provenance = {} }: Model): Promise<string[]> {
  const warnings: string[] = [];
  for (const path of paths) {
    const header = await readBagHeader(path);
    if (header.width !== size.patchWidth) {
      throw new UserError(`${path}: features are ${header.width} wide, the model's are ${size.patchWidth}. Extract them with the model's encoder.`);
    }
    warnings.push(...encoderWarnings(path, header.encoder, encoder));
    const differences = cutDifferences(provenance, header);
    if (differences.length > 0) warnings.push(`${basename(path)}: ${differences.join('; ')}. Do not trust this prediction`);
  }
  return warnings;
}

function choosePatient(patients: readonly string[], bags: readonly string[], file: string, asked: string | undefined): string {
  if (asked !== undefined) {
    if (!patients.includes(asked)) throw new UserError(`${file}: has no patient '${asked}'. It has ${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''}.`);
    return asked;
  }
  if (patients.length === 1) return patients[0]!;
  const named = patients.filter((id) => bags.every((bag) => isNamedAfter(basename(bag), id)));
  if (named.length === 1) return named[0]!;
  throw new UserError(`${file}: holds ${patients.length} patients and the bag's name tells none of them. Say which with --patient.`);
}

/** Whether a file name starts with the id and the id ends there: `P10.h5` is not named after `P1`. */
function isNamedAfter(name: string, id: string): boolean {
  return name.startsWith(id) && !/[A-Za-z0-9]/.test(name.charAt(id.length));
}

/** Expression whose logarithm the model takes cannot be negative; what is negative was transformed already. */
function refuseOtherUnit({ scaling }: Model, file: string, { values }: Expression): void {
  if (scaling.tumour.transform !== 'log2p1' || values.every((x) => !(x < 0))) return;
  throw new UserError(`${file}: has negative values, but the model was trained on counts, TPM or FPKM. Give the expression in the unit that it was trained on.`);
}

/** Features mean nothing to a model that was trained on another encoder's. */
function encoderWarnings(path: string, found: string | undefined, trained: string | undefined): string[] {
  const file = basename(path);
  if (trained === undefined) return [`${file}: the model does not know which encoder its features came from, so it cannot be checked`];
  if (found === undefined) return [`${file}: does not say its encoder; the model was trained on '${trained}' features. Do not trust this prediction unless it is the same one`];
  if (!sameEncoder(found, trained)) return [`${file}: features are of encoder '${found}', the model was trained on '${trained}'. Do not trust this prediction`];
  return [];
}

const YEAR = { days: 365.25, months: 12, years: 1 } as const;

function inWords({ task, outcome }: Model, { patient, slides, outputs, risk }: ReturnType<typeof prediction>): Omit<PatientPrediction, 'warnings'> {
  const common = { patient, task: taskName(task), slides };
  if (outcome.kind === 'classes') {
    const probabilities = Object.fromEntries(outcome.classes.map((name, c) => [name, outputs[c]!]));
    return { ...common, probabilities, predicted: outcome.classes[outputs.indexOf(Math.max(...outputs))]! };
  }
  const curve = survivalCurve(outputs, outcome.cuts);
  const after = (years: number) => predictedSurvival(curve, years * YEAR[outcome.timeUnit]);
  const survival = {
    years: { 1: after(1), 2: after(2), 5: after(5) },
    median: predictedMedian(curve),
    timeUnit: outcome.timeUnit,
    curve: { times: curve.times, survival: curve.survival },
  };
  return { ...common, risk: risk!, survival };
}
