import { bytesOf, floatsOf, isFloat, sizeOf, type Bytes } from '../files/bytes.js';
import { InputError, required } from '../files/errors.js';
import { withFile } from '../files/file-source.js';
import { isKind, type PickledDict } from '../files/pickle.js';
import type { StoredTensor } from '../files/safetensors.js';
import { readTorchValue, torchArchive, type TorchArchive, type TorchTensor } from '../files/torch.js';
import type { NetworkSize } from '../model/layers.js';
import { publishedName } from '../model/published-names.js';

/** Weights of a PyTorch program, by the names that they have there. */
export interface StateDict {
  /** Floats of every precision, as float32, row-major. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Names of tensors of whole numbers, which are no weights. */
  readonly counters: readonly string[];
}

const REMEDY = 'Save the weights alone: torch.save(model.state_dict(), file)';

/** DataParallel and its like put this before every name. */
const WRAPPER = 'module.';

/** More numbers than any model of this kind has. */
const MOST_NUMBERS = 2 ** 27;
/** Tensors that are views of the same numbers can claim any number of them; weights that a model shares are few. */
const mostNumbersOf = (fileSize: number): number => Math.min(MOST_NUMBERS, 2 ** 20 + 2 * fileSize);

/**
 * The state dict in a file of torch.save: the file's own, or the largest of a training checkpoint, as in `{'epoch': …, 'state_dict': …}`. Runs
 * none of its code.
 * @throws {InputError} for a file that holds no state dict, asks for code, or is damaged.
 */
export function readStateDict(file: string): Promise<StateDict> {
  return withFile(file, async (source) => {
    const bytes = bytesOf(source);
    const archive = await torchArchive(bytes, REMEDY);
    const root = readTorchValue(archive.pickle, (message) => bytes.wrong(message, REMEDY));
    const named = [...tensorsOf(root)];
    if (named.length === 0) throw bytes.wrong('the file holds no state dict', REMEDY);
    const most = mostNumbersOf(bytes.size);
    // What is read for a tensor reaches from its first number to its last.
    for (const numbersOfOne of [({ shape }: TorchTensor) => count(shape), span]) {
      const numbers = named.reduce((total, [, tensor]) => total + numbersOfOne(tensor), 0);
      if (numbers > most)
        throw bytes.wrong(
          `its tensors have ${numbers} numbers, and a file of ${bytes.size} bytes with a model has ${most} at most`,
          REMEDY,
        );
    }
    const wrapped = named.every(([name]) => name.startsWith(WRAPPER));
    const plain = named.map(([name, tensor]) => [wrapped ? name.slice(WRAPPER.length) : name, tensor] as const);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, tensor] of plain) {
      if (!isFloat(tensor.type)) continue;
      tensors.set(name, { shape: tensor.shape, data: await numbersOf(tensor, archive, bytes) });
    }
    return { tensors, counters: plain.filter(([, { type }]) => !isFloat(type)).map(([name]) => name) };
  });
}

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Numbers of its storage from a tensor's first one to its last. */
const span = ({ shape, strides }: TorchTensor): number =>
  shape.includes(0) ? 0 : 1 + shape.reduce((last, n, axis) => last + (n - 1) * strides[axis], 0);

/** Tensors of a dict, or of the dict in it that has most of them. */
function tensorsOf(root: unknown): Map<string, TorchTensor> {
  if (!isKind(root, 'dict')) return new Map();
  const dicts = [root, ...(root as PickledDict).entries.values()].filter((value) =>
    isKind(value, 'dict'),
  ) as PickledDict[];
  const tensors = dicts.map(
    ({ entries }) => new Map([...entries].filter(([, value]) => isKind(value, 'tensor')) as [string, TorchTensor][]),
  );
  return tensors.reduce((most, some) => (some.size > most.size ? some : most));
}

/** A tensor's numbers, row-major: PyTorch stores a transposed or cut tensor as steps through the numbers of another. */
async function numbersOf(tensor: TorchTensor, archive: TorchArchive, bytes: Bytes): Promise<Float32Array> {
  const { type, key, shape, strides, offset } = tensor;
  const values = new Float32Array(count(shape));
  if (values.length === 0) return values;
  const storage = archive.storage(key);
  const size = sizeOf(type);
  if ((offset + span(tensor)) * size > storage.size) throw bytes.wrong('the numbers of a tensor are cut short');
  const stored = floatsOf(await bytes.read(storage.at + offset * size, span(tensor) * size), type);
  for (let i = 0; i < values.length; i++) {
    let rest = i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    values[i] = stored[at];
  }
  return values;
}

/** The parameters whose shapes decide a network's size, by the published names. */
const WITNESSES = {
  classes: publishedName('head.weight'), // [C, 256]
  width: publishedName('tumour.patches.weight'), // [128, width]
  tumour: publishedName('tumour.genes.0.weight'), // [64, T]
  microenvironment: publishedName('microenvironment.genes.0.weight'), // [64, M]
};

/**
 * The size of the published network that a state dict belongs to.
 * @throws InputError where it is the state dict of something else.
 */
export function checkpointSize(tensors: ReadonlyMap<string, StoredTensor>, file: string): NetworkSize {
  const absent = Object.values(WITNESSES).filter((name) => tensors.get(name)?.shape.length !== 2);
  if (absent.length > 0) {
    const there = [...tensors.keys()].slice(0, 3).join(', ');
    throw new InputError(
      `${file}: this is no state dict of the published network: it has no matrix ${absent.join(', ')} (it has ${there}, …). Import one of that network.`,
    );
  }
  const axis = (name: string, i: 0 | 1) => required(tensors, name).shape[i];
  return {
    classes: axis(WITNESSES.classes, 0),
    patchWidth: axis(WITNESSES.width, 1),
    genes: { tumour: axis(WITNESSES.tumour, 1), microenvironment: axis(WITNESSES.microenvironment, 1) },
  };
}

/**
 * Compares a checkpoint's size with that of the cohort that it is to be used on.
 * @param what The task and its classes, in words.
 * @throws InputError naming every parameter whose shape says otherwise, and what to do.
 */
export function requireSize(found: NetworkSize, wanted: NetworkSize, what: string, file: string): void {
  const problems: string[] = [];
  const compare = (
    name: string,
    shape: readonly number[],
    is: number,
    should: number,
    means: string,
    remedy: string,
  ) => {
    if (is !== should)
      problems.push(`${name} is [${shape.join(', ')}]: ${means.replace('#', String(is))}, and ${should} ${remedy}`);
  };
  const genes = (subspace: 'tumour' | 'microenvironment') => {
    const [is, should] = [found.genes[subspace], wanted.genes[subspace]];
    const option = '--tumour-genes and --microenvironment-genes';
    compare(
      WITNESSES[subspace],
      [64, is],
      is,
      should,
      `it reads # ${subspace} genes`,
      `of the gene set are in the matrix. List its genes, in its order, with ${option}`,
    );
  };
  compare(
    WITNESSES.classes,
    [found.classes, 256],
    found.classes,
    wanted.classes,
    'it has # outputs',
    `are those of ${what}. Set the task that it was trained for`,
  );
  compare(
    WITNESSES.width,
    [128, found.patchWidth],
    found.patchWidth,
    wanted.patchWidth,
    'it reads features # wide',
    "is the width of the cohort's. Use the encoder that it was trained with",
  );
  genes('tumour');
  genes('microenvironment');
  if (problems.length > 0) throw new InputError(`${file}: ${problems.join('. ')}.`);
}
