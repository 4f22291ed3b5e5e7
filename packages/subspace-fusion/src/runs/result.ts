import { z } from 'zod';
import type { Endpoint } from '../cohort/types.js';
import type { Stored } from '../files/json.js';
import { confidenceResult } from './confidence.js';
import { count, format, metric, namedMetrics, numbers, texts } from './values.js';

const endpoint = z.object({
  name: z.string(),
  time: z.string(),
  event: z.string(),
  rule: z.string(),
}) satisfies z.ZodType<Endpoint>;

/** `result.json`: a model on one part of its split. */
export const resultFile = z.object({
  format,
  task: z.string().describe('What is predicted: `survival`, `diagnosis`, …, or the column'),
  split: z.string().describe("A part of the run's split, or `external`"),
  chosenOnThese: z
    .boolean()
    .optional()
    .describe('The model was fitted to these patients or chosen on them; absent where it was not'),
  cohort: z
    .object({ name: z.string(), patients: count, leftOut: z.record(z.string(), count) })
    .optional()
    .describe(
      "Of another cohort than the run's: its name, the patients of its clinical table, and how many were left out for what",
    ),
  endpoint: endpoint
    .optional()
    .describe('Survival: what it is measured to, the columns, and the rule by which its event counts as seen'),
  without: z.enum(['slides', 'expression']).optional().describe('The modality that was taken from every patient'),
  covariates: texts.optional().describe('Clinical covariates of the model'),
  definingCovariates: texts
    .optional()
    .describe('Those of them that the label is defined by: with them, the task is easier than it looks'),
  patients: count.describe('Patients that were scored'),
  metrics: namedMetrics.describe('Of the model, by name'),
  baselines: z
    .record(z.string(), namedMetrics)
    .describe('The same of simpler models, fitted on the same training patients and scored on the same patients'),
  difference: z
    .object({ to: z.string(), of: metric })
    .optional()
    .describe(
      'The metric that speaks for the task, this model minus the simple one named, on the same patients: of these two fitted models, not of what other trainings would give',
    ),
  selection: z
    .object({
      epoch: count,
      metric: z.string(),
      value: z.number().nullable(),
      by: z.enum(['likelihood', 'last']).optional().describe('What chose the epoch; the metric where absent'),
    })
    .describe(
      'The epoch that was kept, chosen on the validation patients; `value` is null where none could be scored and the last one was kept',
    ),
  riskGroups: z
    .object({
      cut: z.number(),
      low: count,
      high: count,
      logRank: namedMetrics,
      hazardRatio: metric.optional().describe('High over low risk'),
      medianSurvival: z.object({ low: metric, high: metric }).optional().describe('Of each group'),
    })
    .optional()
    .describe(
      "Survival: the cut between low and high risk, the median of the training patients' risks, and the two groups compared",
    ),
  patientsWithSeveralSlides: count.describe('Each got one prediction, the mean over their slides'),
  files: z
    .record(z.string(), z.string())
    .optional()
    .describe('SHA-256 of the checkpoint that was scored and of the files that were written with this one, by name'),
  confidence: confidenceResult
    .optional()
    .describe(
      "What the model's confidence is worth on these patients, who had no part in it; test patients and other cohorts only",
    ),
});
export type Result = Stored<typeof resultFile>;

const prediction = {
  patient: z.string(),
  slides: count.describe('How many slides it is the mean over'),
  outputs: numbers.describe('Class probabilities, or hazards of the survival bins'),
  risk: z.number().optional().describe('Survival: higher is worse'),
};

/** One patient's prediction, and nothing of what happened. */
export const patientPrediction = z.object(prediction);
/** The prediction for one patient, over all their slides. */
export type Prediction = Stored<typeof patientPrediction>;

const unlikeTraining = z
  .array(z.enum(['genes', 'features']))
  .optional()
  .describe('Inputs that lie out of the range of the training patients; absent where that range is not known');

const evaluatedClass = z.object({
  ...prediction,
  label: count.describe('The true class: its place in `outcome.classes`'),
  className: z.string().describe('Its name'),
  calibrated: numbers.optional().describe('Probabilities at the temperature; absent where none applies'),
  set: texts
    .optional()
    .describe('Classes that are not ruled out, class by class; absent where no patients were set aside'),
  marginalSet: texts.optional().describe('The same with one threshold for all'),
  unlikeTraining,
});
const evaluatedSurvival = z.object({
  ...prediction,
  time: z.number().describe('Follow-up'),
  event: z.boolean().describe('Whether the event was seen'),
  group: z
    .enum(['low', 'high'])
    .optional()
    .describe('By the median risk of the training patients; absent where they could not be read'),
  survival: numbers.describe('Predicted survival at the cuts'),
  unlikeTraining,
});

export type EvaluatedClass = Stored<typeof evaluatedClass>;
export type EvaluatedSurvival = Stored<typeof evaluatedSurvival>;

/** One patient's prediction beside what happened. */
export const evaluatedPatient = z.union([evaluatedClass, evaluatedSurvival]);
export type EvaluatedPatient = Stored<typeof evaluatedPatient>;

/** `predictions.json`: of the test patients. */
export const predictionsFile = z.array(evaluatedPatient);
/** `validation-predictions.json`: of the validation patients. */
export const validationPredictionsFile = z.array(patientPrediction);
