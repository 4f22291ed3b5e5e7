import { refuse, type Metric } from '../metrics/bootstrap.js';
import { followedUntil, unoConcordance, type CensoringSurvival } from '../metrics/censoring-weighted.js';
import { macroAuc } from '../metrics/classification.js';
import { concordanceIndex, TIED_TOLERANCE } from '../metrics/concordance.js';
import { classesOf, survivalOf, type FoldScores } from './fold-scores.js';

/**
 * A measure of ranking on one fold, written as a sum over pairs of patients, so that it can be taken on many draws of the patients without
 * sorting each anew: a pair counts as often as both of its patients are drawn. The mean over groups of `Σ w·won / Σ w`.
 */
export interface Ranking {
  readonly patients: number;
  /** Row of the patient who should have the higher score, and of the other: [pairs]. */
  readonly higher: Uint16Array;
  readonly lower: Uint16Array;
  /** Weight of the pair where each patient is drawn once, [pairs]. */
  readonly weight: Float64Array;
  /** Where each group of pairs starts, and the end: [groups + 1]. */
  readonly starts: readonly number[];
  /** By model and run: 1 where the order is right, 1/2 for a tie, 0 where it is wrong, [pairs]. */
  readonly won: Readonly<Record<string, readonly Float64Array[]>>;
  /** By model and run, on all patients. */
  readonly everyone: Readonly<Record<string, readonly Metric[]>>;
}

/** Pairs of one group, and how a model's scores of both patients are read from a run. */
interface Group {
  readonly pairs: readonly (readonly [higher: number, lower: number, weight: number])[];
  score(run: ArrayLike<number>, row: number): number;
}

/** Harrell's C of every model of a fold. */
export function concordanceRanking(fold: FoldScores): Ranking {
  const { time, event } = survivalOf(fold);
  const pairs = comparable(time, event, () => 1);
  return rank(fold, [{ pairs, score: (risk, row) => risk[row] }], TIED_TOLERANCE, (risk) =>
    concordanceIndex(time, event, risk),
  );
}

/** Uno's C up to a horizon; a pair weighs `1/G(X_i−)²` of the patient who dies first. */
export function unoRanking(fold: FoldScores, horizon: number, censoring: CensoringSurvival): Ranking {
  const { time, event } = survivalOf(fold);
  const pairs = comparable(time, event, (dies) => (dies < horizon ? followedUntil(censoring, dies) ** -2 : 0)).filter(
    ([, , weight]) => weight > 0,
  );
  return rank(fold, [{ pairs, score: (risk, row) => risk[row] }], TIED_TOLERANCE, (risk) =>
    unoConcordance(time, event, risk, horizon, censoring),
  );
}

/** Macro AUC: a group of pairs for each class, of its patients with all others. */
export function aucRanking(fold: FoldScores): Ranking {
  const { labels, classes } = classesOf(fold);
  const C = classes.length;
  const groups = classes.map((_, c): Group => ({
    pairs: labels.flatMap((own, i) =>
      own === c ? labels.flatMap((other, j) => (other === c ? [] : [[i, j, 1] as const])) : [],
    ),
    score: (p, row) => p[row * C + c],
  }));
  return rank(fold, groups, 0, (p) => macroAuc(p, labels, C));
}

/** Weights of the pairs in a draw of rows, [pairs], and their sum in each group. */
export interface DrawnPairs {
  readonly weights: Float64Array;
  readonly sums: readonly number[];
}

export function drawPairs({ patients, higher, lower, weight, starts }: Ranking, rows: Uint32Array): DrawnPairs {
  const times = new Uint32Array(patients);
  for (const row of rows) times[row]++;
  const weights = weight.map((w, k) => w * times[higher[k]] * times[lower[k]]);
  return { weights, sums: starts.slice(1).map((end, g) => sumOf(weights, starts[g], end)) };
}

/** One run of a model on a draw; numbers of patients and pairs are those of all patients. */
export function rankDraw(
  { starts, won, everyone }: Ranking,
  { weights, sums }: DrawnPairs,
  model: string,
  run: number,
): Metric {
  const all = everyone[model][run];
  if (all.value === null) return all;
  if (sums.some((sum) => sum === 0)) return refuse(all.name, 'the draw has no pair to compare');
  const own = won[model][run];
  let total = 0;
  for (let g = 0; g < sums.length; g++) {
    let right = 0;
    for (let k = starts[g]; k < starts[g + 1]; k++) right += weights[k] * own[k];
    total += right / sums[g];
  }
  return { ...all, value: total / sums.length };
}

/** All pairs of which one is known to die before the other; at one time, deaths come before censorings. */
function comparable(
  time: readonly number[],
  event: readonly boolean[],
  weigh: (timeOfDeath: number) => number,
): (readonly [number, number, number])[] {
  return time.flatMap((dies, i) => {
    if (!event[i]) return [];
    const weight = weigh(dies);
    return time.flatMap((t, j) => (t > dies || (t === dies && !event[j]) ? [[i, j, weight] as const] : []));
  });
}

function rank(
  { patients, models }: FoldScores,
  groups: readonly Group[],
  tolerance: number,
  measure: (run: ArrayLike<number>) => Metric,
): Ranking {
  const pairs = groups.flatMap((group) =>
    group.pairs.map(([higher, lower, weight]) => ({ higher, lower, weight, group })),
  );
  const judge = (run: ArrayLike<number>) =>
    Float64Array.from(pairs, ({ higher, lower, group }) => {
      const lead = group.score(run, higher) - group.score(run, lower);
      return lead > tolerance ? 1 : lead < -tolerance ? 0 : 0.5;
    });
  const said = Object.entries(models).flatMap(([name, scores]) =>
    'reason' in scores ? [] : [[name, scores.runs] as const],
  );
  const starts = [0];
  for (const group of groups) starts.push(starts[starts.length - 1] + group.pairs.length);
  return {
    patients: patients.length,
    higher: Uint16Array.from(pairs, ({ higher }) => higher),
    lower: Uint16Array.from(pairs, ({ lower }) => lower),
    weight: Float64Array.from(pairs, ({ weight }) => weight),
    starts,
    won: Object.fromEntries(said.map(([name, runs]) => [name, runs.map(judge)])),
    everyone: Object.fromEntries(said.map(([name, runs]) => [name, runs.map(measure)])),
  };
}

function sumOf(values: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let k = start; k < end; k++) sum += values[k];
  return sum;
}
