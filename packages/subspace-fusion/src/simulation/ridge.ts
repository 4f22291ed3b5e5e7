import { cholesky, solveFactored } from './linear-algebra.js';

const PENALTIES = [0.01, 0.1, 1];

/**
 * Ridge regression of `target` on the columns of `rows`, cross-fitted on two halves (even and odd rows): each prediction comes
 * from the other half. One list of predictions for each penalty (0.01, 0.1 and 1 times the number of rows, columns standardised).
 */
export function crossFittedRidge(rows: readonly Float64Array[], target: Float64Array): Float64Array[] {
  const predictions = PENALTIES.map(() => new Float64Array(rows.length));
  for (const half of [0, 1]) {
    const training = Array.from(rows.keys()).filter((i) => i % 2 !== half);
    const scaling = columnScaling(training.map((i) => rows[i]));
    const X = rows.map((row) => row.map((value, j) => (value - scaling.mean[j]) / scaling.deviation[j]));
    const mean = training.reduce((sum, i) => sum + target[i], 0) / training.length;
    const columns = scaling.mean.length;
    const gram = Array.from({ length: columns }, () => new Float64Array(columns));
    const products = new Float64Array(columns);
    for (const i of training) {
      for (let a = 0; a < columns; a++) {
        products[a] += X[i][a] * (target[i] - mean);
        for (let b = 0; b <= a; b++) gram[a][b] += X[i][a] * X[i][b];
      }
    }
    PENALTIES.forEach((penalty, p) => {
      // The factorisation reads the lower triangle alone.
      const factor = cholesky(
        gram.map((row, a) => row.map((value, b) => (a === b ? value + penalty * training.length : value))),
      );
      const beta = solveFactored(factor, products);
      for (let i = half; i < rows.length; i += 2)
        predictions[p][i] = X[i].reduce((sum, value, j) => sum + value * beta[j], mean);
    });
  }
  return predictions;
}

function columnScaling(rows: readonly Float64Array[]): { mean: Float64Array; deviation: Float64Array } {
  const mean = rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  const deviation = mean.map(
    (m, j) => Math.sqrt(rows.reduce((sum, row) => sum + (row[j] - m) ** 2, 0) / rows.length) || 1,
  );
  return { mean, deviation };
}
