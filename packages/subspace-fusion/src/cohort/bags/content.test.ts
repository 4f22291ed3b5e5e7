import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../files/errors.js';
import { encodeSafetensors } from '../../files/safetensors.js';
import { newFolder } from '../made-files.test.helper.js';
import { contentProblems } from './content.js';
import { checkBag } from './features.js';

const folder = newFolder();
let made = 0;
const WIDTH = 3;

interface Made {
  readonly rows: readonly (readonly number[])[];
  readonly places: readonly (readonly [number, number])[];
  readonly name?: string;
}

async function hdf5({ rows, places, name = 'features' }: Made): Promise<string> {
  await ready;
  const path = join(folder, `slide-${made++}.h5`);
  const file = new File(path, 'w');
  file.create_dataset({ name, data: Float32Array.from(rows.flat()), shape: [rows.length, WIDTH] });
  file.create_dataset({ name: 'coords', data: Int32Array.from(places.flat()), shape: [rows.length, 2] });
  file.close();
  return path;
}

function safetensors({ rows, places, name = 'features' }: Made): Promise<string> {
  const path = join(folder, `slide-${made++}.safetensors`);
  const tensor = (numbers: number[], width: number) => ({
    shape: [rows.length, width],
    data: Float32Array.from(numbers),
  });
  const tensors = [[name, tensor(rows.flat(), WIDTH)] as const, ['coords', tensor(places.flat(), 2)] as const];
  writeFileSync(path, encodeSafetensors(tensors));
  return Promise.resolve(path);
}

const patch = (i: number) => [i + 1, i * i, 2];
const place = (i: number) => [i * 256, 0] as const;
const count = [0, 1, 2, 3, 4];

describe.each([
  ['HDF5', hdf5],
  ['safetensors', safetensors],
])('a bag in %s', (_, write) => {
  const warnings = async (...slides: readonly Made[]) => {
    const paths = await Promise.all(slides.map(write));
    const contents = new Map(await Promise.all(paths.map(async (path) => [path, await checkBag(path)] as const)));
    return contentProblems('bags', contents).map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
  };
  const whole: Made = { rows: count.map(patch), places: count.map(place) };

  it('that is whole gives no warning, nor does one that repeats patches on purpose, nor a single patch', async () => {
    const fixed = {
      rows: [...whole.rows, ...whole.rows],
      places: [...whole.places, ...whole.places],
      name: 'Res_feature',
    };
    expect(await warnings(whole, fixed, { rows: [patch(1)], places: [place(1)] })).toEqual([]);
  });

  it('has patches of zeros', async () => {
    const stopped: Made = { rows: [...whole.rows, [0, 0, 0], [0, 0, 0]], places: [...whole.places, [0, 0], [0, 0]] };
    expect(await warnings(whole, stopped)).toEqual([
      expect.stringMatching(
        /^slide-\d+\.\w+: 2 of 7 patches are all zero and have the same coordinates\. Was the extraction stopped\?/,
      ),
    ]);
    const apart = { rows: [...whole.rows, [0, 0, 0]], places: [...whole.places, place(9)] };
    expect(await warnings(stopped, apart)).toEqual([
      expect.stringMatching(
        /^bags: 2 files have patches whose features are all zero \('slide-\d+\.\w+: 2 of 7', 'slide-\d+\.\w+: 1 of 6'\)\. Was/,
      ),
    ]);
  });

  it('has patches twice', async () => {
    const twice = { rows: [...whole.rows, ...whole.rows], places: [...whole.places, ...whole.places] };
    expect(await warnings(twice)).toEqual([expect.stringMatching(/: 5 of 10 patches repeat coordinates\./)]);
  });

  it('has patches that are all alike, but for the rounding of half precision', async () => {
    const alike = (value: number) => ({
      rows: count.map((i) => [value, value * (1 + i * 1e-4), -value]),
      places: whole.places,
    });
    expect(await warnings(alike(1))).toEqual([expect.stringMatching(/: all 5 patches have the same features\./)]);
    expect(await warnings(alike(1), alike(2), whole, alike(3), alike(4))).toEqual([
      expect.stringMatching(/^bags: all patches of 4 slides have the same features/),
    ]);
  });
});
