import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import type { ExpressionTransform } from '../cohort/types.js';
import { writeFileAtomic } from '../files/atomic.js';
import { csvText } from '../files/csv.js';
import { InputError } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { SIMULATED_ENCODER, writeBags, type BagOptions } from './bags.js';
import { computeCeilings, type CohortCeilings } from './ceilings.js';
import { drawCounts, geneModel, geneSetsFile, type Gene } from './genes.js';
import { drawLatents, type Latents } from './latents.js';
import { drawMarkers, drawSurvival, linearPredictor, longestFollowUp } from './outcome.js';
import { coefficientsOf, defaultPatients, type Coefficients, type Regime } from './regimes.js';

export interface ConfigChoices {
  readonly name: string;
  /** Paths as the file shall name them, relative to its own folder or absolute. */
  readonly clinical: string;
  readonly expression: string;
  readonly transform: ExpressionTransform;
  readonly leaveOutFloorsBy?: string;
  readonly geneSets: string;
  readonly encoder: string;
  readonly split:
    | { readonly seed: number; readonly test: number; readonly validation: number }
    | { readonly file: string; readonly fold: number };
  readonly bag: number;
}

/** The text of a `cohort.yaml` for survival on a simulated cohort or on simulated bags of a real one. */
export function cohortConfig(choices: ConfigChoices): string {
  return stringify({
    name: choices.name,
    clinical: {
      file: choices.clinical,
      patient: 'patient_id',
      time: 'survival_months',
      event: 'event',
      timeUnit: 'months',
    },
    expression: { file: choices.expression, transform: choices.transform, leaveOutFloorsBy: choices.leaveOutFloorsBy },
    geneSets: { file: choices.geneSets, tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' },
    features: { folder: 'bags', encoder: choices.encoder },
    task: 'survival',
    split: choices.split,
    model: { bag: choices.bag },
    training: { epochs: 20, batch: 8, learningRate: 1e-3, weightDecay: 1e-4, seed: 1 },
  });
}

export interface SimulationOptions extends BagOptions {
  /** Folder to write; made where missing. */
  readonly out: string;
  /** Default: what the regime is meant for, 200 or (`consistency`) 80. */
  readonly patients?: number;
  readonly regime?: Regime;
  /** The regime's twin, whose coefficient is zero. */
  readonly twin?: boolean;
  /** Patients on whom the ceilings are estimated, the cohort's own among them; default 1000. */
  readonly population?: number;
}

export interface SimulatedCohort {
  readonly folder: string;
  /** The `cohort.yaml` that `subspace train` takes. */
  readonly config: string;
  readonly patients: number;
  readonly events: number;
  readonly coefficients: Coefficients;
  readonly ceilings: CohortCeilings;
}

interface SimulatedPatient {
  readonly id: string;
  readonly latents: Latents;
  readonly eta: number;
}

/**
 * Writes a cohort whose truth is known: `clinical.csv`, `expression.csv.gz` (genes × patients, counts), `gene-sets.gmt`,
 * `bags/PATIENT-DX1.h5`, `cohort.yaml` and `truth.json` (latents, η, coefficients, ceilings). The same options write the same
 * bytes. Throws a InputError for a bag that is no square or a cohort too small.
 */
export function simulateCohort(options: SimulationOptions): Promise<SimulatedCohort> {
  return holdingFolder(options.out, () => simulateHeld(options));
}

async function simulateHeld(options: SimulationOptions): Promise<SimulatedCohort> {
  const { out, bag = 400, regime = 'mixed', twin = false, population = 1000, seed = 1 } = options;
  const count = options.patients ?? defaultPatients(regime);
  if (count < 10) throw new InputError(`A simulated cohort needs 10 patients or more, not ${count}.`);

  const coefficients = coefficientsOf(regime, twin);
  const genes = geneModel(seed, coefficients.separation);
  const patients: SimulatedPatient[] = Array.from({ length: count }, (_, i) => {
    const latents = drawLatents(seed, i);
    return { id: `SIM-${String(i + 1).padStart(4, '0')}`, latents, eta: linearPredictor(coefficients, latents) };
  });
  const followUp = longestFollowUp(coefficients);
  const survival = patients.map((patient, i) => drawSurvival(seed, i, patient.eta, followUp));

  await writeBags(join(out, 'bags'), patients, options);
  const rows = patients.map(({ id, latents }, i) => ({
    patient_id: id,
    site: 'ABCD'[latents.site],
    survival_months: Math.max(0.01, survival[i].months).toFixed(2),
    event: survival[i].event ? '1' : '0',
    ...drawMarkers(seed, i, latents),
  }));
  const ceilings = computeCeilings({ seed, coefficients, genes, patients: count, population, followUp });
  const config = join(out, 'cohort.yaml');
  await writeFileAtomic(join(out, 'clinical.csv'), csv(rows));
  await writeFileAtomic(join(out, 'expression.csv.gz'), gzipSync(expressionTable(genes, patients, seed)));
  await writeFileAtomic(join(out, 'gene-sets.gmt'), geneSetsFile(genes, seed));
  await writeFileAtomic(
    join(out, 'truth.json'),
    truth({ seed, regime, twin, coefficients, followUp, ceilings, patients }),
  );
  await writeFileAtomic(
    config,
    cohortConfig({
      name: `simulated ${regime}${twin ? ' twin' : ''}`,
      clinical: 'clinical.csv',
      expression: 'expression.csv.gz',
      transform: 'log2p1',
      geneSets: 'gene-sets.gmt',
      encoder: SIMULATED_ENCODER,
      split: { seed, test: 0.2, validation: 0.1 },
      bag,
    }),
  );
  return {
    folder: out,
    config,
    patients: count,
    events: survival.filter((s) => s.event).length,
    coefficients,
    ceilings,
  };
}

const csv = (rows: readonly Readonly<Record<string, string>>[]): string =>
  csvText([Object.keys(rows[0]), ...rows.map((row) => Object.values(row))]);

function expressionTable(genes: readonly Gene[], patients: readonly SimulatedPatient[], seed: number): string {
  const counts = patients.map(({ latents }, i) => drawCounts(genes, seed, i, latents));
  const header = ['gene', ...patients.map(({ id }) => id)];
  return csvText([header, ...genes.map((gene, g) => [gene.name, ...counts.map((patient) => patient[g])])]);
}

interface Truth {
  readonly seed: number;
  readonly regime: Regime;
  readonly twin: boolean;
  readonly coefficients: Coefficients;
  readonly followUp: number;
  readonly ceilings: CohortCeilings;
  readonly patients: readonly SimulatedPatient[];
}

function truth({ ceilings, patients, ...rest }: Truth): string {
  const { expectations, ...scores } = ceilings;
  const rows = patients.map(({ id, eta, latents }, i) => ({
    id,
    eta,
    ...latents,
    programmes: Array.from(latents.programmes),
    expectedEta: expectations[i],
  }));
  return `${JSON.stringify({ ...rest, ceilings: scores, patients: rows }, null, 1)}\n`;
}
