import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Dataset, File } from 'h5wasm';
import { makeFolder, temporaryFile } from '../files/atomic.js';
import { loadLibrary, writingHdf5 } from '../files/hdf5-write.js';
import { writingError } from '../files/system-errors.js';

type AttributeValue = string | number | Int32Array | Float64Array;

/** What a feature file says of itself. */
export interface FeatureFileContent {
  /** Corners of the patches in level 0, `[patches, 2]`. */
  readonly corners: Int32Array;
  readonly width: number;
  /** Rows of the file where it is to have a fixed number: the patches in turn, again and again. */
  readonly rows?: number | undefined;
  readonly fileAttributes: Readonly<Record<string, AttributeValue>>;
  readonly featureAttributes: Readonly<Record<string, AttributeValue>>;
  readonly coordinateAttributes: Readonly<Record<string, AttributeValue>>;
}

/** A feature file that is being written. It has its name only when it is whole. */
export interface FeatureFile {
  /** Features of the patches from `from` on, `[n, width]`. */
  write(from: number, features: Float32Array): void;
  finish(): Promise<void>;
  /** Ends without a file. */
  abandon(): Promise<void>;
}

/** Rows of a chunk of the features. */
const CHUNK = 64;

/**
 * Starts a feature file in CLAM's and TRIDENT's form, `features` float32 `[n, width]` and `coords` int64 `[n, 2]`; with a fixed number of
 * rows in the form of the method's published code, `Res_feature` float32 `[1, rows, width]`, `coords` beside it. Features are written as
 * they come: a slide's need not fit into memory.
 * @throws {WorkError} here and in the methods where the file cannot be written.
 */
export async function startFeatureFile(path: string, content: FeatureFileContent): Promise<FeatureFile> {
  const { corners, width, fileAttributes, featureAttributes, coordinateAttributes } = content;
  const patches = corners.length / 2;
  const rows = content.rows ?? patches;
  const temporary = temporaryFile(path);
  const library = await loadLibrary();
  await makeFolder(dirname(path));
  const written = <T>(work: () => T): T => writingHdf5(library, path, work);
  const [file, features] = written(() => {
    const file = new library.File(temporary, 'w');
    setAttributes(file, fileAttributes);
    const [name, axis] = content.rows === undefined ? ['features', []] : ['Res_feature', [1]];
    const chunks = [...axis, Math.min(CHUNK, rows), width];
    const features = file.create_dataset({
      name,
      data: new Float32Array(width),
      shape: [...axis, 1, width],
      maxshape: [...axis, null, width],
      chunks,
      dtype: '<f4',
    });
    features.resize([...axis, rows, width]);
    setAttributes(features, featureAttributes);
    const data = BigInt64Array.from({ length: 2 * rows }, (_, i) => BigInt(corners[i % corners.length]));
    const coords = file.create_dataset({
      name: 'coords',
      data,
      shape: [rows, 2],
      maxshape: [null, 2],
      chunks: [Math.min(1024, rows), 2],
      dtype: '<q',
    });
    setAttributes(coords, coordinateAttributes);
    return [file, features] as const;
  });
  const leading: [number, number][] = content.rows === undefined ? [] : [[0, 1]];
  return {
    write(from, block) {
      const n = block.length / width;
      written(() => {
        for (let at = from; at < rows; at += patches) {
          const fitting = Math.min(n, rows - at);
          features.write_slice([...leading, [at, at + fitting], []], block.subarray(0, fitting * width));
        }
      });
    },
    async finish() {
      written(() => file.close());
      try {
        const handle = await open(temporary, 'r+');
        await handle.sync().finally(() => handle.close());
        await rename(temporary, path);
      } catch (error) {
        throw writingError(path, error);
      }
    },
    async abandon() {
      try {
        written(() => file.close());
      } catch {
        // a file that could not be written can often not be closed either
      }
      await rm(temporary, { force: true });
    },
  };
}

function setAttributes(target: File | Dataset, attributes: Readonly<Record<string, AttributeValue>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'number') target.create_attribute(name, value, null, Number.isInteger(value) ? '<q' : '<d');
    else target.create_attribute(name, value);
  }
}
