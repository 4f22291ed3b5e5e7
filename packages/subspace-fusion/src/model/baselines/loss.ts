/** A convex loss at one linear predictor η, summed over patients, with its first and second derivatives there. */
export interface Loss {
  readonly value: number;
  /** ∂loss/∂η, in η's layout. */
  readonly gradient: Float64Array;
  /** The product of ∂²loss/∂η² with a vector in η's layout; the matrix itself is never formed. */
  hessianTimes(v: Float64Array): Float64Array;
}
