import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { parseOverrides } from '../config/config.js';
import { MOST } from '../config/values.js';
import { counted, InputError } from '../files/errors.js';
import type { Extraction, SlideRecord } from '../planning/extraction.js';
import { jobsAtOnce, localExecutor } from '../planning/local.js';
import { inProcessWith, type Executor } from '../planning/run-jobs.js';
import { arrayScript, slurmBytes, slurmSeconds, type SlurmResources } from '../planning/slurm-script.js';
import { slurmExecutor } from '../planning/slurm.js';
import { runsToDo, type RunStatus } from '../planning/status.js';
import type { Encoder } from '../slides/encoder.js';
import { Interrupted } from '../training/train.js';
import { print, printError } from './output.js';
import { collect, count, duration, interruptible, outPath, progressBar, PROVIDERS } from './terminal.js';

interface ExtractFlags {
  readonly encoder: string;
  readonly out: string;
  readonly magnification: number;
  readonly mpp?: number;
  readonly patchSize: number;
  readonly objective?: number;
  readonly tissue: number;
  readonly tokens?: 'map';
  readonly fix?: number;
  readonly set: string[];
  readonly batch?: number;
  readonly provider: Provider;
  readonly threads?: number;
  readonly overwrite?: boolean;
  readonly executor?: 'local' | 'slurm';
  readonly cores?: number;
  readonly time?: string;
  readonly memory?: string;
  readonly partition?: string;
  readonly gpu?: number;
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly retry?: 'failed';
  readonly json?: boolean;
}

/** `subspace extract SLIDES…`: whole-slide images to the feature files that `train` reads, here or on a Slurm cluster. */
export function defineExtract(command: Command): void {
  command
    .argument('<slides...>', 'Aperio SVS, pyramidal TIFF, OME-TIFF, PNG, JPEG, others by OpenSlide; or folders of them')
    .requiredOption('--encoder <file>', 'ONNX model; the YAML beside it says how it wants its images')
    .requiredOption('--out <folder>', 'where the feature files go', outPath)
    .option('--magnification <x>', 'magnification of the patches', positive, 20)
    .addOption(
      new Option('--mpp <micrometres>', 'micrometres a pixel of the patches, instead of --magnification')
        .argParser(positive)
        .conflicts('magnification'),
    )
    .option('--patch-size <pixels>', 'edge of a patch, at that magnification', count(8192), 256)
    .option(
      '--objective <x>',
      'objective power of the slides, where they do not say it or contradict themselves',
      positive,
    )
    .option(
      '--tissue <part>',
      "least part of a patch that is tissue; 'none' takes every patch, of regions that somebody chose",
      part,
      0.5,
    )
    .addOption(
      new Option(
        '--tokens <which>',
        "'map' keeps each place of an encoder's feature map as a token: 16 x 16 of a patch of 256 pixels at stride 16",
      )
        .choices(['map'])
        .conflicts('fix'),
    )
    .option('--fix <n>', 'exactly so many rows for every slide, in the form of the published code', count(1_000_000))
    .option('--set <key=value>', "overrides a key of the encoder's YAML; may be repeated", collect, [])
    .option('--batch <n>', 'patches encoded at a time (default: 8 on the cpu, 64 elsewhere)', count(MOST.batch))
    .addOption(new Option('--provider <name>', 'where the encoder runs').choices(PROVIDERS).default('cpu'))
    .option(
      '--threads <n>',
      'threads of the encoder and cores of a slide (default: one a core; with --executor one)',
      count(MOST.threads),
    )
    .option('--overwrite', 'replace feature files that were made with other settings')
    .addOption(
      new Option(
        '--executor <name>',
        'a process for each slide, on this machine or a Slurm cluster (default: one slide after the other in this process)',
      ).choices(['local', 'slurm']),
    )
    .option('--cores <n>', 'cores that the local executor may use (default: all)', count(MOST.threads))
    .option('--time <limit>', 'Slurm: limit of a slide, as in 1:00:00', slurmTime)
    .option('--memory <size>', 'memory of a slide, as in 4G, for both executors', slurmMemory)
    .option('--partition <name>', 'Slurm: partition')
    .option('--gpu <n>', 'Slurm: GPUs of a slide', count(MOST.gpus))
    .option('--dry-run', 'show what would be done or submitted, and do nothing')
    .option('--status', 'tell what is done, running, queued, stopped and failed, and why')
    .addOption(new Option('--retry <which>', 'do these slides again, too').choices(['failed']))
    .option('--json', 'print what was done as JSON')
    .action(extractWith);
}

