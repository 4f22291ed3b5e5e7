import { bytesOf, floatsOf, numbersOf, sizeOf, type Bytes, type ElementType } from '../../files/bytes.js';
import { parseSafetensorsHeader, type SafetensorsEntry } from '../../files/safetensors.js';
import { HEAD, whatItIs } from '../../files/signature.js';
import { printable } from '../../files/text.js';
import type { NamedTensor } from '../../files/torch.js';
import { bagShape, chooseFeatures, FIXED, requirePairs, type BagReader, type OpenBag } from './open-bag.js';
import { provenanceOf } from './provenance.js';

/** A bag has a few tensors; a header beyond this is none of a bag. */
const MAX_HEADER = 1 << 20;

const TYPES: Readonly<Record<string, ElementType>> = {
  ...{ F16: 'f16', BF16: 'bf16', F32: 'f32', F64: 'f64' },
  ...{ I8: 'i8', U8: 'u8', I16: 'i16', I32: 'i32', I64: 'i64' },
};

interface Tensor extends NamedTensor {
  /** Place of the first number in the file, and bytes of all of them. */
  readonly start: number;
  readonly length: number;
}

/** Reads the tensor `features` of a safetensors file, or its only matrix; the metadata give the provenance. */
export const withSafetensorsBag: BagReader = async (source, use) => use(await openBag(bytesOf(source)));

async function openBag(bytes: Bytes): Promise<OpenBag> {
  const { tensors, metadata } = await readHeader(bytes);
  const { name, features, coordinates } = chooseFeatures(tensors, bytes.wrong);
  const { start, type } = features;
  const [patches, width] = bagShape(features.shape, bytes.wrong);
  const rowSize = width * sizeOf(type);
  return {
    header: { patches, width, ...provenanceOf(metadata, name === 'features' && coordinates !== undefined) },
    repeats: name === FIXED,
    rows: async (from, to) => floatsOf(await bytes.read(start + from * rowSize, (to - from) * rowSize), type),
    async coordinates() {
      if (!coordinates) return undefined;
      requirePairs(coordinates.shape, patches, bytes.wrong);
      return numbersOf(await bytes.read(coordinates.start, coordinates.length), coordinates.type);
    },
  };
}

async function readHeader(
  bytes: Bytes,
): Promise<{ tensors: Map<string, Tensor>; metadata: Readonly<Record<string, unknown>> }> {
  const head = await bytes.read(0, Math.min(HEAD, bytes.size));
  if (head.length < 9 || head[8] !== '{'.charCodeAt(0)) {
    const { message, remedy } = whatItIs(head, 'safetensors');
    throw bytes.wrong(message, remedy);
  }
  const length = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER) throw bytes.wrong(`the header would be ${length} bytes long`);
  const { entries, metadata } = parseSafetensorsHeader(await bytes.read(8, length), (problem) =>
    bytes.wrong(printable(problem, 200)),
  );
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of entries) {
    const tensor = tensorOf(name, entry, 8 + length, bytes);
    if (tensor) tensors.set(name, tensor);
  }
  return { tensors, metadata };
}

/** Undefined for a type of numbers that no features or coordinates have. */
function tensorOf(
  name: string,
  { dtype, shape, data_offsets: [from, to] }: SafetensorsEntry,
  body: number,
  bytes: Bytes,
): Tensor | undefined {
  const type = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
  if (!type) return undefined;
  const length = shape.reduce((product, n) => product * n, sizeOf(type));
  if (to - from !== length || body + to > bytes.size) {
    throw bytes.wrong(`tensor '${printable(name)}' [${shape.join(', ')}] does not lie inside the file`);
  }
  return { type, shape, start: body + from, length };
}
