import { bagFormat, type BagFormat } from '../../files/signature.js';
import { withHdf5Bag } from './hdf5-bag.js';
import { withNpyBag } from './npy-bag.js';
import type { BagReader } from './open-bag.js';
import { withSafetensorsBag } from './safetensors-bag.js';
import { withTorchBag } from './torch-bag.js';

const READERS: Readonly<Record<BagFormat, BagReader>> = {
  HDF5: withHdf5Bag,
  PyTorch: withTorchBag,
  NumPy: withNpyBag,
  safetensors: withSafetensorsBag,
};

/** Hands a feature file of any format that is read, told by its content, to `use`. Throws {@link InputError} for a file that is no bag. */
export const withBag: BagReader = async (source, use) => READERS[await bagFormat(source)](source, use);
