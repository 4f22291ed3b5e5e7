import type { Completeness } from '../runs/explanations.js';

/**
 * A scalar F on a straight path from a baseline x′ (α = 0) to an input x (α = 1), and its derivative along it, divided among its causes:
 * part i is (x_i − x′_i)·∂F/∂x_i, and the parts sum to dF/dα. A cause may be one element of x or several together.
 */
export type Path = (alpha: number) => Promise<{ readonly value: number; readonly parts: Float64Array }>;

export interface Attributions {
  /** One number a cause. */
  readonly attributions: Float64Array;
  readonly completeness: Completeness;
}

const TOLERANCE = 0.01;
/** Below this part of F, its change drowns in rounding. */
const ROUNDING = 2e-6;
const FIRST_STEPS = 16;
const MOST_STEPS = 1024;

interface Node {
  readonly alpha: number;
  readonly value: number;
  readonly parts: Float64Array;
}

/**
 * Integrated gradients (Sundararajan et al. 2017): a_i = (x_i − x′_i)·∫₀¹ ∂F/∂x_i dα, by the trapezoid rule. Every interval of the path is
 * checked against the change of F over it, and those that are off by more than their share of 1 % of the whole change are halved,
 * until the attributions sum to F(x) − F(x′) within 1 %, or there are `mostSteps` intervals. F has kinks where a sampling point crosses into
 * another cell, and the halving finds them.
 */
export async function integratedGradients(path: Path, mostSteps = MOST_STEPS): Promise<Attributions> {
  const visit = async (alpha: number): Promise<Node> => {
    const { value, parts } = await path(alpha);
    return { alpha, value, parts };
  };
  let nodes: Node[] = [];
  for (let j = 0; j <= FIRST_STEPS; j++) nodes.push(await visit(j / FIRST_STEPS));
  for (;;) {
    const attributions = trapezoids(nodes);
    const completeness = completenessOf(attributions, nodes);
    if (completeness.holds || completeness.steps >= mostSteps) return { attributions, completeness };
    nodes = await refined(nodes, visit, TOLERANCE * Math.abs(completeness.to - completeness.from));
  }
}

/** Σ over the intervals of h·(parts at one end + parts at the other)/2. */
function trapezoids(nodes: readonly Node[]): Float64Array {
  const sums = new Float64Array(nodes[0].parts.length);
  nodes.forEach(({ parts }, j) => {
    const weight = ((nodes[j + 1] ?? nodes[j]).alpha - (nodes[j - 1] ?? nodes[j]).alpha) / 2;
    parts.forEach((part, i) => (sums[i] += weight * part));
  });
  return sums;
}

/** Halves every interval whose trapezoid misses the change of F over it by more than its part of `tolerance`. */
async function refined(
  nodes: readonly Node[],
  visit: (alpha: number) => Promise<Node>,
  tolerance: number,
): Promise<Node[]> {
  const finer: Node[] = [nodes[0]];
  for (let j = 1; j < nodes.length; j++) {
    const [a, b] = [nodes[j - 1], nodes[j]];
    const h = b.alpha - a.alpha;
    const off = Math.abs((h * (total(a.parts) + total(b.parts))) / 2 - (b.value - a.value));
    if (off > h * tolerance) finer.push(await visit((a.alpha + b.alpha) / 2));
    finer.push(b);
  }
  return finer;
}

function total(parts: Float64Array): number {
  return parts.reduce((sum, part) => sum + part, 0);
}

function completenessOf(attributions: Float64Array, nodes: readonly Node[]): Completeness {
  const [from, to] = [nodes[0].value, nodes[nodes.length - 1].value];
  const sum = total(attributions);
  const change = Math.abs(to - from);
  const off = Math.abs(sum - (to - from));
  const holds = off <= Math.max(TOLERANCE * change, ROUNDING * Math.max(1, Math.abs(to)));
  return { from, to, sum, error: off === 0 ? 0 : off / change, steps: nodes.length - 1, holds };
}

/** Values of a game of two players: the explained output with neither, one, or both of them as they are in the patient. */
export interface Game<Player extends string> {
  readonly neither: number;
  readonly alone: Readonly<Record<Player, number>>;
  readonly both: number;
}

/** What two players share of `both − neither`. */
export interface Shares<Player extends string> extends Game<Player> {
  /** Shapley values; they sum to `both − neither`. */
  readonly contribution: Readonly<Record<Player, number>>;
  /** |contribution| over the sum of both; they sum to 1, or are 0 where nothing is shared. */
  readonly share: Readonly<Record<Player, number>>;
}

/**
 * Shapley values of two players A and B (Shapley 1953): the mean of what A adds first and of what it adds last,
 *
 *     φ_A = ½·(v(A) − v(∅)) + ½·(v(AB) − v(B))
 */
export function shapleyShares<A extends string, B extends string>(
  [a, b]: readonly [A, B],
  game: Game<A | B>,
): Shares<A | B> {
  const { neither, alone, both } = game;
  const phi = (own: A | B, other: A | B) => (alone[own] - neither + (both - alone[other])) / 2;
  const contribution = { [a]: phi(a, b), [b]: phi(b, a) } as Record<A | B, number>;
  const total = Math.abs(contribution[a]) + Math.abs(contribution[b]);
  const part = (player: A | B) => (total === 0 ? 0 : Math.abs(contribution[player]) / total);
  return { ...game, contribution, share: { [a]: part(a), [b]: part(b) } as Record<A | B, number> };
}

/** The mean game of several, one a slide. */
export function meanGame<Player extends string>(games: readonly Game<Player>[]): Game<Player> {
  const mean = (of: (game: Game<Player>) => number) => games.reduce((t, game) => t + of(game), 0) / games.length;
  const players = Object.keys(games[0].alone) as Player[];
  const alone = Object.fromEntries(players.map((player) => [player, mean((game) => game.alone[player])])) as Record<
    Player,
    number
  >;
  return { neither: mean((game) => game.neither), alone, both: mean((game) => game.both) };
}