async function extractWith(slides: string[], flags: ExtractFlags): Promise<void> {
  const { out, magnification, mpp, patchSize, objective, tissue, fix, overwrite, provider, executor } = flags;
  const { batch = provider === 'cpu' ? 8 : 64 } = flags; // a larger one takes memory and gains nothing on a CPU
  if (executor === undefined) jobsAtOnce({ threads: flags.threads ?? 1 });
  const threads = flags.threads ?? (executor && 1);
  const slurm = executor === 'slurm' && !flags.status ? slurmResources(flags, flags.threads ?? 1) : undefined;
  const { extractionStatus, planExtraction } = await import('../planning/extraction.js'); // the other commands need no image library
  const cutting = {
    patchSize,
    resolution: mpp === undefined ? { magnification } : { micrometres: mpp },
    objective,
    tissue,
  };
  const plan = (encoder: Encoder) =>
    planExtraction({ slides, out, encoder: flags.encoder, cutting, fix, batch, overwrite, provider, threads }, encoder);
  if (executor === undefined && !flags.status && !flags.dryRun) {
    await withEncoder(flags, provider, async (encoder) => run(await plan(encoder), inProcessWith(encoder), flags));
    return;
  }
  const extraction = await withEncoder(flags, 'cpu', plan); // it is only looked at: the GPU may be elsewhere
  if (flags.status) printStatus(await extractionStatus(extraction), flags.json ?? false);
  else if (flags.dryRun) dryRun(extraction, await extractionStatus(extraction), flags, slurm);
  else await run(extraction, slurm ? onSlurm(extraction, slurm) : localExecutor(atOnce(flags)), flags);
}

async function withEncoder<T>(
  { encoder: file, set, tokens, threads }: ExtractFlags,
  provider: Provider,
  work: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  const { openEncoder } = await import('../slides/encoder.js');
  const overrides = { ...parseOverrides(set), ...(tokens ? { pooling: tokens } : {}) };
  const encoder = await openEncoder(file, { overrides, provider, threads });
  return work(encoder).finally(() => encoder.dispose());
}

function slurmResources({ time, memory, partition, gpu }: ExtractFlags, cores: number): SlurmResources {
  if (time === undefined)
    throw new InputError(
      '--executor slurm: needs the time limit of a slide. Give it as in --time 1:00:00; a slide that is stopped there begins anew.',
    );
  return { cores, time, memory, partition, gpu };
}

const atOnce = ({ threads = 1, memory, cores }: ExtractFlags) =>
  jobsAtOnce({ threads, memoryBytes: memory === undefined ? undefined : slurmBytes(memory) }, cores);

function onSlurm({ out }: Extraction, resources: SlurmResources): Executor {
  return slurmExecutor({
    ...{ out, name: 'extract', resources },
    onSubmission: ({ job, folders }) => {
      printError(
        `submitted as Slurm job ${job}: ${counted(folders.length, 'slide')}; \`scancel ${job}\` ends what is not done`,
      );
    },
    onQueued: (slides) => {
      printError(`${counted(slides, 'slide is', 'slides are')} in the queue already`);
    },
  });
}

