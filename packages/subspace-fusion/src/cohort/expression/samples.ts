import { counted, required, someOf, type Problem } from '../../files/errors.js';
import { parseBarcode } from '../clinical/sites.js';
import { rSpellings } from './r-names.js';

/** Several samples of one patient: which is taken. Stated here, in the docs, and with every count. */
const SAMPLE_RULE =
  'a primary tumour (01) before other tumour samples in the order of their codes, then the first in alphabetical order';

/** One measured sample of the matrix. */
export interface Sample {
  /** As the file names it. */
  readonly name: string;
  readonly patient: string;
  /** TCGA's code of the sample type: 1 primary tumour, 2 recurrent, 10 and more no tumour; undefined is not said. */
  readonly type: number | undefined;
  /** The name in the clinical table, where R made another of it. */
  readonly spelled?: string;
}

/** The sample that a name stands for by itself: a TCGA barcode, or a patient of that name. */
export function sampleOf(name: string): Sample {
  const barcode = parseBarcode(name);
  return { name, patient: barcode?.patient ?? name, type: barcode?.sampleType };
}

/**
 * {@link sampleOf}, unless a patient has that very name, or the clinical table lists the sample; or, for no barcode, one of them has the name of
 * which R made this one.
 */
export function sampleNamer(
  patients: ReadonlySet<string> | undefined,
  listed: ReadonlyMap<string, Sample> | undefined,
): (name: string) => Sample {
  const fromR = rSpellings([...(patients ?? []), ...(listed?.keys() ?? [])]);
  const known = (name: string, as: string): Sample | undefined => {
    if (patients?.has(as)) return { name, patient: as, type: undefined };
    const sample = listed?.get(as);
    return sample && { ...sample, name };
  };
  return (given) => {
    const name = given.normalize(); // tables are already; text in an h5ad is as it was written
    const sample = known(name, name);
    if (sample) return sample;
    const spelled = parseBarcode(name) ? undefined : fromR(name);
    const other = spelled === undefined ? undefined : known(name, spelled);
    return other && spelled !== undefined ? { ...other, spelled } : sampleOf(name);
  };
}

/** Which samples are read, and what became of the others. */
export interface SampleChoice {
  /** Places (from 0) of one sample a patient, in the order of the file. */
  readonly places: readonly number[];
  /** Those samples. */
  readonly taken: readonly Sample[];
  /** Names of samples of nobody who is wanted. */
  readonly others: readonly string[];
  /** Names of samples of normal tissue or of controls. */
  readonly normal: readonly string[];
  /** Patients of whom several tumour samples were there. */
  readonly several: readonly { readonly patient: string; readonly taken: string; readonly left: readonly string[] }[];
}

const isTumour = ({ type }: Sample) => type === undefined || (type >= 1 && type <= 9);

/** Order of preference: {@link SAMPLE_RULE}. */
function byPreference(a: Sample, b: Sample): number {
  return (a.type ?? 0) - (b.type ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * One sample for each patient (of `patients`, where they are given) by {@link SAMPLE_RULE}; normal tissue never. Samples whose names are
 * the same are all kept: the caller decides what a repeated name means.
 */
export function chooseSamples(samples: readonly Sample[], patients: ReadonlySet<string> | undefined): SampleChoice {
  const wanted = samples.map(({ patient }) => patients?.has(patient) ?? true);
  const others = samples.filter((_, i) => !wanted[i]).map(({ name }) => name);
  const normal = samples.filter((sample, i) => wanted[i] && !isTumour(sample)).map(({ name }) => name);
  const best = new Map<string, Sample>();
  const candidates = new Map<string, Set<string>>();
  samples.forEach((sample, i) => {
    if (!wanted[i] || !isTumour(sample)) return;
    const { patient, name } = sample;
    const before = best.get(patient);
    if (!before || byPreference(sample, before) < 0) best.set(patient, sample);
    candidates.set(patient, (candidates.get(patient) ?? new Set()).add(name));
  });
  const places = samples.flatMap(({ patient, name }, i) => (wanted[i] && best.get(patient)?.name === name ? [i] : []));
  const several = [...best].flatMap(([patient, { name: taken }]) => {
    const left = [...required(candidates, patient)].filter((name) => name !== taken);
    return left.length > 0 ? [{ patient, taken, left }] : [];
  });
  return { places, taken: places.map((i) => samples[i]), others, normal, several };
}

/** States a choice that was one: who had several samples, what was no tumour, and who is known by a name that R wrote. */
export function sampleProblems(file: string, { several, normal, taken }: SampleChoice, rule = SAMPLE_RULE): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file, message, remedy });
  if (several.length > 0) {
    const pairs = several.map(({ taken, left }) => `${taken} rather than ${left.join(', ')}`);
    warn(
      `${counted(several.length, 'patient has', 'patients have')} several tumour samples (${someOf(pairs)})`,
      `One is read: ${rule}`,
    );
  }
  if (normal.length > 0)
    warn(
      `${counted(normal.length, 'sample is', 'samples are')} of normal tissue or controls (${someOf(normal)})`,
      'They are left out',
    );
  const fromR = taken.flatMap(({ name, spelled }) => (spelled === undefined ? [] : [`${name} for ${spelled}`]));
  if (fromR.length > 0)
    warn(
      `${counted(fromR.length, 'patient has a name', 'patients have names')} as R writes them (${someOf(fromR)})`,
      'They are read as these patients',
    );
  return problems;
}

/** What a format's reader is told. */
export interface ReadContext {
  /** Patients to keep; undefined keeps all. */
  readonly patients: ReadonlySet<string> | undefined;
  /** Genes that a model needs, by symbol. */
  readonly genes: ReadonlySet<string>;
  readonly nameGene: (name: string, symbol?: string) => string;
  /** The sample, and its patient, that a name on the patients' axis stands for. */
  readonly nameSample: (name: string) => Sample;
}

export type Orientation = 'genes × patients' | 'patients × genes';

/** A gene of the file. */
export interface FileGene {
  /** As the file names it. */
  readonly name: string;
  /** As it is known here. */
  readonly symbol: string;
  /** The symbol that the file gives beside the name. */
  readonly said?: string | undefined;
}

/** What a format's reader hands over: one sample a patient, genes as they stand in the file, repeated ones included. */
export interface RawExpression {
  readonly orientation: Orientation;
  readonly patients: readonly string[];
  readonly genes: readonly FileGene[];
  /** Numbers of a row of the file: of all patients where `genesAreRows`, otherwise of all genes. NaN is missing. */
  readonly rows: readonly Float32Array[];
  readonly genesAreRows: boolean;
  readonly choice: SampleChoice;
  /** By which rule one of several samples was taken, where it is not the barcodes' one. */
  readonly sampleRule?: string;
  /** True where the format says that these are counts, TPM or FPKM and no logarithms. */
  readonly linear?: boolean;
}
