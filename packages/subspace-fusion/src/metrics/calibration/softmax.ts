/** Softmax of each row of `logits` [n, classes], divided by `temperature`: probabilities [n, classes]. */
export function softmaxRows(logits: ArrayLike<number>, classes: number, temperature = 1): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[start + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++)
      sum += probabilities[start + c] = Math.exp((logits[start + c] - largest) / temperature);
    for (let c = 0; c < classes; c++) probabilities[start + c] /= sum;
  }
  return probabilities;
}
