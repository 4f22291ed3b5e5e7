// The study of docs/results.md on the TCGA glioma cohort:
//
//   node scripts/tcga-study.mjs DATA OUT [STEPS]
//
// DATA holds tcga-gbmlgg/ and gene-sets/. OUT gets the simulated slides and one folder for each cross-validation. The steps below
// are done in turn, the most important ones first, each with what was done before left as it is; so the study can be stopped at any
// time and gone on with by the same command. STEPS, as in 1,2, does only those.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [data, out, only] = process.argv.slice(2);
if (!data || !out) {
  console.error('usage: node scripts/tcga-study.mjs DATA OUT [STEPS]');
  process.exit(2);
}

const TASKS = ['survival', 'who2021-grade', 'who2021-diagnosis', 'paper-diagnosis'];
const WITHIN = ['study=TCGA-LGG', 'idh_status=Mutant', 'who2021_diagnosis=glioblastoma, IDH-wildtype'];
const FLOORS_KEPT = ['--set', 'expression.leaveOutFloorsBy=null'];
const PERMUTED = ['--control', 'permuted-bags', '--control-seeds', '1'];

/** Cross-validations in order: task, folder, further arguments. */
const PLAN = [
  ...TASKS.map((task) => ({ task, folder: task, more: ['--seeds', '1,2,3'] })),
  ...TASKS.map((task) => ({ task, folder: task, more: ['--seeds', '1,2,3', ...PERMUTED] })),
  ...TASKS.map((task) => ({ task, folder: `${task}-floors-kept`, more: ['--seeds', '1,2,3', ...FLOORS_KEPT] })),
  { task: 'survival', folder: 'survival-snn', more: ['--seeds', '1,2,3', '--set', 'model.name=snn'] },
];

function subspace(...args) {
  console.log(`\nsubspace ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(root, 'packages/subspace-fusion/bin/subspace.js'), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const slides = resolve(out, 'slides');
if (!existsSync(join(slides, 'cohort.yaml'))) {
  const real = [
    '--expression',
    join(data, 'tcga-gbmlgg/expression.csv.gz'),
    '--clinical',
    join(data, 'tcga-gbmlgg/clinical.csv'),
  ];
  subspace(
    'simulate',
    ...real,
    '--gene-sets',
    join(data, 'gene-sets/glioma-subspaces.tcga1544.gmt'),
    '--leave-out-floors-by',
    'study',
    '--bag',
    '400',
    '--out',
    slides,
  );
}
const steps = only === undefined ? PLAN : only.split(',').map((step) => PLAN[Number(step) - 1]);
for (const { task, folder, more } of steps) {
  const paths = ['--set', `data=${data}`, '--set', `features.folder=${join(slides, 'bags')}`];
  const within = WITHIN.flatMap((group) => ['--within', group]);
  subspace(
    'crossval',
    join(root, `examples/tcga-${task}.yaml`),
    ...paths,
    ...within,
    ...more,
    '--out',
    join(out, folder),
  );
}
