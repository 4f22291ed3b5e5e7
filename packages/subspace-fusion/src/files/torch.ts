import { MOST_AXES, type Bytes, type ElementType } from './bytes.js';
import type { InputError } from './errors.js';
import {
  isKind,
  isText,
  isTuple,
  readPickle,
  shortText,
  type PickledDict,
  type PickledList,
  type PickledText,
  type PickleMeaning,
} from './pickle.js';
import { HEAD, kindOf, whatItIs } from './signature.js';
import { latin1, printable } from './text.js';
import { zipEntries, type ZipEntry } from './zip.js';

/** A file of torch.save (PyTorch 1.6 and later): a pickle, and the numbers of its tensors in files beside it. */
export interface TorchArchive {
  readonly pickle: Uint8Array;
  /** Where the numbers of a storage stand. Throws {@link InputError} where they are missing. */
  readonly storage: (key: string) => ZipEntry;
}

/**
 * Opens the archive and reads its pickle, of which nothing is run.
 * @param remedy What to do where the file holds something else.
 * @throws {InputError} for a file that is no archive of torch.save, or a damaged one.
 */
export async function torchArchive(bytes: Bytes, remedy: string): Promise<TorchArchive> {
  const { folder, entries } = await archiveOf(bytes, remedy);
  const partOf = (name: string): ZipEntry => {
    const entry = entries.get(folder + name);
    if (!entry) throw bytes.wrong('a part of the archive is missing');
    return entry;
  };
  const { at, size } = partOf('data.pkl');
  return { pickle: await bytes.read(at, size), storage: (key) => partOf(`data/${key}`) };
}

/** The files of the archive, and the folder in it that holds them all: its name is that of the file it was saved as. */
async function archiveOf(bytes: Bytes, remedy: string): Promise<{ folder: string; entries: Map<string, ZipEntry> }> {
  const head = await bytes.read(0, Math.min(HEAD, bytes.size));
  if (kindOf(head) !== 'zip') {
    const other = whatItIs(head, 'PyTorch');
    throw bytes.wrong(other.message, other.remedy);
  }
  const entries = await zipEntries(bytes);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    if (names.some((name) => name.endsWith('.npy')))
      throw bytes.wrong('this is a NumPy .npz archive', 'Save the features alone with numpy.save');
    throw bytes.wrong('this is a zip archive, but not of torch.save', remedy);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (names.includes(`${folder}constants.pkl`)) throw bytes.wrong('this is a TorchScript model, not tensors', remedy);
  const order = entries.get(`${folder}byteorder`);
  if (order && latin1(await bytes.read(order.at, Math.min(order.size, 8))) !== 'little') {
    throw bytes.wrong('the numbers are not little-endian', 'Save them again on an ordinary computer');
  }
  return { folder, entries };
}

/** A tensor whose numbers stand in a file of their own, `data/KEY` of the archive. */
export interface TorchTensor extends NamedTensor {
  readonly kind: 'tensor';
  readonly key: string;
  /** In numbers, not bytes: place of the first one, and step from one to the next along each axis. */
  readonly offset: number;
  readonly strides: readonly number[];
}

/** An array of NumPy, whose numbers stand in the pickle itself: TRIDENT hands one to torch.save. */
export interface NumpyArray extends NamedTensor {
  readonly kind: 'array';
  /** The bytes themselves, or a text whose letters are the bytes. */
  readonly data: Uint8Array | PickledText;
}

interface Storage {
  readonly kind: 'storage';
  readonly type: ElementType;
  readonly key: string;
  readonly count: number;
}

/** These two get their contents after they were made. */
interface MadeArray {
  readonly kind: 'array';
  shape?: readonly number[];
  type?: ElementType;
  data?: NumpyArray['data'];
}
interface MadeDtype {
  readonly kind: 'dtype';
  readonly code: string;
  order?: string;
}

