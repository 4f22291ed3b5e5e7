import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readRecords, RECORDS, type CrossValidation } from './data.js';
import { judge } from './judge.js';
import { PAGE, withResults } from './page.js';
import { detectable } from './power.js';

const page = readFileSync(PAGE, 'utf8');
const records = readRecords(RECORDS);
const crossValidations = [...records.crossValidations.values()];

const everyone = ({ scopes: [all] }: CrossValidation) => (all && 'models' in all ? all.models : []);

describe('docs/results.md', () => {
  it('is what the records make it', async () => {
    await expect(withResults(page, records)).toMatchFileSnapshot(`${process.cwd()}/${PAGE}`);
  });

  it('has a place for everything, and nothing for a place that nothing is made for', () => {
    expect(() => withResults(page.replace('results: survival -->', 'results: survial -->'), records)).toThrow(
      "a place 'survial' that nothing is made for",
    );
    expect(() => withResults(page.replace('<!-- results: survival -->', ''), records)).toThrow(
      'no place for: survival',
    );
  });
});

describe('what the text claims', () => {
  it('no part is shown to help or harm', () => {
    const verdicts = judge(records.plantedTruth.comparisons).map(({ verdict }) => verdict);
    expect(verdicts).not.toContain('helps');
    expect(verdicts).not.toContain('harms');
  });

  it('for several parts five cohorts are too few to show an effect below 0.05', () => {
    const { comparisons } = records.plantedTruth;
    const parts = judge(comparisons).filter(({ regime, verdict }) => regime !== 'mixed' && verdict === 'undetermined');
    const level = 0.05 / comparisons.length;
    expect(parts.filter(({ tested }) => detectable(tested, level) > 0.05).length).toBeGreaterThan(5);
  });

  it('the mean of ridge regression is above the whole method in every regime', () => {
    for (const { wholeMethod, ridgeCox } of records.plantedTruth.regimes) expect(ridgeCox).toBeGreaterThan(wholeMethod);
  });

  it('the network is not shown to be better than ridge regression', () => {
    for (const one of crossValidations) {
      const ridge = everyone(one).find(({ model }) => /^ridge .*same genes$/.test(model));
      expect(ridge?.difference?.low, one.name).toBeLessThanOrEqual(0);
    }
  });

  it('age, diagnosis and grade have the highest mean C-index', () => {
    const clinical = crossValidations.flatMap(everyone).find(({ model }) => model === 'age + diagnosis + grade');
    const scores = crossValidations.filter(({ task }) => task === 'survival').flatMap(everyone);
    expect(clinical?.score.value).toBe(Math.max(...scores.map(({ score }) => score.value)));
  });

  it('the combined model is marked and not compared', () => {
    const combined = crossValidations
      .flatMap(({ scopes }) => scopes.flatMap((scope) => ('models' in scope ? scope.models : [])))
      .filter(({ model }) => model.includes(' with '));
    expect(combined.length).toBeGreaterThan(0);
    for (const { mark, difference } of combined) {
      expect(mark).toContain('not cross-fitted');
      expect(difference).toBeUndefined();
    }
  });
});

describe('the records agree with themselves, but for rounding', () => {
  const ROUNDING = 0.0011;
  const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;

  it.each(crossValidations.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const [first] = everyone(one);
    expect(one.byFold.map(({ model }) => model)).toEqual(everyone(one).map(({ model }) => model));
    for (const { model, score, difference } of everyone(one)) {
      const folds = one.byFold.find((row) => row.model === model)?.folds ?? [];
      expect(Math.abs(mean(folds) - score.value), model).toBeLessThan(ROUNDING);
      if (!difference) continue;
      expect(Math.abs((first?.score.value ?? NaN) - score.value - difference.value), model).toBeLessThan(2 * ROUNDING);
    }
  });

  it('planted truth', () => {
    for (const { regime, against, differences, wholeMethod, other } of records.plantedTruth.comparisons) {
      const difference = wholeMethod.concordanceIndex - other.concordanceIndex;
      expect(Math.abs(mean(differences) - difference), `${regime}, ${against}`).toBeLessThan(2 * ROUNDING);
      expect(differences).toHaveLength(records.plantedTruth.cohorts.length);
    }
  });
});
