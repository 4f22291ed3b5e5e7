import { bytesOf, floatsOf, sizeOf, type Bytes, type ElementType } from '../../files/bytes.js';
import { HEAD, kindOf, whatItIs } from '../../files/signature.js';
import { latin1, printable } from '../../files/text.js';
import { bagShape, type BagReader, type OpenBag } from './open-bag.js';

/** A matrix needs less than a hundred bytes of header; record types, which have the long ones, are no features. */
const MAX_HEADER = 4096;

const TYPES: Readonly<Record<string, ElementType>> = { '<f2': 'f16', '<f4': 'f32', '<f8': 'f64' };

/** Reads a matrix that numpy.save wrote (NumPy Enhancement Proposal 1; versions 1 to 3 of the format). */
export const withNpyBag: BagReader = async (source, use) => use(await openBag(bytesOf(source)));

async function openBag(bytes: Bytes): Promise<OpenBag> {
  const { start, type, shape } = await readHeader(bytes);
  const [patches, width] = bagShape(shape, bytes.wrong);
  const rowSize = width * sizeOf(type);
  const end = start + patches * rowSize;
  if (end !== bytes.size) throw bytes.wrong(`the file has ${bytes.size} bytes, its header says ${end}`);
  return {
    header: { patches, width },
    rows: async (from, to) => floatsOf(await bytes.read(start + from * rowSize, (to - from) * rowSize), type),
    coordinates: () => undefined,
  };
}

async function readHeader(bytes: Bytes): Promise<{ start: number; type: ElementType; shape: number[] }> {
  const head = await bytes.read(0, Math.min(HEAD, bytes.size));
  if (kindOf(head) !== 'npy') {
    const { message, remedy } = whatItIs(head, 'NumPy');
    throw bytes.wrong(message, remedy);
  }
  const version = head[6];
  if (!(version >= 1 && version <= 3))
    throw bytes.wrong(`version ${version} of the .npy format is not known`, 'Save it again with numpy.save');
  const at = version === 1 ? 10 : 12;
  if (head.length < at) throw bytes.wrong('the file ends in its header');
  const view = new DataView(head.buffer);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER)
    throw bytes.wrong(`the header would be ${length} bytes long`, 'Save a plain matrix of floats with numpy.save');
  const text = latin1(await bytes.read(at, length));
  return { start: at + length, ...parseHeader(text, bytes) };
}

/** The header is a Python dict of three entries: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`. */
function parseHeader(text: string, { wrong }: Bytes): { type: ElementType; shape: number[] } {
  const described = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (described?.endsWith('O'))
    throw wrong('the array holds Python objects, which could run code', 'Save the features as a matrix of floats');
  if (described === undefined || fortran === undefined || shape === undefined) {
    throw wrong(`the header cannot be read (${printable(text)})`, 'Save a plain matrix of floats with numpy.save');
  }
  const type = Object.hasOwn(TYPES, described) ? TYPES[described] : undefined;
  if (!type)
    throw wrong(
      `the features are of type ${printable(described)}`,
      'Store them as little-endian float16, float32 or float64',
    );
  if (fortran === 'True')
    throw wrong('the matrix is stored by columns', 'Save it as numpy.save(file, numpy.ascontiguousarray(x))');
  return { type, shape: shape.split(',').flatMap((n) => (n.trim() === '' ? [] : [Number(n)])) };
}
