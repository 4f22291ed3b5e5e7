import type { Metric } from '../metrics/bootstrap.js';
import { classificationMetrics } from '../metrics/classification.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { riskCut } from '../metrics/kaplan-meier.js';
import type { EpochRecord } from '../runs/training-files.js';
import type { ReportedMetric, ReportInput, ReportRun, SurvivalPrediction } from './types.js';

/** Made-up runs for the tests of this room: a survival run and a diagnosis run, as training and evaluation would hand them over. */
export function sampleReport(): ReportInput {
  return {
    title: 'Glioma, simulated cohort',
    description:
      'The cohort is simulated: slides and genes are drawn by a program, and the numbers say nothing about real patients.',
    runs: [survivalRun(), diagnosisRun()],
    versions: { 'subspace-fusion': '0.1.0', node: '20.20.2', 'onnxruntime-node': '1.30.0' },
  };
}

/** Evenly spread numbers in (0, 1): point i of a Weyl sequence, one irrational step for each stream. */
function uniform(stream: number, i: number): number {
  return ((i + 1) * Math.sqrt([2, 3, 5, 7, 11, 13, 17, 19][stream])) % 1;
}

/** Numbers spread like a logistic variable, of a standard deviation near 1. */
function bell(stream: number, i: number): number {
  const u = uniform(stream, i);
  return Math.log(u / (1 - u)) / 1.8;
}

const COMMON: Pick<ReportRun, 'model' | 'patients' | 'explanations' | 'commands'> = {
  model: {
    network: 'subspace',
    reads: { bag: true, genes: true },
    tokens: 400,
    patchWidth: 64,
    genes: { tumour: 60, microenvironment: 50 },
    covariates: [],
    definingCovariates: [],
  },
  patients: {
    parts: ['Training', 'Validation', 'Test'],
    overlap: false,
    rows: [
      { name: 'Patients', cells: ['120', '20', '64'] },
      { name: 'Female', cells: ['50 (42\u00a0%)', '9 (45\u00a0%)', '30 (47\u00a0%)'] },
    ],
    flow: [
      { step: 'In the clinical table', patients: 230 },
      { step: 'left out: no slide', patients: 26 },
      { step: 'With slides and expression', patients: 204 },
    ],
  },
  explanations: { patients: [], notShown: 0 },
  commands: ['npx subspace train config.yaml --out glioma'],
};

export function survivalRun(): ReportRun {
  const people = Array.from({ length: 64 }, (_, i) => {
    const risk = bell(0, i);
    const death = (-Math.log(1 - uniform(1, i)) * 1100) / Math.exp(1.1 * risk);
    const left = 300 + 2600 * uniform(2, i);
    return { patient: `P-${i}`, risk, time: Math.ceil(Math.min(death, left)), event: death <= left };
  });
  const cut = riskCut(people.map((person) => person.risk));
  const curve = (risk: number) => [212, 454, 776].map((time) => Math.exp((-time / 1100) * Math.exp(1.1 * risk)));
  const rows = people.map((person): SurvivalPrediction => {
    return { ...person, group: person.risk > cut ? 'high' : 'low', survival: curve(person.risk) };
  });
  const index = concordanceIndex(
    rows.map((row) => row.time),
    rows.map((row) => row.event),
    rows.map((row) => row.risk),
  );
  const epochs = trainingEpochs(20, 'concordanceIndex', 60);
  return {
    task: 'survival',
    config: {
      cohort: '/home/somebody/glioma/cohort.yaml',
      task: 'survival',
      seed: 1,
      training: { epochs: 20, batch: 8, learningRate: 0.001, weightDecay: 0.0001 },
      inputs: ['C:\\Users\\Some Body\\genes.gmt', 'bags from /mnt/slides/bags/a.h5'],
    },
    ...COMMON,
    trainings: [{ epochs, selection: { epoch: 14, metric: 'concordanceIndex', value: epochs[13].validation.value } }],
    result: {
      task: 'survival',
      split: 'test',
      patients: rows.length,
      metrics: { concordanceIndex: withBounds(index, 0.07) },
      baselines: {
        ridgeCox: { concordanceIndex: { value: 0.771, low: 0.69, high: 0.84, n: 64 } },
        ageSex: { concordanceIndex: { value: null, reason: 'age is unknown for every patient' } },
      },
    },
    predictions: { kind: 'survival', timeUnit: 'days', cuts: [212, 454, 776], rows },
  };
}

export const DIAGNOSES = ['Glioblastoma', 'Astrocytoma, grade 4', 'Astrocytoma, grade 2/3', 'Oligodendroglioma'];

export function diagnosisRun(): ReportRun {
  const rows = Array.from({ length: 80 }, (_, i) => {
    const label = [0, 0, 0, 2, 2, 3, 1, 0][i % 8];
    const scores = DIAGNOSES.map((_, c) => Math.exp(bell(c, i) + (c === label ? 1.7 : 0)));
    const total = scores.reduce((sum, score) => sum + score, 0);
    return { patient: `P-${i}`, label, probabilities: scores.map((score) => score / total) };
  });
  const metrics = classificationMetrics(
    rows.flatMap((row) => row.probabilities),
    rows.map((row) => row.label),
    DIAGNOSES.length,
  );
  const epochs = trainingEpochs(12, 'macroAuc', 40);
  return {
    task: 'diagnosis',
    config: { cohort: 'cohort.yaml', task: 'diagnosis', seed: 1 },
    ...COMMON,
    trainings: [{ epochs, selection: { epoch: 9, metric: 'macroAuc', value: epochs[8].validation.value } }],
    result: {
      task: 'diagnosis',
      split: 'test',
      patients: rows.length,
      metrics: Object.fromEntries(metrics.map((metric) => [metric.name, withBounds(metric, 0.06)])),
      baselines: { ridgeLogistic: { macroAuc: { value: 0.88, low: 0.82, high: 0.93, n: 80 } } },
    },
    predictions: { kind: 'classification', classes: DIAGNOSES, rows },
  };
}

function withBounds({ name: _, ...metric }: Metric, spread: number): ReportedMetric {
  return metric.value === null
    ? metric
    : { ...metric, low: metric.value - spread, high: Math.min(metric.value + spread, 1) };
}

function trainingEpochs(n: number, metric: string, steps: number): EpochRecord[] {
  return Array.from({ length: n }, (_, i) => {
    const progress = 1 - Math.exp(-i / (n / 3));
    const noise = (stream: number) => 0.02 * bell(stream, i);
    const taskLoss = 1.35 - 0.7 * progress + noise(0);
    const consistency = { tumour: 0.4 - 0.3 * progress + noise(1), microenvironment: 0.5 - 0.25 * progress + noise(2) };
    return {
      epoch: i + 1,
      learningRate: 0.0005 * (1 + Math.cos((Math.PI * i) / n)),
      loss: taskLoss + (consistency.tumour + consistency.microenvironment) / 2,
      taskLoss,
      consistency,
      coordination: {
        steps,
        tumourYielded: Math.round(steps * (0.2 + 0.2 * uniform(5, i))),
        microenvironmentYielded: Math.round(steps * 0.3 * uniform(6, i)),
      },
      validation: {
        metric,
        value: 0.6 + 0.2 * progress + noise(3),
        loss: 1.3 - 0.5 * progress + 0.1 * progress * progress + noise(4),
      },
      seconds: 4.2,
    };
  });
}
