import { expect, it } from 'vitest';
import { foldName, foldsInWords, metricName, modelName, number, pValue, runName, verdictWord } from './comparison.js';

it('numbers have a true minus and no negative zero', () => {
  expect([number(-0.0004, true), number(-0.12, true), number(0.5)]).toEqual(['+0.000', '−0.120', '0.500']);
  expect([pValue(0.0004), pValue(0.25), pValue(undefined)]).toEqual(['< 0.001', '0.250', '']);
  // The smallest p-value of 1,000 resamples, and of 1,666: neither can say that it is below 0.001.
  expect([pValue(2 / 1001), pValue(0.0012)]).toEqual(['0.002', '0.001']);
});

it('names of models and metrics that nobody listed become words', () => {
  expect([
    metricName('expectedCalibrationError'),
    metricName('netBenefit[0.25]'),
    metricName('concordanceIndex'),
  ]).toEqual(['expected calibration error', 'net benefit at 0.25', 'C-index']);
  expect([modelName('subspace/no-consistency'), modelName('subspace + ageDiagnosisGrade'), modelName('mcat')]).toEqual([
    'this method, no-consistency',
    'this method with age + diagnosis + grade',
    'mcat',
  ]);
});

it('the clinical model is named by its variables, where they are known', () => {
  const named = (...variables: string[]) => modelName('snn + ageDiagnosisGrade', variables);
  expect([named(), named('age', 'idh', 'codeletion', 'grade'), named('histology', 'grade'), named('age')]).toEqual([
    'snn with age + diagnosis + grade',
    'snn with age + diagnosis + grade',
    'snn with diagnosis + grade',
    'snn with age only',
  ]);
});

it('folds and repeats are counted from 0, as the run folders are named', () => {
  expect([foldName({ fold: 0 }), foldName({ fold: 1, repeat: 0 })]).toEqual(['fold 0', 'repeat 0, fold 1']);
  expect(runName({ fold: 0, seed: 3, control: 'permuted-bags' })).toBe('fold 0, seed 3, permuted-bags');
  const dealt = [0, 1].flatMap((repeat) => [0, 1, 2].map(() => ({ repeat })));
  expect([foldsInWords(dealt), foldsInWords(dealt.slice(0, 3))]).toEqual(['2 repeats of 3 folds', '3 folds']);
});

it('a difference has one word, also where it was not tested', () => {
  expect([verdictWord({ verdict: 'helps' }), verdictWord({}), verdictWord(undefined)]).toEqual([
    'helps',
    'not tested',
    '',
  ]);
});
