/**
 * External validation of the gene side, as studies/real-histology.md plans it:
 *
 *     npm run study -- external-genes DATA OUT
 *
 * DATA holds tcga-gbmlgg/, glioma-external/ and gene-sets/. Trains `snn`, with ridge Cox next to it, on the TCGA patients and evaluates both on five
 * microarray cohorts in three scalings; then trains on four of the cohorts and evaluates on the fifth. Finished runs are kept, so that the same command
 * resumes. The record is studies/results/external-genes.json.
 *
 * A cohort needs a slide for every patient, also where the model reads none: simulated ones are placeholders here.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { RECORDS, writeExternal, type ExternalScore } from './results-page/data.js';
import { sourceOf } from './results-page/record.js';
import { resuming, studyArguments, subspace, write } from './shared.js';

const TCGA = 'tcga';
const COHORTS = ['phillips', 'freije', 'nutt', 'ducray', 'joo'];
/** What is said of the expression of the training cohort and of the others, by way of scaling. */
const SCALINGS = {
  'as they are': { transform: 'none', scaling: 'training' },
  'each gene within its cohort': { transform: 'none', scaling: 'cohort' },
  'ranks within the patient, then each gene within its cohort': { transform: 'rank', scaling: 'cohort' },
} as const;
type Scaling = keyof typeof SCALINGS;
const PRIMARY: Scaling = 'each gene within its cohort';

const metric = z.object({ value: z.number(), low: z.number(), high: z.number() });
const evaluation = z.object({
  patients: z.number(),
  metrics: z.object({ concordanceIndex: z.intersection(metric, z.object({ events: z.number() })) }),
  baselines: z.object({ ridgeCox: z.object({ concordanceIndex: metric }) }),
});

const [data = '', folder = ''] = studyArguments('external-genes DATA OUT', 2);
const out = resolve(folder);

const geneSets = join(data, 'gene-sets/glioma-subspaces.tcga1544.gmt');
const sets = readFileSync(geneSets, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));
const matrices = new Map([TCGA, ...COHORTS].map((name) => [name, readMatrix(name)]));
const shared = new Set(
  sets.flatMap(([, , ...genes]) => genes).filter((gene) => [...matrices.values()].every(({ rows }) => rows.has(gene))),
);
write(
  join(out, 'shared.gmt'),
  sets
    .map(([name, source, ...genes]) => [name, source, ...genes.filter((gene) => shared.has(gene))].join('\t') + '\n')
    .join(''),
);
console.log(`${shared.size} genes of the two sets are in all six matrices`);
for (const name of matrices.keys()) prepare(name);

const scores: ExternalScore[] = [];
for (const scaling of Object.keys(SCALINGS) as Scaling[]) {
  const run = train(TCGA, scaling, 'tcga', []);
  for (const name of COHORTS) scores.push(...scored(run, name, scaling, 'TCGA'));
}
for (const name of COHORTS) {
  const others = COHORTS.filter((other) => other !== name);
  const run = train(others[0] ?? '', PRIMARY, `without-${name}`, others.slice(1));
  scores.push(...scored(run, name, PRIMARY, 'the other four'));
}
writeExternal(RECORDS, {
  source: sourceOf('npm run study -- external-genes DATA OUT'),
  genes: shared.size,
  trainingPatients: patientsOf(TCGA).length,
  scores,
});
console.log(`recorded in ${RECORDS}`);

