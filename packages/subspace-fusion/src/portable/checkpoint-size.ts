import type { StoredTensor } from '../files/safetensors.js';
import { UserError } from '../files/user-error.js';
import type { NetworkSize } from '../model/parameters.js';
import { referenceName } from '../model/reference-names.js';

/** The parameters whose shapes decide a network's size, by the published names. */
const WITNESSES = {
  classes: referenceName('head.weight'), // [C, 256]
  width: referenceName('tumour.patches.weight'), // [128, width]
  tumour: referenceName('tumour.genes.0.weight'), // [64, T]
  microenvironment: referenceName('microenvironment.genes.0.weight'), // [64, M]
};

/**
 * The size of the published network that a state dict belongs to.
 * @throws UserError where it is the state dict of something else.
 */
export function checkpointSize(tensors: ReadonlyMap<string, StoredTensor>, file: string): NetworkSize {
  const absent = Object.values(WITNESSES).filter((name) => tensors.get(name)?.shape.length !== 2);
  if (absent.length > 0) {
    const there = [...tensors.keys()].slice(0, 3).join(', ');
    throw new UserError(
      `${file}: this is no state dict of the published network: it has no matrix ${absent.join(', ')} (it has ${there}, …). Import one of that network.`,
    );
  }
  const axis = (name: string, i: 0 | 1) => tensors.get(name)!.shape[i];
  return {
    classes: axis(WITNESSES.classes, 0),
    patchWidth: axis(WITNESSES.width, 1),
    genes: { tumour: axis(WITNESSES.tumour, 1), microenvironment: axis(WITNESSES.microenvironment, 1) },
  };
}

/**
 * Compares a checkpoint's size with that of the cohort that it is to be used on.
 * @param what The task and its classes, in words.
 * @throws UserError naming every parameter whose shape says otherwise, and what to do.
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
  if (problems.length > 0) throw new UserError(`${file}: ${problems.join('. ')}.`);
}