const STORAGES: Readonly<Record<string, ElementType>> = {
  'torch.HalfStorage': 'f16',
  'torch.BFloat16Storage': 'bf16',
  'torch.FloatStorage': 'f32',
  'torch.DoubleStorage': 'f64',
  'torch.CharStorage': 'i8',
  'torch.ByteStorage': 'u8',
  'torch.ShortStorage': 'i16',
  'torch.IntStorage': 'i32',
  'torch.LongStorage': 'i64',
};
const DTYPES: Readonly<Record<string, ElementType>> = {
  ...{ f2: 'f16', f4: 'f32', f8: 'f64', i1: 'i8', u1: 'u8', i2: 'i16', i4: 'i32', i8: 'i64' },
};

const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const ORDERED_DICT = 'collections.OrderedDict';
const RECONSTRUCT = ['numpy.core.multiarray._reconstruct', 'numpy._core.multiarray._reconstruct'];
const [NDARRAY, DTYPE, ENCODE] = ['numpy.ndarray', 'numpy.dtype', '_codecs.encode'] as const;
const ALLOWED = new Set([
  ...Object.keys(STORAGES),
  REBUILD_TENSOR,
  REBUILD_PARAMETER,
  ORDERED_DICT,
  ...RECONSTRUCT,
  NDARRAY,
  DTYPE,
  ENCODE,
]);

/**
 * Tensors in the `data.pkl` of a file that torch.save wrote of a tensor, or of a list or a dict of tensors, with the texts and
 * numbers that stand beside them in a dict. No code of the pickle is run.
 * @throws what `refuse` makes, for a pickle that holds anything else, wants to call anything else, or is damaged.
 */
export function readTorchPickle(
  bytes: Uint8Array,
  refuse: (message: string) => InputError,
): { tensors: Map<string, TorchTensor | NumpyArray>; attributes: Attributes } {
  const root = readTorchValue(bytes, refuse);
  const tensors = new Map<string, TorchTensor | NumpyArray>();
  const others = new Map<string, unknown>();
  for (const [name, value] of namedParts(root)) {
    if (isKind(value, 'tensor')) tensors.set(name, value as TorchTensor);
    else if (isKind(value, 'array')) tensors.set(name, wholeArray(value as MadeArray, refuse));
    else others.set(name, isText(value) ? shortText(value) : value);
  }
  return { tensors, attributes: Object.fromEntries(others) };
}

/** What a pickle of torch.save holds, whole: tensors, arrays, dicts, lists, texts and numbers. Throws as {@link readTorchPickle} does. */
export function readTorchValue(bytes: Uint8Array, refuse: (message: string) => InputError): unknown {
  return readPickle(bytes, torchMeaning(refuse), refuse);
}

function namedParts(root: unknown): Iterable<readonly [string, unknown]> {
  if (isKind(root, 'dict')) return (root as PickledDict).entries;
  if (isKind(root, 'list') || isTuple(root))
    return (root as PickledList).items.map((item, i) => [String(i), item] as const);
  return [['', root]];
}

