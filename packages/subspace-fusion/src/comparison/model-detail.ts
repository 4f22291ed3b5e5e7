import { maxOf } from '../files/lists.js';
import type { Patient } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import type { TaskComparison, WorstPatient } from './file.js';
import { classesOf, runsOf, survivalOf, type FoldScores } from './fold-scores.js';
import { scoreSubgroups } from './subgroups.js';

const SHOWN = 10;
/** With fewer pairs a patient's share is chance. */
const FEWEST_PAIRS = 10;

/**
 * The ten patients whom a model got most wrong, worst first: those in the largest share of discordant pairs of their fold (survival, of
 * patients in ten comparable pairs or more), or with the lowest probability of their true class. Of a patient who is tested in several repeats the worst.
 */
export function worstPredicted(folds: readonly FoldScores[], model: string): WorstPatient[] {
  const silent = ({ models }: FoldScores) => 'reason' in models[model];
  const all = folds
    .filter((fold) => !silent(fold))
    .flatMap((fold) => (fold.truth.kind === 'survival' ? ofSurvival(fold, model) : ofClasses(fold, model)));
  const wrongness = (p: WorstPatient) => ('discordant' in p ? p.discordant : 1 - p.probabilityOfTruth);
  const worstFirst = all.sort((a, b) => wrongness(b) - wrongness(a));
  const seen = new Set<string>();
  return worstFirst.filter(({ patient }) => !seen.has(patient) && seen.add(patient)).slice(0, SHOWN);
}

const testedIn = ({ fold, repeat }: FoldScores) => (repeat === undefined ? { fold } : { fold, repeat });

function ofSurvival(fold: FoldScores, model: string): WorstPatient[] {
  const { time, event } = survivalOf(fold);
  const runs = runsOf(fold, model);
  const n = time.length;
  /** Whether i is known to die before j; at one time, deaths come before censorings. */
  const before = (i: number, j: number) => event[i] && (time[i] < time[j] || (time[i] === time[j] && !event[j]));
  return fold.patients.flatMap((patient, i): WorstPatient[] => {
    let pairs = 0;
    let wrong = 0;
    let lower = 0;
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      for (const risk of runs) if (risk[j] < risk[i]) lower += 1 / runs.length;
      const dies = before(i, j) ? i : before(j, i) ? j : undefined;
      if (dies === undefined) continue;
      const lives = dies === i ? j : i;
      pairs++;
      for (const risk of runs)
        wrong += (risk[dies] < risk[lives] ? 1 : risk[dies] === risk[lives] ? 0.5 : 0) / runs.length;
    }
    if (pairs < FEWEST_PAIRS) return [];
    return [
      {
        patient,
        ...testedIn(fold),
        discordant: wrong / pairs,
        comparablePairs: pairs,
        riskRank: lower / (n - 1),
        time: time[i],
        event: event[i],
      },
    ];
  });
}

function ofClasses(fold: FoldScores, model: string): WorstPatient[] {
  const { labels, classes } = classesOf(fold);
  const runs = runsOf(fold, model);
  const C = classes.length;
  return fold.patients.map((patient, i) => {
    const p = classes.map((_, c) => runs.reduce((sum, run) => sum + run[i * C + c], 0) / runs.length);
    const label = labels[i];
    return {
      patient,
      ...testedIn(fold),
      probabilityOfTruth: p[label],
      truth: classes[label],
      predicted: classes[p.indexOf(maxOf(p))],
    };
  });
}

/** What else there is to say of a comparison's first model. */
type ModelDetail = Pick<TaskComparison, 'subgroups' | 'worstPredicted' | 'notes'>;

/** A difference between two models may be that of their seeds; fewer than these do not show it. */
const FEWEST_SEEDS = 3;

/**
 * What else there is to say of a comparison's first model, and of the comparison.
 * @param config of the runs: what a site is, and the seed of the draws
 */
export function describeModel(
  folds: readonly FoldScores[],
  model: string,
  cohort: readonly Patient[],
  seeds: readonly number[],
  { split, training }: ReadConfig,
): ModelDetail {
  const subgroups = scoreSubgroups(folds, model, cohort, split.by, training.seed);
  return { subgroups, worstPredicted: worstPredicted(folds, model), notes: notesOf(seeds) };
}

interface ReadConfig {
  readonly split: Pick<Config['split'], 'by'>;
  readonly training: Pick<Config['training'], 'seed'>;
}

/** What a reader has to know before the figures. */
export function notesOf(seeds: readonly number[]): string[] {
  if (seeds.length >= FEWEST_SEEDS) return [];
  const few = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`;
  return [
    `${few} of training: how much of a difference is chance of the training is not known; ${FEWEST_SEEDS} are needed to compare models`,
  ];
}
