import { bytesOf, floatsOf, numbersOf, sizeOf, type Bytes } from '../../files/bytes.js';
import { latin1Bytes, readTorchPickle, torchArchive, type NumpyArray, type TorchTensor } from '../../files/torch.js';
import type { ZipEntry } from '../../files/zip.js';
import { bagShape, chooseFeatures, FIXED, requirePairs, type BagReader, type OpenBag } from './open-bag.js';
import { provenanceOf } from './provenance.js';

const ALONE = 'Save the features alone: torch.save(features.cpu().contiguous(), file)';

/** Reads a file of torch.save (PyTorch 1.6 and later): a tensor, an array, or a list or dict that holds one. Runs none of its code. */
export const withTorchBag: BagReader = async (source, use) => use(await openBag(bytesOf(source)));

async function openBag(bytes: Bytes): Promise<OpenBag> {
  const { pickle, storage } = await torchArchive(bytes, ALONE);
  const { tensors, attributes } = readTorchPickle(pickle, (message) => bytes.wrong(message, ALONE));
  const { name, features, coordinates } = chooseFeatures(tensors, bytes.wrong);
  const [patches, width] = bagShape(features.shape, bytes.wrong);
  const rowsOf = (matrix: TorchTensor | NumpyArray, wide: number): ReadRows =>
    matrix.kind === 'array'
      ? arrayRows(matrix, patches, wide, bytes)
      : storedRows(matrix, patches, wide, storage(matrix.key), bytes);
  const readFeatures = rowsOf(features, width);
  return {
    header: { patches, width, ...provenanceOf(attributes, name === 'features' && coordinates !== undefined) },
    repeats: name === FIXED,
    rows: async (from, to) => floatsOf(await readFeatures(from, to), features.type),
    async coordinates() {
      if (!coordinates) return undefined;
      requirePairs(coordinates.shape, patches, bytes.wrong);
      return numbersOf(await rowsOf(coordinates, 2)(0, patches), coordinates.type);
    },
  };
}

type ReadRows = (from: number, to: number) => Uint8Array | Promise<Uint8Array>;

/**
 * Reads rows of a tensor [n, width] whose numbers are a file of the archive. The numbers of a row stand side by side; the rows
 * may be apart, as in a slice of a larger tensor.
 */
function storedRows(
  { type, strides, offset }: TorchTensor,
  patches: number,
  width: number,
  stored: ZipEntry,
  bytes: Bytes,
): ReadRows {
  const size = sizeOf(type);
  const [rowStep, step] = strides.slice(-2) as [number, number];
  const isByRows = (step === 1 || width === 1) && (rowStep >= width || patches === 1);
  if (!isByRows) throw bytes.wrong('the tensor is transposed or expanded, not stored by rows', ALONE);
  if ((offset + (patches - 1) * rowStep + width) * size > stored.size)
    throw bytes.wrong('the numbers of the tensor are cut short');
  return async (from, to) => {
    const place = (row: number) => stored.at + (offset + row * rowStep) * size;
    if (rowStep === width) return bytes.read(place(from), (to - from) * width * size);
    const rows = new Uint8Array((to - from) * width * size);
    for (let row = from; row < to; row++)
      rows.set(await bytes.read(place(row), width * size), (row - from) * width * size);
    return rows;
  };
}

/** Reads rows of an array [n, width] whose numbers stand in the pickle. */
function arrayRows({ type, shape, data }: NumpyArray, patches: number, width: number, { wrong }: Bytes): ReadRows {
  const all = data instanceof Uint8Array ? data : latin1Bytes(data);
  const rowSize = width * sizeOf(type);
  if (all?.length !== patches * rowSize)
    throw wrong(`the array [${shape.join(', ')}] has ${all?.length ?? 'no readable'} bytes, not ${patches * rowSize}`);
  return (from, to) => all.slice(from * rowSize, to * rowSize);
}
