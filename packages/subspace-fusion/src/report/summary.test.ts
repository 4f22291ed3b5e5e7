import { expect, it } from 'vitest';
import { CHOSEN_ON_THESE } from '../evaluation/score.js';
import type { Html } from './html.js';
import { survivalRun } from './sample.test.data.js';
import { metricsTable, summary } from './summary.js';

it('every figure of patients that the model was chosen on stands with a caution, and no other', () => {
  const run = survivalRun();
  const chosen = { ...run, result: { ...run.result, chosenOnThese: true } };
  const count = (html: Html) => html.html.replaceAll(/aria-label="[^"]*"/g, '').split(CHOSEN_ON_THESE).length - 1;
  expect([count(summary(chosen)), count(metricsTable(chosen))]).toEqual([2, 1]); // sentence, table of baselines, table of metrics
  expect([count(summary(run)), count(metricsTable(run))]).toEqual([0, 0]);
});
