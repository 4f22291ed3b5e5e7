/** One threshold: shares of the negatives and of the positives that score at least as high. */
export interface RocPoint {
  readonly falsePositives: number;
  readonly truePositives: number;
}

/**
 * The ROC curve of a score, [n] with [n] truths, from (0, 0) to (1, 1): one point for each distinct score, so that
 * equal scores make a slanted piece. Needs a positive and a negative at least.
 */
export function rocCurve(score: readonly number[], positive: readonly boolean[]): RocPoint[] {
  const order = score.map((_, i) => i).sort((a, b) => score[b] - score[a]);
  const positives = positive.filter(Boolean).length;
  const negatives = score.length - positives;
  const points: RocPoint[] = [{ falsePositives: 0, truePositives: 0 }];
  let above = 0;
  order.forEach((i, rank) => {
    if (positive[i]) above++;
    if (score[i] === score[order[rank + 1]]) return;
    points.push({ falsePositives: (rank + 1 - above) / negatives, truePositives: above / positives });
  });
  return points;
}
