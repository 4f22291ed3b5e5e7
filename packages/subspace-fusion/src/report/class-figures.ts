import { maxOf, minOf } from '../files/lists.js';
import * as Plot from '@observablehq/plot';
import { classAucs, confusionMatrix, predictedClasses } from '../metrics/classification.js';
import { CLASS_STYLES, figure, LARGE, SMALL, swatch } from './figure.js';
import { html, scrolling, type Html } from './html.js';
import type { ClassPredictions } from './types.js';
import { count, decimal } from './words.js';

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

/** Confusion matrix: how many patients of each class (row) got which prediction (column), shaded by the share of the row. */
export function confusionTable({ classes, rows }: ClassPredictions): Html {
  const probabilities = rows.flatMap((row) => row.probabilities);
  const { counts } = confusionMatrix(
    rows.map((row) => row.label),
    predictedClasses(probabilities, classes.length),
    classes.length,
  );
  const body = classes.map((name, truth) => {
    const row = Array.from(counts.subarray(truth * classes.length, (truth + 1) * classes.length));
    const total = row.reduce((sum, n) => sum + n, 0);
    const cells = row.map((n, predicted) => {
      const share = total > 0 ? n / total : 0;
      const percent = total > 0 ? `${Math.round(100 * share)} %` : '–';
      const kind = predicted === truth ? 'right' : 'wrong';
      return html`<td class="${kind}" style="--share:${share.toFixed(3)}">${n} <small>${percent}</small></td>`;
    });
    return html`<tr><th scope="row">${name}</th>${cells}<td>${total}</td></tr>\n`;
  });
  return scrolling(
    'Confusion matrix',
    html`<table class="confusion">
<caption>Confusion matrix: the patients of each true class (rows) by predicted class (columns), with the share of the row</caption>
<thead><tr><th scope="col">True class</th>${classes.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col">All</th></tr></thead>
<tbody>${body}</tbody></table>`,
  );
}

/** ROC curves of each class against the rest: one figure, or for a cross-validation one a class with a curve a fold, since folds share no scale. */
export function rocFigures(predictions: ClassPredictions): Html {
  const { classes, folds = [] } = predictions;
  if (folds.length <= 1) return rocFigure(predictions);
  return html`<div class="grid">${classes.map((_, c) => foldsRocFigure(classes, c, folds))}</div>`;
}

function foldsRocFigure(classes: readonly string[], c: number, folds: NonNullable<ClassPredictions['folds']>): Html {
  const curves = folds.flatMap((members) => {
    const truth = members.map(({ label }) => label === c);
    const area = classAucs(
      members.flatMap((row) => row.probabilities),
      members.map(({ label }) => label),
      classes.length,
    )[c];
    if (area.value === null) return []; // all of the fold's patients are of the class, or none is
    return [
      {
        area: area.value,
        points: rocCurve(
          members.map((row) => row.probabilities[c]),
          truth,
        ),
      },
    ];
  });
  const areas = curves.map(({ area }) => area);
  const range =
    areas.length === 0
      ? 'no fold has patients of this class and of others'
      : `AUC by fold ${decimal(minOf(areas))} to ${decimal(maxOf(areas))}`;
  const caption = `${count(curves.length, 'fold')}, a curve each; ${range}.`;
  return figure(`ROC: ${classes[c]}`, caption, caption, {
    ...SMALL,
    height: 300,
    marginBottom: 44,
    x: {
      domain: [0, 1],
      ticks: 5,
      label: '1 − specificity',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
    },
    y: { domain: [0, 1], ticks: 5, label: 'Sensitivity', labelArrow: 'none', grid: true },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: 'var(--quiet)', strokeDasharray: '1 3' },
      ),
      ...curves.map(({ points }) =>
        Plot.line(points, {
          x: 'falsePositives',
          y: 'truePositives',
          strokeWidth: 1.6,
          stroke: 'var(--blue)',
          strokeOpacity: 0.7,
        }),
      ),
    ],
  });
}

/** A class that all or none of the patients have gets no curve, and says so. */
function rocFigure({ classes, rows }: ClassPredictions): Html {
  const truth = rows.map((row) => row.label);
  const areas = classAucs(
    rows.flatMap((row) => row.probabilities),
    truth,
    classes.length,
  );
  const style = (c: number) => CLASS_STYLES[c % CLASS_STYLES.length];
  const drawn = classes.map((_, c) => c).filter((c) => areas[c].value !== null);
  const curveOf = (c: number) =>
    rocCurve(
      rows.map((row) => row.probabilities[c]),
      truth.map((label) => label === c),
    );
  const legend = classes.map((name, c) => {
    const area = areas[c];
    const patients = count(truth.filter((label) => label === c).length, 'patient');
    return area.value === null
      ? html`<li>${name}: no curve, ${patients}</li>`
      : html`<li>${swatch(style(c).colour, style(c).dash)} ${name}: AUC ${decimal(area.value)}, ${patients}</li>`;
  });
  const inWords = drawn.map((c) => `${classes[c]} AUC ${decimal(areas[c].value)}`);
  const description = `ROC curves, one class against the rest: ${inWords.join('; ')}.`;
  return figure(
    'ROC curves, each class against the rest',
    description,
    html`<ul class="legend">${legend}</ul>The diagonal is chance.`,
    {
      width: LARGE.width,
      height: 440,
      marginLeft: 58,
      marginTop: 28,
      marginBottom: 48,
      x: {
        domain: [0, 1],
        ticks: 5,
        label: '1 − specificity',
        labelAnchor: 'center',
        labelArrow: 'none',
        labelOffset: 40,
      },
      y: { domain: [0, 1], ticks: 5, label: 'Sensitivity', labelArrow: 'none', grid: true },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: 'var(--quiet)', strokeDasharray: '1 3' },
        ),
        ...drawn.map((c) =>
          Plot.line(curveOf(c), {
            x: 'falsePositives',
            y: 'truePositives',
            strokeWidth: 2.2,
            stroke: style(c).colour,
            strokeDasharray: style(c).dash,
          }),
        ),
      ],
    },
  );
}
