import { stringify } from 'yaml';
import type { ExpressionTransform } from '../cohort/types.js';

export interface ConfigChoices {
  readonly name: string;
  /** Paths as the file shall name them, relative to its own folder or absolute. */
  readonly clinical: string;
  readonly expression: string;
  readonly transform: ExpressionTransform;
  readonly leaveOutFloorsBy?: string;
  readonly geneSets: string;
  readonly encoder: string;
  readonly split:
    | { readonly seed: number; readonly test: number; readonly validation: number }
    | { readonly file: string; readonly fold: number };
  readonly bag: number;
}

/** The text of a `cohort.yaml` for survival on a simulated cohort or on simulated bags of a real one. */
export function cohortConfig(choices: ConfigChoices): string {
  return stringify({
    name: choices.name,
    clinical: {
      file: choices.clinical,
      patient: 'patient_id',
      time: 'survival_months',
      event: 'event',
      timeUnit: 'months',
    },
    expression: { file: choices.expression, transform: choices.transform, leaveOutFloorsBy: choices.leaveOutFloorsBy },
    geneSets: { file: choices.geneSets, tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' },
    features: { folder: 'bags', encoder: choices.encoder },
    task: 'survival',
    split: choices.split,
    model: { bag: choices.bag },
    training: { epochs: 20, batch: 8, learningRate: 1e-3, weightDecay: 1e-4, seed: 1 },
  });
}
