import { betaQuantile, betaShare } from '../beta.js';

/** P(|T| ≥ |t|) for Student's t with `df` ≥ 1 (whole) degrees of freedom: `I_{df/(df+t²)}(df/2, 1/2)`. */
export function studentTail(t: number, df: number): number {
  return betaShare(df / (df + t * t), df / 2, 1 / 2);
}

/** The t ≥ 0 that |T| exceeds with probability `tail`. */
export function studentQuantile(tail: number, df: number): number {
  const x = betaQuantile(tail, df / 2, 1 / 2);
  return Math.sqrt((df * (1 - x)) / x);
}