interface Matrix {
  readonly samples: readonly string[];
  /** By gene. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

function readMatrix(name: string): Matrix {
  const file = name === TCGA ? 'tcga-gbmlgg/expression.csv.gz' : `glioma-external/${name}.expression.csv.gz`;
  const [header = '', ...lines] = gunzipSync(readFileSync(join(data, file)))
    .toString()
    .trim()
    .split('\n');
  const rows = new Map(lines.map((line) => line.split(',')).map(([gene = '', ...values]) => [gene, values]));
  return { samples: header.split(',').slice(1), rows };
}

/** Patients with survival, as `id,time,event`. */
function patientsOf(name: string): string[][] {
  const file = name === TCGA ? 'tcga-gbmlgg/clinical.csv' : `glioma-external/${name}.clinical.csv`;
  const names = name === TCGA ? ['patient_id', 'survival_months', 'event'] : ['Sample', 'survival', 'status'];
  const table = z.array(z.array(z.string())).parse(parse(readFileSync(join(data, file))));
  const [header = [], ...rows] = table;
  const columns = names.map((column) => header.indexOf(column));
  return rows
    .map((row) => columns.map((column) => row[column] ?? ''))
    .filter((row) => row.every((value) => value !== ''));
}

/** The cohort's tables without what the program refuses: patients without survival, samples without values, a header twice. */
function prepare(name: string): void {
  const cohort = join(out, name);
  if (existsSync(join(cohort, 'slides', 'cohort.yaml'))) return;
  const matrix = matrices.get(name);
  if (!matrix) return;
  const patients = patientsOf(name);
  const isComplete = (column: number) => [...shared].every((gene) => matrix.rows.get(gene)?.[column] !== '');
  const kept = patients.flatMap(([id = '', ...outcome]) => {
    const column = matrix.samples.indexOf(id);
    return column >= 0 && isComplete(column) ? [{ id, column, outcome }] : [];
  });
  write(
    join(cohort, 'clinical.csv'),
    ['patient_id,survival_months,event', ...kept.map(({ id, outcome }) => [id, ...outcome].join(',')), ''].join('\n'),
  );
  const lines = [...shared].map((gene) =>
    [gene, ...kept.map(({ column }) => matrix.rows.get(gene)?.[column] ?? '')].join(','),
  );
  const text = [['gene', ...kept.map(({ id }) => id)].join(','), ...lines, ''].join('\n');
  writeFileSync(join(cohort, 'expression.csv.gz'), gzipSync(text));
  const tables = ['--expression', join(cohort, 'expression.csv.gz'), '--clinical', join(cohort, 'clinical.csv')];
  subspace(
    [
      'simulate',
      ...tables,
      '--gene-sets',
      join(out, 'shared.gmt'),
      '--bag',
      '36',
      '--seed',
      `${[...matrices.keys()].indexOf(name) + 1}`,
      '--out',
      join(cohort, 'slides'),
    ],
    'errors',
  );
}

/** The config of a cohort in a scaling; the same file for training and for evaluation. */
function configOf(name: string, scaling: Scaling): string {
  const { transform, scaling: by } = SCALINGS[scaling];
  const cohort = join(out, name);
  const file = join(cohort, `${transform}-${by}.yaml`);
  const config = {
    name,
    data: cohort,
    clinical: {
      file: 'clinical.csv',
      patient: 'patient_id',
      time: 'survival_months',
      event: 'event',
      timeUnit: 'months',
    },
    expression: { file: 'expression.csv.gz', transform, scaling: by },
    geneSets: { file: join(out, 'shared.gmt') },
    features: { folder: 'slides/bags' },
    task: 'survival',
    split: { seed: 2026 },
    model: { name: 'snn', bag: 36 },
    training: { epochs: 10, batch: 8, select: 'likelihood', threads: 1 },
  };
  write(file, JSON.stringify(config));
  return file;
}

function train(name: string, scaling: Scaling, as: string, more: readonly string[]): string {
  const run = join(out, 'runs', `${as}-${Object.keys(SCALINGS).indexOf(scaling)}`);
  if (existsSync(join(run, 'result.json'))) return run;
  const others = more.map((other) => configOf(other, scaling));
  const joined = others.length > 0 ? ['--set', `moreCohorts=${JSON.stringify(others)}`] : [];
  subspace(['train', configOf(name, scaling), ...joined, ...resuming(run), '--out', run], 'errors');
  return run;
}

function scored(run: string, name: string, scaling: Scaling, trainedOn: string): ExternalScore[] {
  const text = subspace(['evaluate', run, '--cohort', configOf(name, scaling), '--json'], 'captured');
  const { patients, metrics, baselines } = evaluation.parse(JSON.parse(text));
  const estimate = ({ value, low, high }: z.infer<typeof metric>) => ({ value, low, high });
  const about = { cohort: name, trainedOn, scaling, patients, deaths: metrics.concordanceIndex.events };
  console.log(
    `${trainedOn}, ${name}, ${scaling}: ${metrics.concordanceIndex.value.toFixed(3)}, ridge ${baselines.ridgeCox.concordanceIndex.value.toFixed(3)}`,
  );
  return [
    { ...about, model: 'snn', concordance: estimate(metrics.concordanceIndex) },
    { ...about, model: 'ridge Cox', concordance: estimate(baselines.ridgeCox.concordanceIndex) },
  ];
}
