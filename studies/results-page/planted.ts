/** The tables and findings of the simulated cohorts. */
import { formatMarkdown } from '../../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { studentQuantile } from '../../packages/subspace-fusion/dist/metrics/distributions.js';
import type { Verdict } from '../../packages/subspace-fusion/dist/metrics/significance.js';
import { number, pValue, withInterval } from '../../packages/subspace-fusion/dist/words/comparison.js';
import type { PlantedTruth } from './data.js';
import { firstLevel, judge, MARGIN, type Judged } from './judge.js';
import { detectable, LEVEL, power } from './power.js';

/** What the row is called that compares the whole method with ridge regression. */
export const RIDGE = 'ridge Cox, same genes';
/** The true difference whose power the findings state. */
const EXAMPLE = 0.02;

const percent = (x: number) => `${Math.round(100 * x)} %`.replace('-', '−');

export function comparisonsTable({ comparisons }: PlantedTruth): string {
  const level = firstLevel(comparisons.length);
  return formatMarkdown({
    header: [
      'regime',
      'against',
      'cohorts',
      'whole method',
      'without or other',
      'difference (95 %)',
      'each cohort',
      'p, Holm',
      'detectable (80 %)',
      'verdict',
    ],
    rows: judge(comparisons).map((row) => [
      row.regime,
      row.against,
      `${row.differences.length}`,
      ...[row.wholeMethod, row.other].map(
        ({ concordanceIndex, attained }) => `${number(concordanceIndex)} (${percent(attained)})`,
      ),
      withInterval(row.tested, true),
      row.differences.map((x) => number(x, true)).join(', '),
      pValue(row.adjustedP),
      `±${number(detectable(row.tested, level))}`,
      row.verdict,
    ]),
  });
}

export function regimesTable(study: PlantedTruth): string {
  return formatMarkdown({
    header: [
      'regime',
      'attainable',
      'whole method',
      'ridge Cox, genes',
      `difference of the means${testsRidge(study) ? '' : ' (not tested)'}`,
      'rank of tumour codes',
      'rank of microenvironment codes',
    ],
    rows: study.regimes.map((row) => [
      row.regime,
      number(row.attainable),
      number(row.wholeMethod),
      number(row.ridgeCox),
      number(row.wholeMethod - row.ridgeCox, true),
      row.rankTumour.toFixed(1),
      row.rankMicroenvironment.toFixed(1),
    ]),
  });
}

const range = (xs: readonly number[], text: (x: number) => string) =>
  `${text(Math.min(...xs))} to ${text(Math.max(...xs))}`;

const named = (rows: readonly Judged[]) =>
  rows.length === 0
    ? 'none'
    : rows.map(({ regime, against, tested }) => `${against} (${regime}, ${number(tested.value, true)})`).join('; ');

const testsRidge = ({ comparisons }: PlantedTruth) => comparisons.some(({ against }) => against === RIDGE);

/** What the rows show, and what they are too few to show. */
export function findings(study: PlantedTruth): string {
  const rows = judge(study.comparisons);
  const lines = [verdicts(rows), size(rows, study.cohorts.length), equivalences(rows), unadjusted(rows)];
  const untested = testsRidge(study) ? [] : [ridge(study)];
  return [...lines, learned(rows), ...untested].map((line) => `- ${line}`).join('\n');
}

const having = (rows: readonly Judged[], ...verdicts: Verdict[]) =>
  rows.filter((row) => verdicts.includes(row.verdict));

function verdicts(rows: readonly Judged[]): string {
  const counts = (['helps', 'harms', 'equivalent', 'undetermined'] as const).map(
    (one) => `${one} ${having(rows, one).length}`,
  );
  const shown = named(having(rows, 'helps', 'harms'));
  return `**Verdicts of the ${rows.length} rows**: ${counts.join(', ')}. Shown to help or harm: ${shown}.`;
}

/** Without it "undetermined" says nothing about size. */
function size(rows: readonly Judged[], cohorts: number): string {
  const level = firstLevel(rows.length);
  const detected = range(
    rows.map(({ tested }) => detectable(tested, level)),
    number,
  );
  const powers = having(rows, 'undetermined').map(({ tested }) =>
    power(EXAMPLE / tested.standardError, tested.df, level),
  );
  return [
    `**How large an effect had to be**: with ${rows.length} rows and ${cohorts} cohorts the first step of Holm's procedure needs |t| > `,
    `${studentQuantile(level, cohorts - 1).toFixed(1)}. The smallest difference detectable with 80 % power is ${detected}, depending on the row`,
    powers.length === 0
      ? '.'
      : `; in the undetermined rows the power for a true difference of ${EXAMPLE} is ${range(powers, number)}. "Undetermined" is not "no effect".`,
  ].join('');
}

function equivalences(rows: readonly Judged[]): string {
  const equivalent = having(rows, 'equivalent');
  if (equivalent.length === 0) return `**Equivalent within ±${MARGIN}**: none.`;
  const lost = equivalent.filter(({ equivalenceP }) => equivalenceP > LEVEL);
  return [
    `**Equivalent within ±${MARGIN}**: ${named(equivalent)}. The interval is not adjusted for the number of rows. With Holm's procedure on the `,
    `tests of equivalence too, ${equivalent.length - lost.length} of the ${equivalent.length} remain; lost: ${named(lost)}.`,
  ].join('');
}

function unadjusted(rows: readonly Judged[]): string {
  const some = rows.filter(({ tested, adjustedP }) => (tested.p ?? 1) <= LEVEL && adjustedP > LEVEL);
  const expected = (rows.length * LEVEL).toFixed(1);
  return `**p at most ${LEVEL} before adjustment, and above it after**: ${named(some)}. Without any true difference ${expected} such rows would be expected.`;
}

function learned(rows: readonly Judged[]): string {
  const attained = range(
    rows.map(({ wholeMethod }) => wholeMethod.attained),
    percent,
  );
  return `**How much was learned**: the whole method attains ${attained} of what is attainable. The less two models have learned, the less their equivalence says about the part that they differ in.`;
}

/** Where no row of the table tests it. */
function ridge({ regimes }: PlantedTruth): string {
  const ahead = regimes.filter(({ ridgeCox, wholeMethod }) => ridgeCox > wholeMethod);
  const by = ahead.map(({ ridgeCox, wholeMethod }) => ridgeCox - wholeMethod);
  return [
    `**Ridge Cox regression on the genes**: its mean C-index is above that of the whole method in ${ahead.length} of the ${regimes.length} `,
    `regimes${ahead.length > 0 ? `, by ${range(by, number)}` : ''}. This is a description. It is not tested, since the values of single cohorts `,
    'were not kept, and there is no verdict.',
  ].join('');
}
