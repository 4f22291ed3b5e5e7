/**
 * Imports go one way. A room may import from the rooms listed for it and from itself;
 * docs/architecture.md draws the same picture.
 */
const below = {
  random: [],
  files: [],
  metrics: ['random'],
  cohort: ['files', 'random'],
  model: ['files', 'random'],
  objective: ['model', 'metrics'],
  simulation: ['cohort', 'metrics', 'files', 'random'],
  training: ['objective', 'model', 'cohort', 'metrics', 'files', 'random'],
  evaluation: ['training', 'objective', 'model', 'cohort', 'metrics', 'files', 'random'],
  explanation: ['evaluation', 'training', 'objective', 'model', 'cohort', 'metrics', 'files', 'random'],
  planning: ['evaluation', 'slides', 'training', 'cohort', 'metrics', 'files', 'random'],
  viewing: ['explanation', 'evaluation', 'training', 'objective', 'model', 'cohort', 'metrics', 'files', 'random'],
  slides: ['cohort', 'files', 'random', 'metrics'],
  portable: ['training', 'objective', 'model', 'cohort', 'files', 'random'],
  report: ['explanation', 'evaluation', 'training', 'cohort', 'metrics', 'files'],
  verification: ['training', 'objective', 'model', 'metrics', 'files', 'random'],
};

const app = 'packages/subspace-fusion/src/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // Gradient rules of one family are written in operations of the others; they call each other only at run time.
    {
      name: 'no-cycles',
      severity: 'error',
      from: { pathNot: '^packages/onnx-autodiff/src/ops/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'engine-knows-nothing-of-medicine',
      severity: 'error',
      from: { path: '^packages/onnx-autodiff/' },
      to: { path: '^packages/subspace-fusion/' },
    },
    {
      name: 'only-the-engine-knows-onnx-runtime',
      severity: 'error',
      from: { path: '^packages/subspace-fusion/src', pathNot: '[.]test[.]ts$' },
      to: { path: 'node_modules/(onnxruntime-|onnx-proto)' },
    },
    ...Object.entries(below).map(([room, allowed]) => ({
      name: `${room}-looks-down-only`,
      severity: 'error',
      from: { path: `^${app}${room}/`, pathNot: '[.]test[.]ts$' },
      to: { path: `^${app}`, pathNot: `^${app}((${[room, ...allowed].join('|')})/|version[.]ts$)` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
