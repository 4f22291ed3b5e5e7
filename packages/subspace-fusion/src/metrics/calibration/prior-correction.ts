/**
 * Logits `[n, classes]` of a model trained with class weights `w` [classes], carried back to the classes' own frequencies:
 * `logit − log w`. The weighted cross entropy is least where softmax(logits) ∝ w_c·p(c|x), so that a rare class looks more
 * probable than it is (Elkan 2001; Menon et al. 2021). Where the patients come with other frequencies than those of training, w
 * is training over new frequency. Throws a RangeError where a weight is not above 0.
 */
export function removeClassWeights(logits: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  const logWeights = Array.from(weights, (w, c) => {
    if (!(w > 0)) throw new RangeError(`the weight of class ${c} is ${w}, it must be above 0`);
    return Math.log(w);
  });
  return Float64Array.from(logits, (logit, i) => logit - logWeights[i % logWeights.length]);
}
