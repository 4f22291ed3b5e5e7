/** The tables of the cross-validations on real genes. */
import { formatMarkdown, type Table } from '../../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { number, withInterval } from '../../packages/subspace-fusion/dist/words/comparison.js';
import type { CrossValidation, Estimate, ScoredModel } from './data.js';
import { detectable, detectableOfFitted, halfWidth, LEVEL, testedMean, type TestedMean } from './power.js';

const plusMinus = (x: number) => `±${number(x)}`;
const list = (numbers: readonly number[]) => `seed${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}`;

/** All tables of a cross-validation, and what has to be known of its runs. */
export function tablesOf(one: CrossValidation): string {
  const { source, controlSeeds, byFold, seeds, name } = one;
  const folds = byFold[0]?.folds.length ?? 0;
  const permuted = controlSeeds ? `; bags permuted: ${list(controlSeeds)}` : '';
  const scopes = one.scopes.map((scope) =>
    'reason' in scope ? `*${scope.group}: not computed, ${scope.reason}.*` : formatMarkdown(scopeTable(one, scope)),
  );
  return [
    `From \`studies/results/tcga-${name}.json\`: ${folds} folds, ${list(seeds)}${permuted}.`,
    ...source.marks.map((mark) => `*Note: ${mark}*`),
    ...scopes,
    formatMarkdown(foldTable(one)),
  ].join('\n\n');
}

type Scope = Exclude<CrossValidation['scopes'][number], { reason: string }>;

function scopeTable({ metric }: CrossValidation, { group, patients, deaths, models }: Scope): Table {
  const [first] = models;
  const marked = models.filter(({ mark }) => mark !== undefined);
  return {
    title: `${group}: ${patients} patients${deaths === undefined ? '' : `, ${deaths} deaths`}`,
    header: ['', `${metric} (95 %)`, `${first?.model ?? ''} minus it (95 %)`, 'half-width', 'detectable (80 %)'],
    rows: models.map((row) => [
      row.mark === undefined ? row.model : `${row.model} †`,
      withInterval(row.score),
      ...differenceCells(row),
    ]),
    notes: marked.map(({ mark = '' }) => `† ${mark}`),
  };
}

function differenceCells({ difference, mark }: ScoredModel): string[] {
  if (!difference) return [mark === undefined ? '' : 'not compared', '', ''];
  return [withInterval(difference, true), plusMinus(halfWidth(difference)), plusMinus(detectableOfFitted(difference))];
}

function foldTable({ byFold, metric, trainingShare, testShare, scopes }: CrossValidation): Table {
  const [first] = byFold;
  const folds = first?.folds ?? [];
  const compared = new Set(modelsOf(scopes[0]).flatMap(({ model, difference }) => (difference ? [model] : [])));
  return {
    title: `${metric} by fold, and the difference over folds`,
    header: [
      '',
      ...folds.map((_, fold) => `fold ${fold}`),
      `${first?.model ?? ''} minus it over folds (95 %)`,
      'detectable (80 %)',
    ],
    rows: byFold.map((row) => {
      const tested = compared.has(row.model) && overFolds(folds, row.folds, { trainingShare, testShare });
      return [
        row.model,
        ...row.folds.map((x) => number(x)),
        ...(tested ? [withInterval(tested, true), plusMinus(detectable(tested, LEVEL))] : ['', '']),
      ];
    }),
  };
}

const modelsOf = (scope: CrossValidation['scopes'][number] | undefined): readonly ScoredModel[] =>
  scope && 'models' in scope ? scope.models : [];

/** The corrected difference of two procedures over the folds. */
function overFolds(
  own: readonly number[],
  other: readonly number[],
  { trainingShare, testShare }: Pick<CrossValidation, 'trainingShare' | 'testShare'>,
): TestedMean {
  const differences = own.map((x, fold) => x - (other[fold] ?? NaN));
  return testedMean(differences, { training: trainingShare, test: testShare });
}

/** One row per cross-validation: the first model and ridge regression on the same genes. */
export function summary(all: readonly CrossValidation[]): string {
  return formatMarkdown({
    header: [
      '',
      'seeds',
      'this method (95 %)',
      'ridge, same genes (95 %)',
      'difference, these fitted models (95 %)',
      'half-width',
      'difference over folds (95 %)',
      'detectable over folds (80 %)',
    ],
    rows: all.map((one) => {
      const { own, ridge, difference, tested } = againstRidge(one);
      return [
        one.name,
        one.seeds.join(', '),
        `${one.metric} ${withInterval(own)}`,
        withInterval(ridge),
        withInterval(difference, true),
        plusMinus(halfWidth(difference)),
        withInterval(tested, true),
        plusMinus(detectable(tested, LEVEL)),
      ];
    }),
  });
}

/** What the intervals against ridge regression exclude, and in which tasks and groups they exclude 0. */
export function excluded(all: readonly CrossValidation[]): string {
  const tasks = all.map((one) => {
    const { difference, tested } = againstRidge(one);
    return `- **${one.name}**: ${outside(difference)} for these fitted models, ${outside(tested)} over folds.`;
  });
  const groups = all.flatMap(({ name, scopes }) =>
    scopes.flatMap((scope) => {
      const difference = modelsOf(scope).find(isRidge)?.difference;
      return difference ? [{ where: `${name}, ${scope.group}`, difference }] : [];
    }),
  );
  const apart = groups.filter(({ difference: { low, high } }) => low > 0 || high < 0);
  const named = apart.map(({ where, difference }) => `${where}: ${withInterval(difference, true)}`).join('; ');
  return [
    ...tasks,
    `- The interval of these fitted models excludes 0 in ${apart.length} of the ${groups.length} tasks and groups, not adjusted for their number: ${named || 'none'}.`,
  ].join('\n');
}

const outside = ({ low, high }: Estimate) => `below ${number(low, true)} and above ${number(high, true)}`;

const isRidge = ({ model }: { readonly model: string }) => /^ridge .*same genes$/.test(model);

function againstRidge(one: CrossValidation): {
  own: Estimate;
  ridge: Estimate;
  difference: Estimate;
  tested: TestedMean;
} {
  const [own, ...others] = modelsOf(one.scopes[0]);
  const ridge = others.find(isRidge);
  const [ownFolds, ridgeFolds] = [one.byFold[0], one.byFold.find(isRidge)];
  if (!own || !ridge?.difference || !ownFolds || !ridgeFolds)
    throw new Error(`${one.name} has no ridge regression on the same genes`);
  return {
    own: own.score,
    ridge: ridge.score,
    difference: ridge.difference,
    tested: overFolds(ownFolds.folds, ridgeFolds.folds, one),
  };
}
