/**
 * Imports go one way. Rooms in their order: a room may import from those that are listed before it, and from itself;
 * docs/architecture.md shows the same picture.
 */
const ROOMS = [
  'random',
  'files',
  'metrics',
  'config',
  'cohort',
  'model',
  'runs',
  'words',
  'inference',
  'training',
  'evaluation',
  'patient',
  'explanation',
  'comparison',
  'slides',
  'planning',
  'report',
  'viewing',
  'portable',
  'simulation',
  'verification',
  'bench',
  'cli',
];

/** Rooms that a room does not use although they are listed before it: what it holds must work without them. */
const WITHOUT = {
  metrics: ['files'],
  slides: ['model', 'runs', 'inference', 'training', 'evaluation', 'patient', 'explanation', 'comparison'],
  simulation: [
    'model',
    'inference',
    'training',
    'evaluation',
    'patient',
    'explanation',
    'comparison',
    'slides',
    'planning',
    'report',
  ],
  viewing: ['comparison', 'slides', 'planning', 'report'],
  portable: ['evaluation', 'patient', 'explanation', 'comparison', 'slides', 'planning', 'report', 'viewing'],
  verification: [
    'cohort',
    'evaluation',
    'patient',
    'explanation',
    'comparison',
    'slides',
    'planning',
    'report',
    'viewing',
  ],
};

const app = 'packages/subspace-fusion/src/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
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
    {
      name: 'a-room-is-on-the-list',
      severity: 'error',
      from: { path: `^${app}`, pathNot: `^${app}((${ROOMS.join('|')}|testing)/|[^/]+[.]ts$)` },
      to: {},
    },
    ...ROOMS.map((room, i) => {
      const below = ROOMS.slice(0, i).filter((other) => !(WITHOUT[room] ?? []).includes(other));
      return {
        name: `${room}-looks-down-only`,
        severity: 'error',
        from: { path: `^${app}${room}/`, pathNot: '[.]test[.]' },
        to: { path: `^${app}`, pathNot: `^${app}((${[room, ...below].join('|')})/|version[.]ts$)` },
      };
    }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