function torchMeaning(refuse: (message: string) => InputError): PickleMeaning {
  const damaged = (what: string) => refuse(`its pickle is damaged: ${what}`);
  const counts = (value: unknown, what: string): readonly number[] => {
    const areCounts = isTuple(value) && value.items.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
    if (!areCounts) throw damaged(`${what} of a tensor are no counts`);
    if (value.items.length > MOST_AXES)
      throw refuse(`one of its tensors has ${value.items.length} axes, more than ${MOST_AXES}`);
    return value.items as number[];
  };

  function tensor([storage, offset, size, step, , hooks, metadata]: readonly unknown[]): TorchTensor {
    if (!isKind(storage, 'storage')) throw damaged('a tensor without numbers');
    const [shape, strides] = [counts(size, 'the sizes'), counts(step, 'the steps')];
    const { type, key, count } = storage as Storage;
    const last = shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset as number);
    const isInside = Number.isSafeInteger(offset) && (offset as number) >= 0 && last < count;
    if (shape.length !== strides.length || (!shape.includes(0) && !isInside))
      throw damaged('a tensor outside its numbers');
    const isPlain = (value: unknown) =>
      value === undefined || value === null || (isKind(value, 'dict') && (value as PickledDict).entries.size === 0);
    if (!isPlain(hooks) || !isPlain(metadata))
      throw refuse('its tensor is more than numbers (it has hooks or is a view of another kind)');
    return { kind: 'tensor', type, key, shape, strides, offset: offset as number };
  }

  function fillArray(array: MadeArray, state: unknown): void {
    const [, shape, dtype, byColumns, data] = isTuple(state) ? state.items : [];
    if (!isKind(dtype, 'dtype')) throw damaged('an array without a type');
    const { code, order } = dtype as MadeDtype;
    if (order === '>') throw refuse('its array is big-endian');
    if (byColumns !== false) throw refuse('its array is stored by columns; numpy.ascontiguousarray stores it by rows');
    if (!isKind(data, 'bytes')) throw damaged('an array without numbers');
    array.type = typeOf(DTYPES, code, `an array of type '${printable(code)}'`);
    array.shape = counts(shape, 'the sizes');
    array.data = (data as { data: NumpyArray['data'] }).data;
  }

  function typeOf(types: Readonly<Record<string, ElementType>>, name: string, what: string): ElementType {
    if (!Object.hasOwn(types, name)) throw refuse(`its pickle has ${what}, which is not read`);
    return types[name];
  }

  return {
    allows: (name) => ALLOWED.has(name),
    call(name, args) {
      if (name === REBUILD_TENSOR) return tensor(args);
      if (name === REBUILD_PARAMETER && isKind(args[0], 'tensor')) return args[0];
      if (name === ORDERED_DICT && args.length === 0) return { kind: 'dict', entries: new Map() } satisfies PickledDict;
      if (RECONSTRUCT.includes(name)) return { kind: 'array' } satisfies MadeArray;
      if (name === DTYPE) return { kind: 'dtype', code: shortText(args[0]) ?? '' } satisfies MadeDtype;
      // Bytes are written as a text, each letter a byte; they are made of it only where they are needed.
      if (name === ENCODE && isText(args[0]) && shortText(args[1]) === 'latin1')
        return { kind: 'bytes', data: args[0] };
      throw refuse(`its pickle calls '${printable(name)}' in a way that no tensor needs`);
    },
    build(object, state) {
      if (isKind(object, 'array')) fillArray(object as MadeArray, state);
      else if (isKind(object, 'dtype'))
        (object as MadeDtype).order = shortText(isTuple(state) ? state.items[1] : undefined);
      // A state dict carries the versions of its modules as an attribute, which nobody needs.
      else if (!isKind(object, 'dict')) throw refuse('its pickle gives a state to something that is no array');
    },
    persistent(id) {
      const [word, storage, key, , count] = isTuple(id) ? id.items : [];
      const [name, number] = [(storage as { name?: unknown } | undefined)?.name, shortText(key)];
      if (shortText(word) !== 'storage' || number === undefined || !Number.isSafeInteger(count))
        throw damaged('a tensor without numbers');
      const type = typeOf(STORAGES, String(name), `numbers of the type '${printable(String(name))}'`);
      return { kind: 'storage', type, key: number, count: count as number } satisfies Storage;
    },
  };
}

function wholeArray({ shape, type, data }: MadeArray, refuse: (message: string) => InputError): NumpyArray {
  if (!shape || !type || !data) throw refuse('its pickle is damaged: an array without numbers');
  return { kind: 'array', shape, type, data };
}

/** The bytes that a text's letters U+0000 to U+00FF stand for (ISO 8859-1), from its UTF-8. Undefined for any other letter. */
export function latin1Bytes({ utf8 }: PickledText): Uint8Array | undefined {
  const bytes = new Uint8Array(utf8.length);
  let length = 0;
  for (let i = 0; i < utf8.length; i++) {
    const byte = utf8[i];
    if (byte < 0x80) {
      bytes[length++] = byte;
    } else if (byte === 0xc2 || byte === 0xc3) {
      const next = utf8[++i] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      bytes[length++] = ((byte & 0x03) << 6) | (next & 0x3f);
    } else {
      return undefined;
    }
  }
  return bytes.slice(0, length);
}

/** A tensor of a file that holds several, or one whose name nobody fixed. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** A file's attributes as they were read: texts, numbers, or anything else. */
export type Attributes = Readonly<Record<string, unknown>>;
