import type { ScoredRuns } from '../evaluation/baselines.js';
import { key, normal, uniform } from '../random/counter.js';
import type { FoldScores, TrainingPatients } from './fold-scores.js';

/** Months; an average patient dies after 20 of them. */
const MEAN = 20;
/** Training patients of a made fold, by the same law as its test patients. */
const TRAINING = 120;

interface MadePatients {
  /** Log hazard ratios, standard normal. */
  readonly eta: number[];
  readonly time: number[];
  readonly event: boolean[];
}

/** Patients with `P(T > t) = exp(−t/20·e^η)` who are followed for up to `followUp` months. */
function madePatients(n: number, seed: string, followUp = 60): MadePatients {
  const eta = Array.from({ length: n }, (_, i) => normal(key(1, seed, 'eta'), i));
  const death = eta.map((x, i) => -Math.log(1 - uniform(key(1, seed, 'death'), i)) * MEAN * Math.exp(-x));
  const censored = eta.map((_, i) => followUp * uniform(key(1, seed, 'censored'), i));
  return { eta, time: death.map((t, i) => Math.min(t, censored[i])), event: death.map((t, i) => t <= censored[i]) };
}

/** What a model says that knows log hazard ratios with noise of this standard deviation, by run. */
function madeRuns(eta: readonly number[], noise: number, seed: string, runs = 1, until = 60): ScoredRuns {
  const known = Array.from({ length: runs }, (_, run) => eta.map((x, i) => x + noise * normal(key(2, seed, run), i)));
  return {
    runs: known,
    survival: known.map((risks) => ({
      until,
      at: (row: number, t: number) => Math.exp((-t / MEAN) * Math.exp(risks[row])),
    })),
  };
}

/** Training patients of a made survival fold. */
function madeTraining(seed: string, followUp = 60): TrainingPatients {
  const { time, event } = madePatients(TRAINING, `${seed} training`, followUp);
  return { patients: TRAINING, survival: { time, event, timeUnit: 'months' } };
}

/** A fold of made patients with models that know log hazard ratios with noise. */
export function madeFold(fold: number, n: number, noise: Readonly<Record<string, number>>, runs = 1): FoldScores {
  const { eta, time, event } = madePatients(n, `fold ${fold}`);
  return {
    fold,
    patients: eta.map((_, i) => `${fold}-${i}`),
    truth: { kind: 'survival', time, event },
    training: madeTraining(`fold ${fold}`),
    reference: { variables: ['age'], leftOut: [{ variable: 'grade', reason: 'absent' }], defining: [] },
    models: Object.fromEntries(
      Object.entries(noise).map(([name, sd]) => [name, madeRuns(eta, sd, `${name} ${fold}`, runs)]),
    ),
  };
}
