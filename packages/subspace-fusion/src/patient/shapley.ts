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
