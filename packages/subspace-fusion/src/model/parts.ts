/** What the network is made of. Ablations take parts of the method away. */
export interface NetworkParts {
  /** `two`: a branch for the tumour genes and one for the microenvironment genes. `joint`: one branch for all of them. */
  readonly subspaces: 'two' | 'joint';
  /** `deformable`: keys where the queries choose. `plain`: every token is a key, so there are no key positions and no bias of them. */
  readonly attention: 'deformable' | 'plain';
  /** Whether deformable attention has the continuous position bias. */
  readonly positionBias: boolean;
  /** Whether the network has learned stand-ins for a missing bag and for missing genes. */
  readonly standIns: boolean;
}

/** The network of the paper. */
export const WHOLE: NetworkParts = { subspaces: 'two', attention: 'deformable', positionBias: true, standIns: false };

/** The name of a branch. */
export type Branch = 'tumour' | 'microenvironment' | 'joint';

/** The branches of a network: two, in the order of their halves of the head, or one. */
export type Branches = readonly ['tumour', 'microenvironment'] | readonly ['joint'];

/** Something of each branch that a network has: of its two subspaces, or of the one branch for both. */
export type PerBranch<T> =
  | { readonly tumour: T; readonly microenvironment: T; readonly joint?: undefined }
  | { readonly joint: T; readonly tumour?: undefined; readonly microenvironment?: undefined };

export function branchesOf({ subspaces }: Pick<NetworkParts, 'subspaces'>): Branches {
  return subspaces === 'two' ? ['tumour', 'microenvironment'] : ['joint'];
}

/** Makes something for each of these branches. */
export function perBranch<T>(branches: Branches, make: (branch: Branch) => T): PerBranch<T> {
  return branches[0] === 'joint'
    ? { joint: make('joint') }
    : { tumour: make('tumour'), microenvironment: make('microenvironment') };
}

/** What there is of one branch. @throws Error where the network has no such branch. */
export function ofBranch<T>(of: PerBranch<T>, branch: Branch): T {
  const value = of[branch];
  if (value === undefined) throw new Error(`the network has no branch ${branch}`);
  return value;
}

/** What there is of each branch, with its name, in the order of the branches. */
export function branchEntries<T>(of: PerBranch<T>): (readonly [Branch, T])[] {
  return branchesIn(of).map((branch) => [branch, ofBranch(of, branch)] as const);
}

/** Makes something from what there is of each branch. */
export function mapBranches<T, R>(of: PerBranch<T>, make: (value: T, branch: Branch) => R): PerBranch<R> {
  return perBranch(branchesIn(of), (branch) => make(ofBranch(of, branch), branch));
}

/** What there is of the two subspaces. @throws Error where the network has one joint branch. */
export function ofSubspaces<T>(of: PerBranch<T>): { readonly tumour: T; readonly microenvironment: T } {
  return { tumour: ofBranch(of, 'tumour'), microenvironment: ofBranch(of, 'microenvironment') };
}

function branchesIn(of: PerBranch<unknown>): Branches {
  return of.joint === undefined ? ['tumour', 'microenvironment'] : ['joint'];
}

/** Widths of the network, docs/method.md section 2. Everything else about its size follows from the bag and the gene sets. */

/** Width of every stream, `v`, `P`, `F` and `z`. */
export const WIDTH = 128;
/** Widths inside the gene encoder. */
export const GENE_WIDTHS = [64, 48, 32, WIDTH] as const;
/** Attention heads, which are also the offset groups. */
export const GROUPS = 8;
/** Channels of P̂ and F̂ that a group reads. */
export const GROUP_WIDTH = WIDTH / GROUPS;
/** Width of a head's queries, keys and values. */
export const HEAD_WIDTH = 64;
/** Hidden units of the position-bias MLP. */
export const BIAS_WIDTH = 32;
/** The convolution that places the keys: 6×6, stride 4, padding 1. */
export const OFFSET_KERNEL = { size: 6, stride: 4, padding: 1 } as const;
/** Largest offset of a key from its cell of the key grid, in key cells. */
export const OFFSET_RANGE = 4;

/** Side s of the square grid of a bag of N = s² tokens. @throws RangeError where N is not a square of at least 36. */
export function gridSide(tokens: number): number {
  const s = Math.round(Math.sqrt(tokens));
  if (s * s !== tokens || s < 6)
    throw new RangeError(`a bag of ${tokens} tokens does not work: take a square number from 36 up`);
  return s;
}

/** Side k of the grid of keys over a bag's grid of side s: ⌊(s + 2 − 6)/4⌋ + 1. */
export function keySide(s: number): number {
  const { size, stride, padding } = OFFSET_KERNEL;
  return Math.floor((s + 2 * padding - size) / stride) + 1;
}
