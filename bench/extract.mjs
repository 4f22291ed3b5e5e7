// Features of one slide by `subspace extract` beside OpenSlide + PyTorch on the same patches and encoder, in turns on this machine.
//     node bench/extract.mjs SLIDE [--rounds 3] [--batch 8] [--threads 2] [--objective 20]
// Prints a table, then one JSON object. README.md says what is compared.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openEncoder } from '../packages/subspace-fusion/dist/slides/encoder.js';
import { extract } from '../packages/subspace-fusion/dist/slides/extract.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const {
  values: options,
  positionals: [slide],
} = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    batch: { type: 'string', default: '8' },
    objective: { type: 'string', default: '20' },
    threads: { type: 'string', default: String(availableParallelism()) },
    encoder: { type: 'string' }, // set in the child process that extracts
    out: { type: 'string' },
  },
});

/** Extracts the slide in this process and prints what it took. */
async function extractHere() {
  const encoder = await openEncoder(options.encoder, { threads: Number(options.threads) });
  const before = process.cpuUsage();
  const cutting = {
    patchSize: 256,
    resolution: { magnification: 20 },
    objective: Number(options.objective),
    tissue: 0.5,
  };
  const record = await extract(slide, {
    out: options.out,
    encoder,
    cutting,
    batch: Number(options.batch),
    threads: Number(options.threads),
  });
  if (record.status !== 'done') throw new Error(record.message ?? 'the features are there already');
  const { user, system } = process.cpuUsage(before);
  const { patches, seconds } = record;
  console.log(
    JSON.stringify({
      patches,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      peakMemoryBytes: 1024 * process.resourceUsage().maxRSS,
    }),
  );
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Medians over the rounds. */
const summarise = (runs) => ({
  patchesPerSecond: median(runs.map((run) => run.patches / run.seconds)),
  cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  peakMemoryBytes: median(runs.map((run) => run.peakMemoryBytes)),
});

function compare(python) {
  const folder = mkdtempSync(join(tmpdir(), 'extract-bench-'));
  const run = (program, ...args) =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const encoder = join(folder, 'resnet50.onnx');
    run(python, '-B', here('openslide_extract.py'), '--export', encoder);
    const [ours, theirs] = [[], []];
    const features = join(folder, `${basename(slide).replace(/\.[^.]*$/, '')}.h5`);
    const { batch, objective, threads } = options;
    for (let round = 0; round < Number(options.rounds); round++) {
      const args = [
        slide,
        '--encoder',
        encoder,
        '--out',
        folder,
        '--batch',
        batch,
        '--objective',
        objective,
        '--threads',
        threads,
      ];
      rmSync(features, { force: true }); // it would be left as it is
      ours.push(JSON.parse(run(process.execPath, fileURLToPath(import.meta.url), ...args)));
      theirs.push(
        JSON.parse(
          run(python, '-B', here('openslide_extract.py'), slide, features, '--batch', batch, '--threads', threads),
        ),
      );
    }
    const [{ torch, openslide, difference, patches }] = theirs;
    const [subspace, pytorch] = [summarise(ours), summarise(theirs)];
    return {
      slide: basename(slide),
      patches,
      batch: Number(batch),
      threads: Number(threads),
      rounds: ours.length,
      torch,
      openslide,
      difference,
      subspace,
      pytorch,
      speedup: subspace.patchesPerSecond / pytorch.patchesPerSecond,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function table({ slide, patches, batch, threads, rounds, torch, openslide, difference, subspace, pytorch, speedup }) {
  const line = (name, ...figures) => name.padEnd(36) + figures.map((figure) => figure.padStart(18)).join('');
  const row = (name, run) =>
    line(
      name,
      run.patchesPerSecond.toFixed(1),
      (patches / run.cpuSeconds).toFixed(1),
      (run.peakMemoryBytes / 1e9).toFixed(2),
    );
  return [
    `${slide}: ${patches} patches, ResNet-50 to its third stage, batch ${batch}, ${threads} threads, median of ${rounds} rounds`,
    line('', 'patches/s', 'a second of CPU', 'peak memory, GB'),
    row(`OpenSlide ${openslide}, PyTorch ${torch}`, pytorch),
    row('subspace extract, cpu', subspace),
    `subspace is ${speedup.toFixed(2)} times as fast; the features differ by ${difference.toExponential(1)} of their norm`,
  ].join('\n');
}

const python = process.env.SUBSPACE_PYTHON ?? here('.venv/bin/python');
if (slide === undefined) console.log('Name a slide.');
else if (options.encoder) await extractHere();
else if (!existsSync(python))
  console.log('Skipped: no Python. README.md tells how to make one, or name one in SUBSPACE_PYTHON.');
else {
  const result = compare(python);
  console.log(table(result));
  console.log(JSON.stringify(result));
}
