import h5wasm from 'h5wasm/node';

/** Name of the encoder that simulated bags carry, so that no model mistakes them for real features. */
export const SIMULATED_ENCODER = 'simulated';
/** Edge of a patch at level 0, in pixels. */
const PATCH_SIZE = 256;

/**
 * Writes one slide in the CLAM layout: `features` float32 [patches, width], `coords` int32 [patches, 2] (x, y of the patch's
 * corner) with attributes `patch_size` and `patch_level`, and the file's attribute `encoder`. Patches are row-major on a
 * square. Throws when the file cannot be written.
 */
export async function writeBagFile(path: string, features: Float32Array, side: number): Promise<void> {
  await h5wasm.ready;
  const patches = side * side;
  const coordinates = Int32Array.from({ length: 2 * patches }, (_, i) => {
    const patch = i >> 1;
    return PATCH_SIZE * (i % 2 === 0 ? patch % side : Math.floor(patch / side));
  });
  // HDF5 stamps its objects with the time of day, and the library offers no switch; the same seed should write the same bytes.
  withFixedClock(() => {
    const file = new h5wasm.File(path, 'w');
    file.create_attribute('encoder', SIMULATED_ENCODER);
    file.create_dataset({
      name: 'features',
      data: features,
      shape: [patches, features.length / patches],
      dtype: '<f4',
    });
    const coords = file.create_dataset({ name: 'coords', data: coordinates, shape: [patches, 2], dtype: '<i4' });
    coords.create_attribute('patch_size', PATCH_SIZE, null, '<i4');
    coords.create_attribute('patch_level', 0, null, '<i4');
    file.close();
  });
}

function withFixedClock(work: () => void): void {
  const now = Date.now;
  Date.now = () => 0;
  try {
    work();
  } finally {
    Date.now = now;
  }
}
