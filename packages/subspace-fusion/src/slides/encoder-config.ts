import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { InputError } from '../files/errors.js';

const triple = z.tuple([z.number(), z.number(), z.number()], {
  error: 'three numbers are needed: for red, green and blue',
});

const schema = z.strictObject({
  /** Name that the features carry; by default the file's. */
  name: z.string().min(1).optional(),
  /** Edge of the square image that the encoder takes, in pixels; by default what the model says. */
  size: z.int().positive().optional(),
  /** Of red, green and blue between 0 and 1: the input is (value − mean) / std. */
  mean: triple,
  std: triple.refine((values) => values.every((value) => value > 0), 'std must be above 0'),
  /** Order of the channels. */
  channels: z.enum(['rgb', 'bgr']).default('rgb'),
  /** Order of the axes: [batch, channel, row, column], or [batch, row, column, channel]. */
  layout: z.enum(['nchw', 'nhwc']).default('nchw'),
  /** Output that holds the features, where there are several. */
  output: z.string().min(1).optional(),
  /** What makes one vector of several: the mean over a map or over all tokens, or the first token. */
  pooling: z.enum(['none', 'mean', 'first']).default('none'),
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
export async function readEncoderConfig(
  model: string,
  overrides: Readonly<Record<string, string>> = {},
): Promise<EncoderConfig> {
  const file = configFileOf(model);
  const written = existsSync(file) ? yamlOf(await readFile(file, 'utf8'), file) : {};
  if (typeof written !== 'object' || written === null || Array.isArray(written))
    throw new InputError(`${file}: this is no list of keys. ${EXAMPLE}.`);
  const set = Object.entries(overrides).map(([key, value]) => [key, yamlOf(value, `--set ${key}=${value}`)] as const);
  const result = schema.safeParse({ ...written, ...Object.fromEntries(set) });
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  if (issue.code === 'unrecognized_keys') {
    throw new InputError(
      `${file}: there is no key '${issue.keys[0]}'. The keys are ${Object.keys(schema.shape).join(', ')}.`,
    );
  }
  const key = String(issue.path[0]);
  const given = key in written || key in overrides;
  if (!given)
    throw new InputError(
      `${file}: '${key}' is missing; the normalisation of an encoder cannot be guessed. ${EXAMPLE}. Or give it as --set ${key}=VALUE.`,
    );
  throw new InputError(`${file}: '${key}' is wrong: ${issue.message}. docs/encoders.md describes the keys.`);
}

function yamlOf(text: string, where: string): unknown {
  try {
    return parseYaml(text) as unknown;
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new InputError(`${where}: this is not valid YAML (${error.message.split('\n')[0]}). Correct it.`);
    throw error;
  }
}

/** Name of the encoder as its features carry it. */
export const encoderName = (model: string, { name }: EncoderConfig): string =>
  name ?? basename(model).replace(/\.onnx$/i, '');
