import { badInput, required, type Problem } from '../files/errors.js';
import { derangement, key, permutation } from '../random/counter.js';
import type { Cohort, Expression, Patient } from './types.js';

/**
 * The control for what slides add: every patient keeps genes and outcome and is given all slides of another one. The exchange
 * depends on the seed and the patients' ids alone, not on the order of the table.
 */
export function permuteBags(patients: readonly Patient[], seed: number): Patient[] {
  const byId = new Map(patients.map((patient) => [patient.id, patient]));
  const ids = [...byId.keys()].sort();
  const donors = derangement(key(seed, 'permuted-bags'), ids.length);
  const donorOf = new Map(ids.map((id, i) => [id, ids[donors[i]]]));
  return patients.map((patient) => ({ ...patient, bags: required(byId, required(donorOf, patient.id)).bags }));
}

/**
 * The control for leaks: every patient keeps slides, genes and clinical variables and is given the outcome of another one, drawn
 * from all of them: the survival, and the clinical row that class labels are read from. Nothing that is known of a patient then says
 * anything of the outcome, so whatever scores above chance has seen outcomes of test patients (permutation test 1 of Ojala and
 * Garriga, J. Mach. Learn. Res. 2010). Test patients have to be among the shuffled: were theirs left true, models that learnt nothing
 * would still lie along some real difference between patients, and scatter about chance by more than their intervals say. The
 * exchange depends on the seed and the patients' ids alone, not on the order of the table.
 */
export function shuffleOutcomes<P extends Patient>(patients: readonly P[], seed: number): P[] {
  const byId = new Map(patients.map((patient) => [patient.id, patient]));
  const ids = [...byId.keys()].sort();
  const order = permutation(key(seed, 'shuffled-outcomes'), ids.length);
  const donorOf = new Map(ids.map((id, i) => [id, required(byId, ids[order[i]])]));
  return patients.map((patient) => {
    const { survival, clinical } = required(donorOf, patient.id);
    return { ...patient, survival, labelledBy: clinical };
  });
}

/** A cohort with its outcomes shuffled, those of patients with one modality among themselves. */
export function withShuffledOutcomes(cohort: Cohort, seed: number): Cohort {
  return {
    ...cohort,
    patients: shuffleOutcomes(cohort.patients, seed),
    incomplete: shuffleOutcomes(cohort.incomplete, seed),
  };
}

/** What random sets are drawn for. */
export interface RandomGenes {
  readonly seed: number;
  /** The genes that they stand for, whose numbers are taken. */
  readonly instead: Cohort['genes'];
  /** Genes that are not drawn: those with a tell-tale floor. */
  readonly without: ReadonlySet<string>;
  readonly training: readonly string[];
}

/** Whether a gene is measured in every patient of the matrix, and not the same in all training patients. */
function isUsable({ patients, genes, values }: Expression, gene: number, isTraining: ReadonlySet<string>): boolean {
  const trained = new Set<number>();
  for (let p = 0; p < patients.length; p++) {
    const x = values[p * genes.length + gene];
    if (Number.isNaN(x)) return false;
    if (isTraining.has(patients[p])) trained.add(x);
  }
  return trained.size > 1;
}

/**
 * The control to gene sets made from knowledge: as many genes as the sets give, drawn at random among the matrix's genes that are in neither set, measured
 * in every patient, not constant among the training patients, and not left out for their floor. The seed puts all genes of the matrix into one order,
 * of which the first usable ones are taken: the sets of two splits differ by what one of the splits cannot use alone.
 * @throws {InputError} where the matrix has too few other genes.
 */
export function randomGenes(
  { seed, instead, without, training }: RandomGenes,
  { genes: sets, expression }: Cohort,
  file: string,
  problems: Problem[],
): Cohort['genes'] {
  const isTraining = new Set(training);
  const inSets = new Set([...sets.tumour, ...sets.microenvironment]);
  const placeOf = new Map(expression.genes.map((gene, g) => [gene, g]));
  const sorted = [...expression.genes].sort();
  const shuffled = Array.from(permutation(key(seed, 'random gene sets'), sorted.length), (i) => sorted[i]);
  const usable = shuffled.filter(
    (gene) => !inSets.has(gene) && !without.has(gene) && isUsable(expression, required(placeOf, gene), isTraining),
  );
  const [T, M] = [instead.tumour.length, instead.microenvironment.length];
  if (usable.length < T + M) {
    const message = `random gene sets of ${T} and ${M} genes (geneSets.random) need ${T + M} genes outside both sets, and the matrix has ${usable.length} that are measured in all patients and vary`;
    throw badInput({ file, message, remedy: 'Give a matrix of all genes, or smaller gene sets' });
  }
  const message = `geneSets.random: the model reads ${T} and ${M} genes drawn from the ${usable.length} genes of the matrix that are in neither set (seed ${seed})`;
  problems.push({
    severity: 'warning',
    file,
    message,
    remedy: 'This is a control: of the gene sets only the sizes are used',
  });
  return { tumour: usable.slice(0, T), microenvironment: usable.slice(T, T + M) };
}
