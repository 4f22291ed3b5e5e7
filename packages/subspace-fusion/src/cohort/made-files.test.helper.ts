import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';

/** Small files for this room's tests, written to a folder of their own. */

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'cohort-'));

/** Writes a file and returns its path. */
export function write(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export interface MadeBag {
  readonly shape: readonly number[];
  readonly features: Float32Array | Float64Array | Int32Array;
  readonly name?: string;
  readonly coords?: Int32Array | BigInt64Array;
  readonly encoder?: string;
  readonly compressed?: boolean;
}

/** Writes a feature file in the layout of CLAM. */
export async function writeBag(folder: string, file: string, bag: MadeBag): Promise<string> {
  await ready;
  const path = join(folder, file);
  const hdf5 = new File(path, 'w');
  const chunks = bag.compressed ? { chunks: bag.shape.map((n) => Math.min(n, 64)), compression: 'gzip' as const } : {};
  hdf5.create_dataset({ name: bag.name ?? 'features', data: bag.features, shape: [...bag.shape], ...chunks });
  if (bag.coords) hdf5.create_dataset({ name: 'coords', data: bag.coords, shape: [bag.coords.length / 2, 2] });
  if (bag.encoder) hdf5.create_attribute('encoder', bag.encoder);
  hdf5.close();
  return path;
}
