import { maxOf } from '../files/lists.js';
import * as Plot from '@observablehq/plot';
import { PER_YEAR } from '../cohort/clinical/outcome.js';
import { kaplanMeier, logRank, numbersAtRisk, type KaplanMeier } from '../metrics/kaplan-meier.js';
import { RISK_GROUP_WORDS, RISK_GROUPS, type RiskGroup } from '../words/prediction.js';
import { COLOURS, figure, LARGE, roundTicks, swatch } from './figure.js';
import { html, type Html } from './html.js';
import type { SurvivalPrediction, SurvivalPredictions } from './types.js';
import { count, decimal } from './words.js';

const DASH: Readonly<Record<RiskGroup, string | undefined>> = { low: undefined, high: '7 3' };

/** Height of the axis with its label, and of a row of numbers under it. */
const AXIS_HEIGHT = 48;
const ROW_HEIGHT = 22;

/** One risk group. The curve's times are years. */
interface Group {
  readonly name: RiskGroup;
  readonly rows: readonly SurvivalPrediction[];
  readonly curve: KaplanMeier;
}

/** A point from which the curve runs level. */
interface Step {
  readonly years: number;
  readonly survival: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Kaplan-Meier curves of the two risk groups with 95 % bands, censoring marks and the numbers at risk under the axis;
 * rings show the survival that the model predicted for the group at the cuts.
 * @param pooled whether the groups are those of several models, each of a fold
 */
export function survivalFigure({ rows, cuts, timeUnit }: SurvivalPredictions, pooled = false): Html {
  const years = (time: number) => time / PER_YEAR[timeUnit];
  const groups = RISK_GROUPS.map((name) =>
    asGroup(
      name,
      rows.filter((row) => row.group === name),
      years,
    ),
  ).filter(hasPatients);
  const end = maxOf(rows.map((row) => years(row.time)));
  const ticks = roundTicks(end);
  const description = `Kaplan-Meier curves over ${decimal(end, 1)} years: ${groups.map(groupInWords).join('; ')}.`;
  return figure('Survival by predicted risk', description, caption(groups, pooled ? POOLED : testInWords(rows)), {
    width: LARGE.width,
    height: LARGE.height,
    marginLeft: 74,
    marginRight: 16,
    marginTop: 28,
    marginBottom: AXIS_HEIGHT + 34 + ROW_HEIGHT * groups.length,
    x: { domain: [0, end], ticks, label: 'Time (years)', labelAnchor: 'center', labelArrow: 'none', labelOffset: 44 },
    y: { domain: [0, 100], grid: true, ticks: 5, label: 'Alive (%)', labelArrow: 'none' },
    marks: [
      ...groups.flatMap(curveMarks),
      ...groups.map((group) => predictedMark(group, cuts.map(years), end)),
      ...atRiskMarks(groups, ticks),
    ],
  });
}

function asGroup(name: RiskGroup, rows: readonly SurvivalPrediction[], years: (time: number) => number): Group {
  return {
    name,
    rows,
    curve: kaplanMeier(
      rows.map((row) => years(row.time)),
      rows.map((row) => row.event),
    ),
  };
}

const hasPatients = (group: Group) => group.rows.length > 0;

function groupInWords({ name, rows }: Group): string {
  return `${RISK_GROUP_WORDS[name]}, ${count(rows.length, 'patient')}, ${count(rows.filter((row) => row.event).length, 'death')}`;
}

function curveMarks({ name, curve }: Group): Plot.Markish[] {
  const steps = asSteps(curve);
  // Somebody left the observation alive where more patients went than died.
  const censored = steps
    .slice(1)
    .filter((_, row) => curve.atRisk[row] - curve.events[row] > (curve.atRisk[row + 1] ?? 0));
  const colour = COLOURS[name];
  return [
    Plot.areaY(steps, { x: 'years', y1: 'low', y2: 'high', curve: 'step-after', fill: colour, fillOpacity: 0.14 }),
    Plot.line(steps, {
      x: 'years',
      y: 'survival',
      curve: 'step-after',
      stroke: colour,
      strokeWidth: 2.2,
      strokeDasharray: DASH[name],
    }),
    Plot.ruleX(censored, {
      x: 'years',
      y1: (step: Step) => step.survival - 2,
      y2: (step: Step) => step.survival + 2,
      stroke: colour,
    }),
  ];
}

/** The curve in percent from (0, 100 %) on. */
function asSteps(curve: KaplanMeier): Step[] {
  const steps = Array.from(curve.times, (years, row) => ({
    years,
    survival: 100 * curve.survival[row],
    low: 100 * curve.low[row],
    high: 100 * curve.high[row],
  }));
  return [{ years: 0, survival: 100, low: 100, high: 100 }, ...steps];
}

/** The group's mean predicted survival at each cut that lies on the axis. */
function predictedMark({ name, rows }: Group, cuts: readonly number[], end: number): Plot.Markish {
  const mean = (cut: number) => rows.reduce((sum, row) => sum + row.survival[cut], 0) / rows.length;
  const onAxis = cuts.map((years, cut) => ({ years, survival: 100 * mean(cut) })).filter((point) => point.years <= end);
  return Plot.dot(onAxis, {
    x: 'years',
    y: 'survival',
    r: 4.5,
    stroke: COLOURS[name],
    strokeWidth: 2,
    fill: 'var(--paper)',
  });
}

/** Under the axis: one row a group, the number at risk below each tick. */
function atRiskMarks(groups: readonly Group[], ticks: readonly number[]): Plot.Markish[] {
  const inMargin = { frameAnchor: 'bottom-left', textAnchor: 'start', dx: -70 } as const;
  const top = AXIS_HEIGHT + 20;
  const rows = groups.flatMap(({ name, curve }, row) => {
    const line = { dy: top + ROW_HEIGHT * (row + 1), fill: COLOURS[name] };
    const atRisk = numbersAtRisk(curve, ticks);
    return [
      Plot.text([name], { ...line, ...inMargin }),
      Plot.text(ticks, {
        ...line,
        frameAnchor: 'bottom',
        x: (tick: number) => tick,
        text: (_, i) => String(atRisk[i]),
        className: `at-risk-${name}`,
      }),
    ];
  });
  return [Plot.text(['At risk'], { ...inMargin, dy: top, fontWeight: 'bold' }), ...rows];
}

/** Deaths of one fold train the models of the others, so the two groups are not independent: p ≤ 0.05 comes in one of eight cohorts of chance. */
const POOLED =
  'No log-rank test: the groups of all folds together are not independent, since the patients of one fold trained the models of the others.';

function testInWords(rows: readonly SurvivalPrediction[]): string {
  const { pValue } = logRank(
    rows.map((row) => row.time),
    rows.map((row) => row.event),
    rows.map((row) => RISK_GROUPS.indexOf(row.group)),
  );
  return pValue.value === null
    ? `No log-rank test: ${pValue.reason}.`
    : `Log-rank test of the two groups: ${pInWords(pValue.value)}.`;
}

function caption(groups: readonly Group[], test: string): Html {
  const legend = groups.map(
    (group) => html`<li>${swatch(COLOURS[group.name], DASH[group.name])} ${groupInWords(group)}</li>`,
  );
  return html`<ul class="legend">${legend}</ul>
${test}
The cut between low and high risk was fixed on the training patients. Bands: 95 % intervals of the Kaplan-Meier curves; small vertical
marks: patients who left the observation alive; rings: mean survival predicted by the model at the cuts of its time intervals.`;
}

function pInWords(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${decimal(p, 3)}`;
}
