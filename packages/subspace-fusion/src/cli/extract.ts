import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { counted, parseOverrides } from '../cohort/index.js';
import type { SlideRecord } from '../slides/index.js';
import { interruptible } from './interrupt.js';
import { collect, count, PROVIDERS } from './options.js';
import { progressBar } from './progress.js';

interface ExtractFlags {
  readonly encoder: string;
  readonly out: string;
  readonly magnification: number;
  readonly mpp?: number;
  readonly patchSize: number;
  readonly objective?: number;
  readonly tissue: number;
  readonly fix?: number;
  readonly set: string[];
  readonly batch?: number;
  readonly provider: Provider;
  readonly threads?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** `subspace extract SLIDES…`: whole-slide images to the feature files that `train` reads. */
export function addExtractCommand(program: Command): void {
  program
    .command('extract')
    .description('make feature files from whole-slide images with an ONNX image encoder')
    .argument('<slides...>', 'Aperio SVS, pyramidal TIFF, OME-TIFF, PNG, JPEG; or folders of them')
    .requiredOption('--encoder <file>', 'ONNX model; the YAML beside it says how it wants its images')
    .requiredOption('--out <folder>', 'where the feature files go')
    .option('--magnification <x>', 'magnification of the patches', positive, 20)
    .addOption(new Option('--mpp <micrometres>', 'micrometres a pixel of the patches, instead of --magnification').argParser(positive).conflicts('magnification'))
    .option('--patch-size <pixels>', 'edge of a patch, at that magnification', count, 256)
    .option('--objective <x>', 'objective power of the slides, where they do not say it', positive)
    .option('--tissue <part>', 'least part of a patch that is tissue', part, 0.5)
    .option('--fix <n>', 'exactly so many rows for every slide, in the form of the published code', count)
    .option('--set <key=value>', "overrides a key of the encoder's YAML; may be repeated", collect, [])
    .option('--batch <n>', 'patches encoded at a time (default: 8 on the cpu, 64 elsewhere)', count)
    .addOption(new Option('--provider <name>', 'where the encoder runs').choices(PROVIDERS).default('cpu'))
    .option('--threads <n>', 'threads of the encoder (default: one a core)', count)
    .option('--overwrite', 'replace feature files that were made with other settings')
    .option('--json', 'print what was done as JSON')
    .action(async (slides: string[], flags: ExtractFlags) => {
      const { out, magnification, mpp, patchSize, objective, tissue, fix, overwrite, provider, threads } = flags;
      const { batch = provider === 'cpu' ? 8 : 64 } = flags; // a larger one takes memory and gains nothing on a CPU
      const { extract, openEncoder } = await import('../slides/index.js'); // the other commands need no image library
      const encoder = await openEncoder(flags.encoder, { overrides: parseOverrides(flags.set), provider, threads });
      const resolution = mpp === undefined ? { magnification } : { micrometres: mpp };
      const bar = progressBar('patches');
      const started = performance.now();
      const records = await interruptible((signal) =>
        extract({
          ...{ slides, out, encoder, fix, batch, overwrite, signal, cutting: { patchSize, resolution, objective, tissue } },
          onPatches: (slide, done, of) => { bar.update(done, of, slide); },
          onSlide: (record, done, of) => {
            bar.clear();
            if (record.status === 'failed') console.error(record.message);
            else if (!flags.json) console.log(`${done}/${of} ${describe(record)}`);
          },
        }),
      ).finally(async () => {
        bar.clear();
        await encoder.dispose();
      });
      console.log(flags.json ? JSON.stringify(records, null, 2) : summary(records, (performance.now() - started) / 1000));
      const failed = records.flatMap((record) => (record.status === 'failed' ? [record] : []));
      if (failed.length > 0) process.exitCode = failed.every(({ badInput }) => badInput) ? 2 : 1;
    });
}

function describe(record: SlideRecord): string {
  if (record.status !== 'done') return `${record.slide}: was there already`;
  const { slide, patches, tissue, seconds } = record;
  return `${slide}: ${counted(patches, 'patch', 'patches')}, ${Math.round(100 * tissue)} % of the slide is tissue; ${perSecond(patches, seconds)}`;
}

function summary(records: readonly SlideRecord[], seconds: number): string {
  const done = records.flatMap((record) => (record.status === 'done' ? [record] : []));
  const of = (status: SlideRecord['status']) => records.filter((record) => record.status === status).length;
  const patches = done.reduce((sum, record) => sum + record.patches, 0);
  const rest = [of('present') > 0 ? `${of('present')} there already` : '', of('failed') > 0 ? `${of('failed')} failed` : ''].filter((text) => text !== '');
  return [`${counted(done.length, 'slide')} done`, ...rest, ...(patches > 0 ? [`${patches} patches, ${perSecond(patches, seconds)}`] : [])].join(', ');
}

const perSecond = (patches: number, seconds: number) => `${Number((patches / seconds).toPrecision(3))} patches/s`;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function part(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It must be above 0 and at most 1.');
  return value;
}
