import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { badInput, WorkError } from '../../files/errors.js';
import { FlatBufferError } from './flatbuffer.js';

/** The npm package that holds a MobileNetV2 (Apache-2.0), in the version whose layers are known here. */
export const MOBILENET_PACKAGE = '@mediapipe/objectron@0.4.1675468480';
const NAME = '@mediapipe/objectron';
const ASSETS = 'objectron_solution_packed_assets.data';

/**
 * The assets of the package where it is installed: beside this program, or in the folder where the command is given.
 * @returns the path of the file; undefined where it is not installed
 */
export function installedAssets(): string | undefined {
  for (const base of [import.meta.url, join(process.cwd(), 'any.js')]) {
    try {
      const file = join(dirname(createRequire(base).resolve(`${NAME}/package.json`)), ASSETS);
      if (existsSync(file)) return file;
    } catch {
      // Not there: the next.
    }
  }
  return undefined;
}

/**
 * The assets of the package, fetched by npm with the user's own settings into a folder of temporary files, which is removed.
 * @throws {WorkError} where npm is missing or fails
 */
export async function fetchedAssets(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'subspace-mobilenet-'));
  try {
    await npm(['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', MOBILENET_PACKAGE]); // prettier-ignore
    return await readFile(join(folder, 'node_modules', NAME, ASSETS));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs npm; what it says on standard error is the reason where it fails. */
async function npm(args: readonly string[]): Promise<void> {
  const windows = process.platform === 'win32';
  const child = spawn(windows ? 'npm.cmd' : 'npm', args, { stdio: ['ignore', 'ignore', 'pipe'], shell: windows });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said += part.toString()));
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      said = error.message;
      resolve(null);
    });
    child.on('close', resolve);
  });
  if (code === 0) return;
  const [why = 'it gave no reason'] = said.split('\n').filter((line) => line.trim() !== '');
  throw new WorkError(
    `npm could not fetch ${MOBILENET_PACKAGE} (${why.trim()}). Install it yourself where you can, npm install ${MOBILENET_PACKAGE}, and give the same command again.`,
  );
}

/**
 * The TFLite model within the packed assets: from four bytes before the letters of its format to the end of the file.
 * @throws {InputError} where there is none
 */
export function tfliteOf(assets: Uint8Array, file: string): Uint8Array {
  const at = Buffer.from(assets.buffer, assets.byteOffset, assets.byteLength).indexOf('TFL3');
  if (at < 4) throw wrongPackage(file, 'it holds no TFLite model');
  return assets.subarray(at - 4);
}

/** What is wrong with the model of a package, as bad input. */
const wrongPackage = (file: string, what: string) =>
  badInput({
    file,
    message: `this is not the MobileNetV2 that is known (${what})`,
    remedy: `Install ${MOBILENET_PACKAGE}, without changes`,
  });

/** Runs the conversion; damaged bytes are bad input. */
export function reading<T>(file: string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (error instanceof FlatBufferError || error instanceof RangeError) throw wrongPackage(file, error.message);
    throw error;
  }
}
