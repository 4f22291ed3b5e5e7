import { describe, expect, it } from 'vitest';
import type { FoldScores } from './fold-scores.js';
import { withinSubgroup } from './subgroups.js';

const classes = ['a', 'b', 'c'];

/** Patients named by class and number, with probabilities that give their own class half of the mass. */
function classFold(fold: number, labels: readonly number[]): FoldScores {
  const run = labels.flatMap((label) => classes.map((_, c) => (c === label ? 0.5 : 0.25)));
  return {
    fold,
    training: { patients: 0 },
    patients: labels.map((label, i) => `${classes[label]}${i}`),
    truth: { kind: 'classes', labels, classes },
    models: { model: { runs: [run, run] }, absent: { reason: 'no column' } },
  };
}

function survivalFold(fold: number, deaths: number): FoldScores {
  const event = Array.from({ length: 10 }, (_, i) => i < deaths);
  return {
    fold,
    training: { patients: 0 },
    patients: event.map((_, i) => `P${i}`),
    truth: { kind: 'survival', time: event.map((_, i) => i), event },
    models: { model: { runs: [event.map((_, i) => -i)] } },
  };
}

const six = (label: number) => Array<number>(6).fill(label);

describe('a subgroup', () => {
  it('keeps its patients, and of the classes those that occur in it', () => {
    const within = withinSubgroup([classFold(0, [...six(2), ...six(0), ...six(1)])], (id) => !id.startsWith('b'));
    if ('reason' in within) throw new Error(within.reason);
    expect(within[0].truth).toEqual({ kind: 'classes', labels: [...six(1), ...six(0)], classes: ['a', 'c'] });
    const { model, absent } = within[0].models;
    const runs = (model as { runs: number[][] }).runs;
    expect(runs).toHaveLength(2);
    // 0.5 and 0.25 of three classes are 2/3 and 1/3 of two.
    expect(runs[0].slice(0, 2)).toEqual([0.25 / 0.75, 0.5 / 0.75]);
    expect(runs[0]).toHaveLength(24);
    expect(absent).toEqual({ reason: 'no column' });
  });

  it('keeps times, deaths and risks together', () => {
    const within = withinSubgroup([survivalFold(0, 9)], (id) => id !== 'P3');
    if ('reason' in within) throw new Error(within.reason);
    const [{ patients, truth, models }] = within as [FoldScores];
    expect(patients).toEqual(['P0', 'P1', 'P2', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9']);
    expect(truth).toMatchObject({ time: [0, 1, 2, 4, 5, 6, 7, 8, 9] });
    expect((models['model'] as { runs: number[][] }).runs[0]).toEqual([-0, -1, -2, -4, -5, -6, -7, -8, -9]);
  });

  it('is refused with the fold that has too few, one class only, or nobody', () => {
    const everyone = () => true;
    expect(withinSubgroup([survivalFold(0, 5), survivalFold(3, 4)], everyone)).toEqual({
      reason: 'fold 3 has 4 deaths among its 10 such patients; 5 are needed',
    });
    expect(withinSubgroup([classFold(0, [...six(0), ...six(1)]), classFold(1, [...six(0), 1])], everyone)).toEqual({
      reason: "fold 1 has 1 of the class 'b' among its 7 such patients; 5 are needed",
    });
    expect(withinSubgroup([classFold(0, six(1))], everyone)).toEqual({ reason: "all patients are of the class 'b'" });
    expect(withinSubgroup([survivalFold(0, 5)], () => false)).toEqual({ reason: 'no patient of the cohort is in it' });
  });
});
