import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { kaplanMeier } from '../metrics/kaplan-meier.js';
import { survivalCurve } from '../metrics/survival-curve.js';
import { survivalLossOf, type SurvivalLabel } from '../model/losses.js';
import { key, uniform } from '../random/counter.js';
import { calibratedBins, seenPart, survivalBin, survivalCuts } from '../cohort/clinical/survival-bins.js';
import type { TimeUnit } from '../cohort/types.js';
import { cohorts } from '../testing/data.js';

const source = (timeUnit: TimeUnit) => ({ file: 'clinical.csv', time: 'time', timeUnit });

interface Followed {
  readonly time: number;
  readonly event: boolean;
}

/** Hazards of a head whose logits are a bias: those that minimise the likelihood of all patients. */
function biasOnly(labels: readonly SurvivalLabel[], bins: number): number[] {
  const hazards = Array.from({ length: bins }, (_, j) => {
    const exposed = labels.reduce(
      (n, { bin, censored, seen = 1 }) => n + (bin > j ? 1 : bin < j ? 0 : censored ? seen : 1),
      0,
    );
    return labels.filter(({ bin, censored }) => bin === j && !censored).length / exposed;
  });
  const loss = (lambda: readonly number[]) =>
    survivalLossOf(
      labels.flatMap(() => lambda),
      labels,
      bins,
    );
  const lowest = loss(hazards);
  hazards.forEach((_, j) => {
    for (const step of [-0.01, 0.01])
      expect(loss(hazards.map((h, i) => (i === j ? h + step : h)))).toBeGreaterThan(lowest);
  });
  return hazards;
}

/** Largest distance, over the cuts, of the bias-only curve from the Kaplan-Meier curve. */
function distanceFromKaplanMeier(
  patients: readonly Followed[],
  cuts: readonly number[],
  labels: readonly SurvivalLabel[],
): number {
  const { survival } = survivalCurve(biasOnly(labels, cuts.length + 1), cuts);
  const km = kaplanMeier(
    patients.map(({ time }) => time),
    patients.map(({ event }) => event),
  );
  // A death at a cut belongs to the bin after it: the curve is compared just before.
  const before = (cut: number) => km.survival[km.times.filter((t) => t < cut).length - 1];
  return Math.max(...cuts.map((cut, j) => Math.abs(survival[j + 1] - before(cut))));
}

function bothHeads(patients: readonly Followed[]): { paper: number; calibrated: number; cuts: readonly number[] } {
  const paperCuts = survivalCuts(patients, source('days'));
  const bins = calibratedBins(patients, source('days'));
  const label =
    (cuts: readonly number[]) =>
    ({ time, event }: Followed) => ({ bin: survivalBin(time, cuts), censored: !event });
  const seen = (p: Followed) => ({ ...label(bins.cuts)(p), seen: seenPart(p.time, bins) });
  return {
    paper: distanceFromKaplanMeier(patients, paperCuts, patients.map(label(paperCuts))),
    calibrated: distanceFromKaplanMeier(patients, bins.cuts, patients.map(seen)),
    cuts: bins.cuts,
  };
}

test("where follow-up ends at random, a bias alone gives the Kaplan-Meier curve with the calibrated head, and not with the paper's", () => {
  const patients = Array.from({ length: 2000 }, (_, i) => {
    const death = -1500 * Math.log(uniform(key(1, 'death'), i));
    const end = 3000 * uniform(key(1, 'end'), i);
    return { time: Math.min(death, end), event: death <= end };
  });
  const { paper, calibrated, cuts } = bothHeads(patients);
  expect(cuts.length).toBeGreaterThanOrEqual(5);
  expect(calibrated).toBeLessThan(0.01);
  expect(paper).toBeGreaterThan(0.02);
});

describe.each(cohorts)('glioma patients ($cohort)', ({ folder }) => {
  test('a bias alone gives the Kaplan-Meier curve within 0.01 at every cut', async () => {
    const csv = await readFile(`${folder}/tcga-gbmlgg/clinical.csv`, 'utf8');
    const rows = parse<Record<string, string>>(csv, { columns: true });
    const patients = rows.flatMap((row) => {
      const time = Number(row['survival_months']) * 30.4375;
      return row['survival_months'] && time > 0 ? [{ time, event: row['event'] === '1' }] : [];
    });
    expect(patients.length).toBeGreaterThan(500);
    const { paper, calibrated, cuts } = bothHeads(patients);
    expect(cuts).toEqual(expect.arrayContaining([365.25, 730.5, 1826.25]));
    expect(calibrated).toBeLessThan(0.01);
    expect(paper).toBeGreaterThan(0.025);
  });
});

describe('bins of the calibrated head', () => {
  const died = (...times: number[]) => times.map((time) => ({ time, event: true }));

  test('clinical horizons come first, and every bin keeps five deaths', () => {
    const months = died(...Array.from({ length: 100 }, (_, i) => i + 0.5));
    const { cuts, end } = calibratedBins(months, source('months'));
    expect(cuts).toEqual([12, 24, 50, 60, 74.75]); // 25.25, the first quartile, would leave one death after 24
    expect(end).toBe(99.5);
  });

  test('too few deaths are refused', () => {
    expect(() => calibratedBins(died(1, 2, 3), source('months'))).toThrow(
      'clinical.csv: the 3 training patients have 3 observed deaths at 3 times: too few for a survival curve',
    );
  });

  test('the part that was seen, also in the last bin', () => {
    const bins = { cuts: [10, 20], end: 40 };
    expect([5, 10, 17.5, 30, 40].map((time) => seenPart(time, bins))).toEqual([0.5, 0, 0.75, 0.5, 1]);
  });
});
