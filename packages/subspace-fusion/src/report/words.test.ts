import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';
import { defined } from '../testing/defined.js';
import { renderComparison } from './comparison-page.js';
import { sampleComparison, sampleFile } from './comparison-sample.test.data.js';
import { renderModelCard } from './model-card.js';
import { renderReport } from './report.js';
import { sampleReport, survivalRun } from './sample.test.data.js';
import type { ReportRun } from './types.js';

it.each([
  [
    'snn',
    { bag: false, genes: true },
    'the expression of 60 tumour and 50 microenvironment genes',
    'gene expression tells',
  ],
  ['abmil', { bag: true, genes: false }, '400 patches of a slide (64 features each, encoder uni)', 'histology tells'],
  [
    'mcat',
    { bag: true, genes: true },
    '400 patches of a slide (64 features each, encoder uni) and the expression of 60 tumour and 50 microenvironment genes',
    'histology and gene expression together tell',
  ],
])('says of %s what it reads, and no more', (network, reads, inputs, use) => {
  const run = survivalRun();
  const of = { ...run, model: { ...run.model, network, reads, encoder: 'uni' } };
  const words = `The published model ${network} predicts survival (by the endpoint of the cohort) from ${inputs}.`;
  const input = { ...sampleReport(), runs: [of] };
  const document = parseHTML(renderReport(input)).document;
  const card = renderModelCard(input);
  expect(defined(document.querySelector('#run-1-summary p')).textContent).toBe(words);
  expect(card).toContain(words);
  const research = `Research on how ${use} survival of adult diffuse glioma.`;
  expect(defined(document.querySelector('#limits')).textContent).toContain(research);
  expect(card).toContain(research);
});

const besides = (run: ReportRun, baselines: Record<string, number>) => {
  const metrics = Object.entries(baselines).map(([name, value]) => [name, { concordanceIndex: { value } }] as const);
  const result = {
    ...run.result,
    metrics: { concordanceIndex: { value: 0.756, low: 0.69, high: 0.83 } },
    baselines: Object.fromEntries(metrics),
  };
  return renderModelCard({ ...sampleReport(), runs: [{ ...run, result }] });
};

it('says that the best of several simpler models was chosen, and never that it is the model itself with more', () => {
  const several = { ridgeCox: 0.771, age: 0.7, 'subspace + ageDiagnosisGrade': 0.9 };
  expect(besides(survivalRun(), several)).toContain(
    'The best of 2 simpler models (ridge Cox on the genes), chosen on these patients, reaches 0.771 on them, 0.015 more than this model.',
  );
  expect(besides(survivalRun(), { ridgeCox: 0.74 })).toContain(
    'The simpler model (ridge Cox on the genes) reaches 0.740 on the same patients, 0.016 less than this model.',
  );
});

it('calls a difference of 0.000 neither more nor less', () => {
  for (const value of [0.7564, 0.756, 0.7557])
    expect(besides(survivalRun(), { ridgeCox: value })).toContain(
      'no more and no less, to three decimals, than this model.',
    );
});

it('names the clinical model by what it is made of here', () => {
  const run = {
    ...survivalRun(),
    comparison: { ...sampleComparison(), adds: { reason: 'x', variables: ['idh', 'codeletion', 'grade'] } },
  };
  const card = besides(run, { ageDiagnosisGrade: 0.8, 'subspace + ageDiagnosisGrade': 0.9 });
  expect(card).toContain('| Diagnosis + grade | 0.800 |');
  expect(card).toContain('| This method with diagnosis + grade | 0.900 |');
  expect(card).not.toMatch(/age \+/i);
  const tables = renderComparison(sampleFile(run.comparison));
  expect(tables).toContain('Over the clinical model of diagnosis + grade: not computed, x.');
  expect(tables).not.toMatch(/[> ]age \+ diagnosis/);
});

it('says why the patients are not described, whatever the reason is', () => {
  const gone = { ...survivalRun(), patients: { reason: 'bags: no such folder' } };
  const words = defined(
    parseHTML(renderReport({ ...sampleReport(), runs: [gone] })).document.querySelector('#run-1-patients'),
  ).textContent;
  expect(words).toContain('The cohort cannot be read where the report was made');
  expect(words).toContain('bags: no such folder');
  expect(words).not.toContain('clinical table');
});
