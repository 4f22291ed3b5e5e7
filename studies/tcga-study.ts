/**
 * The study of docs/results.md on the TCGA glioma cohort:
 *
 *     npm run study -- tcga-study DATA OUT [STEPS]
 *
 * DATA holds tcga-gbmlgg/ and gene-sets/. OUT gets the simulated slides and one folder for each cross-validation. The steps below are done
 * in turn, the most important ones first; finished ones are left as they are, so that the study can be stopped at any time and resumed by
 * the same command. STEPS (for example 1,2) does only those.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT, settings, studyArguments, subspace } from './shared.js';

const TASKS = ['survival', 'who2021-grade', 'who2021-diagnosis', 'paper-diagnosis'] as const;
const WITHIN = ['study=TCGA-LGG', 'idh_status=Mutant', 'who2021_diagnosis=glioblastoma, IDH-wildtype'];
const SEEDS = ['--seeds', '1,2,3'];
const FLOORS_KEPT = ['--set', 'expression.leaveOutFloorsBy=null'];
const PERMUTED = ['--control', 'permuted-bags', '--control-seeds', '1'];

/** Cross-validations in their order. */
const PLAN: readonly { readonly task: string; readonly folder: string; readonly more: readonly string[] }[] = [
  ...TASKS.map((task) => ({ task, folder: task, more: SEEDS })),
  ...TASKS.map((task) => ({ task, folder: task, more: [...SEEDS, ...PERMUTED] })),
  ...TASKS.map((task) => ({ task, folder: `${task}-floors-kept`, more: [...SEEDS, ...FLOORS_KEPT] })),
  { task: 'survival', folder: 'survival-snn', more: [...SEEDS, '--set', 'model.name=snn'] },
];

const [data = '', out = '', only] = studyArguments('tcga-study DATA OUT [STEPS]', 2);

function shown(args: readonly string[]): void {
  console.log(`\nsubspace ${args.join(' ')}`);
  subspace(args);
}

const slides = resolve(out, 'slides');
if (!existsSync(join(slides, 'cohort.yaml'))) {
  const expression = ['--expression', join(data, 'tcga-gbmlgg/expression.csv.gz')];
  const clinical = ['--clinical', join(data, 'tcga-gbmlgg/clinical.csv')];
  const genes = [
    '--gene-sets',
    join(data, 'gene-sets/glioma-subspaces.tcga1544.gmt'),
    '--leave-out-floors-by',
    'study',
  ];
  shown(['simulate', ...expression, ...clinical, ...genes, '--bag', '400', '--out', slides]);
}

const steps = only === undefined ? PLAN : only.split(',').flatMap((step) => PLAN[Number(step) - 1] ?? []);
const paths = settings({ data, 'features.folder': join(slides, 'bags') });
const within = WITHIN.flatMap((group) => ['--within', group]);
for (const { task, folder, more } of steps) {
  const config = join(ROOT, `examples/tcga-${task}.yaml`);
  shown(['crossval', config, ...paths, ...within, ...more, '--out', join(out, folder)]);
}
