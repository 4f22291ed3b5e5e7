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

/** Opens a feature file of any format that is read, told by its content, and closes it when `use` is done. */
export const withBag: BagReader = async (file, use) => READERS[await bagFormat(file)](file, use);
