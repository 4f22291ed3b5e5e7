import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compareGroups } from './score.js';

const { concordance, groups } = JSON.parse(
  readFileSync(new URL('../metrics/reference/intervals.json', import.meta.url), 'utf8'),
);

test('the hazard ratio of the risk groups is that of R coxph, and each group has its median survival', () => {
  const predictions = concordance.risk.map((risk: number, i: number) => ({
    patient: String(i),
    slides: 1,
    outputs: [],
    risk,
  }));
  const labels = concordance.time.map((time: number, i: number) => ({ time, censored: !concordance.event[i], bin: 0 }));
  const compared = compareGroups(predictions, { kind: 'survival', labels }, 0);
  const [value, low, high] = groups.hazardRatio;
  expect(compared.hazardRatio).toMatchObject({
    value: expect.closeTo(value, 6),
    low: expect.closeTo(low, 6),
    high: expect.closeTo(high, 4),
  });
  const nobody = compareGroups(predictions, { kind: 'survival', labels }, 9);
  expect(nobody.hazardRatio).toMatchObject({ value: null, reason: 'no patient of high risk dies' });
  expect(compared.medianSurvival).toMatchObject({ low: { name: 'medianSurvival' }, high: { name: 'medianSurvival' } });
});
