import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { openModel, type OpenedModel, type Provider, type ShapedData, type TensorInfo } from 'onnx-autodiff';
import { z } from 'zod';
import { sha256File } from '../cohort/cohort-files.js';
import { readYaml } from '../config/yaml.js';
import { badInput, InputError } from '../files/errors.js';
import { readTextFile, withFile } from '../files/file-source.js';
import { wrongValue } from '../files/schema-words.js';
import { externalWeights } from './external-weights.js';

const triple = z.tuple([z.number(), z.number(), z.number()], {
  error: 'three numbers are needed: for red, green and blue',
});

const schema = z.strictObject({
  /** Name that the features carry; by default the file's. */
  name: z.string().min(1).optional(),
  /** Edge of the square image that the encoder takes, in pixels; by default what the model says. */
  size: z.int().positive().max(4096).optional(),
  /** Of red, green and blue between 0 and 1: the input is (value − mean) / std. */
  mean: triple,
  std: triple.refine((values) => values.every((value) => value > 0), 'std must be above 0'),
  /** Order of the channels. */
  channels: z.enum(['rgb', 'bgr']).default('rgb'),
  /** Order of the axes: [batch, channel, row, column], or [batch, row, column, channel]. */
  layout: z.enum(['nchw', 'nhwc']).default('nchw'),
  /** Output that holds the features, where there are several. */
  output: z.string().min(1).optional(),
  /** What makes one vector of several: the mean over a map or over all tokens, or the first token; `map` keeps every place of a map. */
  pooling: z.enum(['none', 'mean', 'first', 'map']).default('none'),
});

/** How an encoder wants its images, and what it gives: `encoder.yaml`. */
export type EncoderConfig = Readonly<z.output<typeof schema>>;

/** The file that describes an encoder: beside `uni.onnx`, `uni.yaml`. */
const configFileOf = (model: string): string => `${model.replace(/\.onnx$/i, '')}.yaml`;

const EXAMPLE = 'For an encoder trained on ImageNet: mean: [0.485, 0.456, 0.406] and std: [0.229, 0.224, 0.225]';

/**
 * Reads the description of an encoder from the YAML beside it, where there is one, and `overrides`, whose values are written as in YAML.
 * @throws {InputError} for a key that is unknown, wrong or missing.
 */
