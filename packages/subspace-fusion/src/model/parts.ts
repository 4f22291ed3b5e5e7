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

/** Branches in the order of their halves of the head. */
export type Branch = 'tumour' | 'microenvironment' | 'joint';

/** Something of each branch that a network has. */
export type PerBranch<T> = Readonly<Record<Branch, T>>;

/** The branches of a network. */
export function branchesOf({ subspaces }: Pick<NetworkParts, 'subspaces'>): readonly Branch[] {
  return subspaces === 'two' ? ['tumour', 'microenvironment'] : ['joint'];
}

/** Makes something for each of these branches. */
export function perBranch<T>(branches: readonly Branch[], make: (branch: Branch) => T): PerBranch<T> {
  return Object.fromEntries(branches.map((branch) => [branch, make(branch)])) as PerBranch<T>;
}