async function run(extraction: Extraction, execute: Executor, { retry, json }: ExtractFlags): Promise<void> {
  const { runExtraction } = await import('../planning/extraction.js');
  const bar = progressBar('slides');
  const started = performance.now();
  try {
    const records = await interruptible((signal) =>
      runExtraction(extraction, execute, {
        retryFailed: retry === 'failed',
        signal,
        onProgress: ({ done, of, job, progress, secondsLeft }) => {
          const left = secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
          bar.update(done, of, `${job.name}${progress.done > 0 ? ` ${Math.floor(100 * progress.done)} %` : ''}${left}`);
        },
        onSlide: (record, done, of) => {
          bar.clear();
          for (const warning of record.status === 'done' ? (record.warnings ?? []) : [])
            printError(`warning: ${warning}`);
          if ('message' in record) printError(record.message);
          else if (!json) print(`${done}/${of} ${describe(record)}`);
        },
      }),
    );
    bar.clear();
    print(json ? JSON.stringify(records, null, 2) : summary(records, (performance.now() - started) / 1000));
    const failed = records.flatMap((record) => ('message' in record ? [record] : []));
    if (!json && failed.length > 0) print('--retry failed does the failed ones again.');
    if (failed.length > 0)
      process.exitCode = failed.every((record) => record.status === 'failed' && record.badInput) ? 2 : 1;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    bar.clear();
    printError(`${error.message}. The same command goes on with the slides that are left.`);
    process.exitCode = 1;
  } finally {
    bar.clear();
  }
}

function dryRun(
  { out, slides, jobs }: Extraction,
  status: readonly RunStatus[],
  flags: ExtractFlags,
  resources: SlurmResources | undefined,
): void {
  const open = runsToDo(status, flags.retry === 'failed')
    .map(({ name }) => name)
    .filter((name) => jobs.some((job) => job.name === name));
  const how = resources
    ? `sbatch would be given:\n\n${arrayScript(join(out, 'slurm', 'N'), 'extract', Math.max(open.length, 1), resources)}`
    : flags.executor === undefined
      ? 'one after the other, in this process'
      : `${atOnce(flags)} at once, ${counted(flags.threads ?? 1, 'thread')} each`;
  if (flags.json) print(JSON.stringify({ out, slides: open, how }, null, 2));
  else
    print(
      [
        `${open.length} of ${counted(slides.length, 'slide')} would be extracted into ${out}:`,
        ...open.map((name) => `  ${name}`),
        how,
      ].join('\n'),
    );
}

function printStatus(status: readonly RunStatus[], json: boolean): void {
  const counts: Record<string, number> = {};
  for (const { state } of status) counts[state] = (counts[state] ?? 0) + 1;
  if (json) {
    print(JSON.stringify({ counts, slides: status }, null, 2));
    return;
  }
  for (const { name, state, detail } of status) if (detail !== '') print(`${name}: ${state}, ${detail}`);
  print(
    Object.entries(counts)
      .map(([state, n]) => `${n} ${state}`)
      .join(', '),
  );
}

function describe(record: Extract<SlideRecord, { status: 'done' | 'present' }>): string {
  if (record.status !== 'done') return `${record.slide}: was there already`;
  const { slide, patches, tissue, seconds } = record;
  return `${slide}: ${counted(patches, 'patch', 'patches')}, ${Math.round(100 * tissue)} % of the slide is tissue; ${perSecond(patches, seconds)}`;
}

function summary(records: readonly SlideRecord[], seconds: number): string {
  const done = records.flatMap((record) => (record.status === 'done' ? [record] : []));
  const patches = done.reduce((sum, record) => sum + record.patches, 0);
  const rest = Object.entries({ present: 'there already', failed: 'failed', stopped: 'stopped' }).flatMap(
    ([status, words]) => {
      const n = records.filter((record) => record.status === status).length;
      return n > 0 ? [`${n} ${words}`] : [];
    },
  );
  return [
    `${counted(done.length, 'slide')} done`,
    ...rest,
    ...(patches > 0 ? [`${patches} patches, ${perSecond(patches, seconds)}`] : []),
  ].join(', ');
}

const perSecond = (patches: number, seconds: number) => `${Number((patches / seconds).toPrecision(3))} patches/s`;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1000)) throw new InvalidArgumentError('It must be a number above 0 and at most 1000.');
  return value;
}

function part(text: string): number {
  if (text === 'none') return 0;
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("It must be above 0 and at most 1, or 'none'.");
  return value;
}

function slurmTime(text: string): string {
  if ((slurmSeconds(text) ?? 0) < 60)
    throw new InvalidArgumentError('It must be minutes, hours:minutes:seconds or days-hours, and a minute at least.');
  return text;
}

function slurmMemory(text: string): string {
  if (slurmBytes(text) === undefined) throw new InvalidArgumentError('It must be a number and K, M, G or T.');
  return text;
}
