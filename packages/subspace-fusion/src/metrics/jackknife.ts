import { membersOf, type Evaluate, type Strata } from './bootstrap.js';

/** What leaving out one patient at a time says of a metric. */
export interface Jackknife {
  readonly standardError: number;
  /** How fast the standard error changes with the value: a of BCa intervals (Efron 1987). */
  readonly acceleration: number;
}

/**
 * The jackknife of each metric (Tukey 1958), or null where it cannot be computed without one of the patients: with pseudo-deviations
 * `u_i = (n_h − 1)·(mean of stratum h − value without patient i)` the variance is `Σ u_i² / (n_h·(n_h − 1))` and the acceleration
 * `Σ (u_i/n_h)³ / (6·(Σ (u_i/n_h)²)^1.5)`. A stratum of one patient has no spread to add.
 */
export function jackknife(evaluate: Evaluate, strata: Strata): (Jackknife | null)[] {
  const members = membersOf(strata);
  const total = members.reduce((sum, own) => sum + own.length, 0);
  const left = Uint32Array.from({ length: total }, (_, i) => i);
  const without: (number | null)[][] = []; // [metric][patient]
  for (let i = 0; i < total; i++) {
    evaluate(left.filter((patient) => patient !== i)).forEach(({ value }, m) => {
      without[m] ??= [];
      without[m][i] = value;
    });
  }
  return without.map((values) => summarise(values, members));
}

function summarise(values: readonly (number | null)[], members: readonly (readonly number[])[]): Jackknife | null {
  let variance = 0;
  let squares = 0;
  let cubes = 0;
  for (const own of members) {
    const n = own.length;
    const known = own.flatMap((i) => values[i] ?? []);
    if (known.length < n) return null;
    if (n < 2) continue;
    const mean = known.reduce((sum, value) => sum + value, 0) / n;
    for (const value of known) {
      const influence = ((n - 1) * (mean - value)) / n;
      variance += (influence ** 2 * n) / (n - 1);
      squares += influence ** 2;
      cubes += influence ** 3;
    }
  }
  return { standardError: Math.sqrt(variance), acceleration: squares === 0 ? 0 : cubes / (6 * squares ** 1.5) };
}
