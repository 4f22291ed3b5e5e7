import { describe, expect, it } from 'vitest';
import type { Patient } from '../cohort/types.js';
import type { FoldScores } from './fold-scores.js';
import { madeFold } from './made-folds.test.helper.js';
import { describeModel } from './model-detail.js';

const patientOf = (id: string, clinical: Record<string, string>): Patient => ({ id, clinical, bags: [] });
const config = { split: {}, training: { seed: 1 } };

describe('the worst predicted', () => {
  it('of survival are those in most discordant pairs, worked out by hand', () => {
    // Twelve deaths in order, risks right but for the first patient, whose risk is the lowest.
    const time = Array.from({ length: 12 }, (_, i) => i + 1);
    const risks = time.map((t) => (t === 1 ? -100 : -t));
    const fold: FoldScores = {
      fold: 3,
      training: { patients: 1 },
      patients: time.map((t) => `P${t}`),
      truth: { kind: 'survival', time, event: time.map(() => true) },
      models: { model: { runs: [risks, risks] } },
    };
    const { worstPredicted } = describeModel(
      [fold],
      'model',
      fold.patients.map((id) => patientOf(id, {})),
      [1, 2],
      config,
    );
    expect(worstPredicted).toHaveLength(10);
    expect(worstPredicted[0]).toEqual({
      patient: 'P1',
      fold: 3,
      discordant: 1,
      comparablePairs: 11,
      riskRank: 0,
      time: 1,
      event: true,
    });
    expect(worstPredicted[1]).toMatchObject({ discordant: 1 / 11 });
  });

  it('of classes are those whose true class has the lowest probability', () => {
    const labels = [0, 1, 0, 1];
    const fold = classFold(labels, [0.9, 0.1, 0.5, 0.5, 0.2, 0.8, 0.4, 0.6]);
    const { worstPredicted } = describeModel(
      [fold],
      'model',
      fold.patients.map((id) => patientOf(id, {})),
      [1],
      config,
    );
    expect(worstPredicted.map((p) => p.patient)).toEqual(['P2', 'P1', 'P3', 'P0']);
    expect(worstPredicted[0]).toEqual({ patient: 'P2', fold: 0, probabilityOfTruth: 0.2, truth: 'a', predicted: 'b' });
  });
});

function classFold(labels: readonly number[], run: readonly number[]): FoldScores {
  return {
    fold: 0,
    training: { patients: 1 },
    patients: labels.map((_, i) => `P${i}`),
    truth: { kind: 'classes', labels, classes: ['a', 'b'] },
    models: { model: { runs: [run] } },
  };
}

describe('known subgroups', () => {
  const folds = [0, 1].map((fold) => madeFold(fold, 60, { model: 0, silent: 1 }));
  const ids = folds.flatMap(({ patients }) => patients);
  const patients = ids.map((id, i) =>
    patientOf(id, {
      age: String(20 + i / 2),
      sex: i % 2 ? 'male' : 'female',
      idh_status: i % 40 === 0 ? 'Mutant' : 'WT',
      histologic_grade: 'G4',
    }),
  );
  const { subgroups, notes } = describeModel(folds, 'model', patients, [1, 2, 3], config);
  const of = (by: string) => subgroups.filter((group) => group.by === by);

  it('are scored by pairs within folds, with patients and deaths; what all have alike is left out', () => {
    expect(of('grade')).toEqual([]);
    expect(of('site')).toEqual([]);
    expect(of('sex').map(({ group, patients }) => [group, patients])).toEqual([
      ['female', 60],
      ['male', 60],
    ]);
    expect(of('age').map(({ group }) => group)).toEqual(['40 to 60', 'over 60', 'under 40']);
    for (const { metric, patients } of of('sex')) {
      expect(metric).toMatchObject({
        n: patients,
        interval: expect.stringMatching(/^logit scale/) as string,
        comparablePairs: expect.any(Number) as number,
      });
      expect(metric.value).toBeGreaterThan(0.6);
    }
    expect(of('idh')[0]).toMatchObject({
      group: 'mutant',
      patients: 3,
      metric: { value: null, reason: expect.stringMatching(/deaths; 5 are needed$/) as string },
    });
    expect(notes).toEqual([]);
  });

  it('leave fold scales apart: a shift of a fold changes nothing', () => {
    const [first, second] = folds as [FoldScores, FoldScores];
    const shifted = {
      ...second,
      models: { model: { runs: [(second.models['model'] as { runs: number[][] }).runs[0].map((x) => x + 100)] } },
    };
    expect(describeModel([first, shifted], 'model', patients, [1, 2, 3], config).subgroups).toEqual(subgroups);
  });

  it('show sites with enough patients, and count the others', () => {
    const named = folds.map((fold) => ({
      ...fold,
      patients: fold.patients.map((_, i) => `TCGA-${i < 30 ? '06' : `A${i % 9}`}-${1000 + 100 * fold.fold + i}`),
    }));
    const known = named
      .flatMap((fold) => fold.patients)
      .map((id, i) => patientOf(id, { hospital: i % 4 === 0 ? '' : 'A' }));
    const sites = describeModel(named, 'model', known, [1], config);
    expect(sites.subgroups.map(({ group, patients, sites }) => [group, patients, sites])).toEqual([
      ['06', 60, undefined],
      ['others', 60, 9],
    ]);
    const oneHospital = describeModel(named, 'model', known, [1], { ...config, split: { by: { column: 'hospital' } } });
    expect(oneHospital.subgroups).toEqual([]); // all whose hospital is known are of one
    expect(sites.notes[0]).toMatch(/^1 seed of training/);
  });

  it('of classes judge those with five patients or more', () => {
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const fold = classFold(
      labels,
      labels.flatMap((label) => (label === 0 ? [0.8, 0.2] : [0.3, 0.7])),
    );
    const known = fold.patients.map((id, i) => patientOf(id, { sex: i < 32 ? 'male' : 'female' }));
    const [female, male] = describeModel([fold], 'model', known, [1], config).subgroups;
    expect(male.metric).toMatchObject({ value: 1, n: 32 });
    expect(female.metric).toEqual({
      value: null,
      reason: "4 of the class 'a', 4 of the class 'b': two classes with 5 are needed",
    });
  });
});
