// One training step (or prediction) in `subspace` beside the same in eager PyTorch, in turns on the same machine.
// Prints a table, then one JSON object. README.md says what is compared.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SUBSPACE = here('../packages/subspace-fusion/bin/subspace.js');

const { values: options } = parseArgs({
  options: {
    bag: { type: 'string', default: '2500' },
    batch: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    mode: { type: 'string', default: 'train' },
  },
});

/** A Python that has PyTorch: SUBSPACE_PYTHON, or bench/.venv; undefined where there is none. */
function findPython() {
  const python = process.env.SUBSPACE_PYTHON ?? here('.venv/bin/python');
  if (!existsSync(python)) return undefined;
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return python;
  } catch {
    return undefined;
  }
}

/** Runs a program that prints one JSON object and returns the object. */
const runJson = (program, args) =>
  JSON.parse(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));

const size = ['--bag', options.bag, '--batch', options.batch, '--mode', options.mode];
const stepInSubspace = () => runJson(process.execPath, [SUBSPACE, 'bench', 'step', ...size, '--json']);
const stepInPytorch = (python, threads) =>
  runJson(python, ['-B', here('pytorch_step.py'), ...size, '--threads', String(threads)]);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Medians over the rounds. */
const summarise = (runs) => ({
  secondsPerStep: median(runs.map((run) => run.secondsPerStep)),
  peakMemoryBytes: median(runs.map((run) => run.peakMemoryBytes)),
});

function compare(python) {
  const ours = [];
  const theirs = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    ours.push(stepInSubspace());
    theirs.push(stepInPytorch(python, ours[0].threads));
  }
  const [subspace, pytorch] = [summarise(ours), summarise(theirs)];
  return {
    bag: Number(options.bag),
    batch: Number(options.batch),
    rounds: Number(options.rounds),
    mode: options.mode,
    threads: ours[0].threads,
    provider: ours[0].provider,
    torch: theirs[0].torch,
    subspace,
    pytorch,
    speedup: pytorch.secondsPerStep / subspace.secondsPerStep,
    memoryShare: subspace.peakMemoryBytes / pytorch.peakMemoryBytes,
  };
}

function table({ bag, batch, rounds, mode, threads, torch, provider, subspace, pytorch, speedup, memoryShare }) {
  const line = (name, seconds, memory) => name.padEnd(28) + seconds.padStart(12) + memory.padStart(20);
  const row = (name, run) => line(name, run.secondsPerStep.toFixed(2), (run.peakMemoryBytes / 1e9).toFixed(2));
  return [
    `One ${mode === 'train' ? 'training step' : 'prediction'}, bag ${bag}, batch ${batch}, ${threads} threads, median of ${rounds} rounds`,
    line('', 'seconds', 'peak memory, GB'),
    row(`PyTorch ${torch}, eager`, pytorch),
    row(`subspace, ${provider}`, subspace),
    `subspace takes 1/${speedup.toFixed(2)} of the time and ${(100 * memoryShare).toFixed(0)} % of the memory`,
  ].join('\n');
}

const python = findPython();
if (python === undefined) {
  console.log('Skipped: no Python with PyTorch. To make one:');
  console.log(
    '  python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/requirements.txt --extra-index-url URL',
  );
  console.log("(URL: PyTorch's index of CPU wheels), or name one in SUBSPACE_PYTHON.");
} else {
  const result = compare(python);
  console.log(table(result));
  console.log(JSON.stringify(result));
}