async function readEncoderConfig(
  model: string,
  overrides: Readonly<Record<string, string>> = {},
): Promise<EncoderConfig> {
  const file = configFileOf(model);
  const written = existsSync(file) ? readYaml(await readTextFile(file), file).value : {};
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    throw new InputError(`${file}: this is no list of keys. ${EXAMPLE}.`);
  const set = Object.entries(overrides).map(
    ([key, value]) => [key, readYaml(value, `--set ${key}=${value}`, { hasRows: false }).value] as const,
  );
  const result = schema.safeParse({ ...written, ...Object.fromEntries(set) }, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  if (issue.code === 'unrecognized_keys') {
    throw new InputError(
      `${file}: there is no key '${issue.keys[0]}'. The keys are ${Object.keys(schema.shape).join(', ')}.`,
    );
  }
  const key = String(issue.path[0]);
  const given = Object.hasOwn(written, key) || Object.hasOwn(overrides, key);
  if (!given)
    throw new InputError(
      `${file}: '${key}' is missing; the normalisation of an encoder cannot be guessed. ${EXAMPLE}. Or give it as --set ${key}=VALUE.`,
    );
  const { message } = wrongValue(issue, issue.path.join('.'));
  throw new InputError(`${file}: ${message}. docs/encoders.md describes the keys.`);
}

/** Name of the encoder as its features carry it. */
const encoderName = (model: string, { name }: EncoderConfig): string => name ?? basename(model).replace(/\.onnx$/i, '');

/** An image encoder that is ready to run. */
export interface Encoder {
  readonly name: string;
  /** SHA-256 of the model, and of every file that holds some of its weights. */
  readonly sha256: string;
  readonly config: EncoderConfig;
  /** Edge of the images that it takes. */
  readonly size: number;
  /** Length of a feature vector. */
  readonly width: number;
  /** Vectors along each edge of a patch: 1, or where every place of a map is kept the edge of the map. */
  readonly side: number;
  /**
   * Features `[n·side², width]` of patches, RGB `[n, size, size, 3]`: those of a patch row by row.
   * @throws {InputError} where the model fails on them.
   */
  encode(patches: Uint8Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface EncoderOptions {
  /** Keys of the encoder's YAML and their values. */
  readonly overrides?: Readonly<Record<string, string>>;
  readonly provider?: Provider;
  readonly threads?: number;
}

/**
 * Opens an ONNX image encoder with the YAML beside it.
 * @throws {InputError} for a file that is missing or no model, or a model that does not turn a batch of images into vectors.
 */
export async function openEncoder(
  file: string,
  { overrides, provider, threads }: EncoderOptions = {},
): Promise<Encoder> {
  if (!existsSync(file))
    throw new InputError(
      `${file}: there is no such encoder. Give an ONNX file; docs/encoders.md tells how to export one.`,
    );
  const config = await readEncoderConfig(file, overrides);
  const weights = await weightFiles(file);
  const model = await openModel(file, { provider, threads }).catch((error: unknown) => {
    throw new InputError(
      `${file}: ONNX Runtime cannot open it on ${provider ?? 'cpu'} (${reason(error)}). Export it again as docs/encoders.md tells, or take another --provider.`,
    );
  });
  if (weights === undefined) {
    await model.dispose();
    throw new InputError(
      `${file}: this is no ONNX model in its usual form. Export it again as docs/encoders.md tells.`,
    );
  }
  const input = imageInput(file, model);
  const size = imageSize(file, input, config);
  const output = chosenOutput(file, model, config);
  checkOutputSize(file, model, output);
  const encodeBatch = async (patches: Uint8Array, batch: number): Promise<Tokens> => {
    const shape = config.layout === 'nchw' ? [batch, 3, size, size] : [batch, size, size, 3];
    const feeds = { [input.name]: { data: toInput(patches, batch, size, config), shape } };
    const results = await model.run(feeds, [output]).catch((error: unknown) => {
      throw new InputError(
        `${file}: the encoder failed (${reason(error)}). Check size, layout and output in its YAML, or take a smaller --batch.`,
      );
    });
    return config.pooling === 'map'
      ? mapTokens(file, results[output], config, batch)
      : { features: pooled(file, results[output], config, batch), side: 1 };
  };
  const fixedBatch = typeof input.shape[0] === 'number' ? input.shape[0] : undefined;
  const oneImage = 3 * size * size;
  const tried = await encodeBatch(new Uint8Array(oneImage), fixedBatch ?? 1);
  const { side } = tried;
  const ofPatch = tried.features.length / (fixedBatch ?? 1);
  return {
    name: encoderName(file, config),
    sha256: await modelHash(file, weights),
    config,
    size,
    width: ofPatch / side ** 2,
    side,
    async encode(patches) {
      const n = patches.length / oneImage;
      const batch = fixedBatch ?? n;
      const features = new Float32Array(n * ofPatch);
      for (let from = 0; from < n; from += batch) {
        const part = await encodeBatch(patches.subarray(from * oneImage, (from + batch) * oneImage), batch);
        features.set(part.features.subarray(0, (n - from) * ofPatch), from * ofPatch);
      }
      return features;
    },
    dispose: () => model.dispose(),
  };
}

/** Why ONNX Runtime failed, in one line. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message.trim() : String(error);
  const bytes = /Failed to allocate memory for requested buffer of size (\d+)/.exec(text)?.[1];
  return bytes === undefined
    ? text.split('\n')[0]
    : `there is no memory for ${(Number(bytes) / 1e9).toFixed(1)} GB at once`;
}

/**
 * Files beside a model that hold its weights, as the model names them; undefined where the model cannot be read so far.
 * @throws {InputError} where one is missing, or is not below the model's folder.
 */
async function weightFiles(file: string): Promise<string[] | undefined> {
  const names = await withFile(file, externalWeights).catch((error: unknown) => {
    if (error instanceof RangeError) return undefined;
    throw error;
  });
  for (const name of names ?? []) {
    const place = normalize(name);
    if (name === '' || isAbsolute(name) || place.split(/[/\\]/).includes('..') || name.includes('\0'))
      throw badInput({
        file,
        message: 'the model takes weights from outside its own folder',
        examples: [name],
        remedy: 'Export it again with its weights beside it. Take models only from whom you trust',
      });
    const found = await stat(join(dirname(file), place)).catch(() => undefined);
    if (!found?.isFile())
      throw badInput({
        file,
        message: 'the model has its weights in a file that is not there',
        examples: [name],
        remedy: 'Put it where it was beside the model, under the same name',
      });
  }
  return names;
}

/** SHA-256 of the model's bytes, and of those of the files that hold its weights: of one its own, of several that of their list. */
async function modelHash(file: string, weights: readonly string[]): Promise<string> {
  const hashes: { name: string; hash: string }[] = [];
  for (const name of weights) hashes.push({ name, hash: await sha256File(join(dirname(file), name)) });
  const own = await sha256File(file);
  if (hashes.length === 0) return own;
  if (hashes.length === 1) return `${own}+${hashes[0].hash}`;
  const list = hashes.map(({ name, hash }) => `${hash}  ${name}\n`).join('');
  return `${own}+${createHash('sha256').update(list).digest('hex')}`;
}

function imageInput(file: string, { inputs }: OpenedModel): TensorInfo {
  const [input] = inputs;
  if (inputs.length !== 1 || input.shape.length !== 4) {
    const found = inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
    throw new InputError(
      `${file}: an encoder takes one batch of images [n, 3, rows, columns]; this model takes ${found || 'nothing'}. Export the image part alone.`,
    );
  }
  if (input.type !== 'float32')
    throw new InputError(`${file}: the input is ${input.type}. Export the encoder in float32.`);
  return input;
}

function imageSize(file: string, { name, shape }: TensorInfo, { size, layout }: EncoderConfig): number {
  const [channels, height, width] = layout === 'nchw' ? [shape[1], shape[2], shape[3]] : [shape[3], shape[1], shape[2]];
  const takes = `the model takes ${name} [${shape.join(', ')}]`;
  if (typeof channels === 'number' && channels !== 3)
    throw new InputError(
      `${file}: ${takes}, which is not '${layout}' of three channels. Correct 'layout' in its YAML.`,
    );
  const own = typeof height === 'number' && height === width ? height : undefined;
  if (own !== undefined && size !== undefined && own !== size)
    throw new InputError(`${file}: ${takes}, and its YAML says size ${size}. Correct 'size'.`);
  const edge = size ?? own;
  if (edge === undefined)
    throw new InputError(`${file}: ${takes}, which fixes no size. Give 'size' in its YAML, as in size: 224.`);
  return edge;
}

function chosenOutput(file: string, { outputs }: OpenedModel, { output }: EncoderConfig): string {
  const names = outputs.map(({ name }) => name);
  if (output === undefined && names.length === 1) return names[0];
  if (output !== undefined && names.includes(output)) return output;
  throw new InputError(
    `${file}: ${output === undefined ? 'the model has several outputs' : `there is no output '${output}'`}. Name one of ${names.join(', ')} as 'output' in its YAML.`,
  );
}

/** Features of an image that are refused unseen, were a model to announce more: a gigabyte of them. */
const MOST_VALUES = 2 ** 28;

/** Refuses a model that announces an output which could take all memory, before it is run. */
function checkOutputSize(file: string, { outputs }: OpenedModel, output: string): void {
  const shape = outputs.find(({ name }) => name === output)?.shape ?? [];
  const values = shape.reduce<number>((product, length) => product * (typeof length === 'number' ? length : 1), 1);
  if (values > MOST_VALUES)
    throw new InputError(
      `${file}: the output '${output}' has the shape [${shape.join(', ')}], which is no vector an image. Take a model that is an image encoder, from whom you trust.`,
    );
}

/** Images as the encoder wants them, `(value / 255 − mean) / std`; a batch that is not full ends in zeros. */
function toInput(
  patches: Uint8Array,
  batch: number,
  size: number,
  { mean, std, channels, layout }: EncoderConfig,
): Float32Array {
  const plane = size * size;
  const images = new Float32Array(3 * batch * plane);
  const tables = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / std[c]));
  for (const [c, table] of tables.entries()) {
    const channel = channels === 'rgb' ? c : 2 - c;
    for (let i = 0; i < patches.length / 3; i++) {
      const at = layout === 'nchw' ? (3 * Math.floor(i / plane) + channel) * plane + (i % plane) : 3 * i + channel;
      images[at] = table[patches[3 * i + c]];
    }
  }
  return images;
}

/** One vector an image, `[batch, width]`, from vectors, maps `[batch, channel, row, column]` or tokens `[batch, token, channel]`. */
function pooled(
  file: string,
  { data, shape }: ShapedData<Float32Array>,
  { pooling, layout }: EncoderConfig,
  batch: number,
): Float32Array {
  const vectors = shape.length >= 2 && shape.slice(2).every((length) => length === 1);
  if (vectors && shape[0] === batch) return data;
  const shown = `[${shape.join(', ')}]`;
  if (shape[0] !== batch || shape.length < 3 || pooling === 'none') {
    throw new InputError(
      `${file}: the output has the shape ${shown}, not one vector an image. Name another 'output' in its YAML, or set 'pooling' to mean or first, or keep a map's places with --tokens map.`,
    );
  }
  if (shape.length === 4 && layout === 'nchw') return meanOver(data, batch * shape[1], shape[2] * shape[3], 1);
  const width = shape[shape.length - 1];
  const places = shape.slice(1, -1).reduce((a, b) => a * b, 1);
  if (pooling === 'mean') return meanOver(data, batch, places, width);
  const first = new Float32Array(batch * width);
  for (let i = 0; i < batch; i++) first.set(data.subarray(i * places * width, (i * places + 1) * width), i * width);
  return first;
}

/** What an encoder gave of a batch of patches. */
interface Tokens {
  /** `[batch·side², width]` */
  readonly features: Float32Array;
  readonly side: number;
}

/** Every place of a square map `[batch, channel, row, column]`, or `[batch, row, column, channel]`, as a token, row by row. */
function mapTokens(
  file: string,
  { data, shape }: ShapedData<Float32Array>,
  { layout }: EncoderConfig,
  batch: number,
): Tokens {
  const [rows, columns, width] = layout === 'nchw' ? [shape[2], shape[3], shape[1]] : [shape[1], shape[2], shape[3]];
  if (shape.length !== 4 || shape[0] !== batch || rows !== columns)
    throw new InputError(
      `${file}: the output has the shape [${shape.join(', ')}], which is no square map of features. Name another 'output' in its YAML, or leave --tokens map out.`,
    );
  if (layout === 'nhwc') return { features: data, side: rows };
  const places = rows * columns;
  const features = new Float32Array(data.length);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < width; c++)
      for (let p = 0; p < places; p++) features[(b * places + p) * width + c] = data[(b * width + c) * places + p];
  return { features, side: rows };
}

/** Mean over the middle axis of `[outer, places, inner]`. */
function meanOver(data: Float32Array, outer: number, places: number, inner: number): Float32Array {
  const out = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let p = 0; p < places; p++) sum += data[(o * places + p) * inner + i];
      out[o * inner + i] = sum / places;
    }
  }
  return out;
}
