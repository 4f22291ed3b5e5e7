import { counted, someOf, type Cohort, type Config, type Split } from '../../cohort/index.js';
import { learnModel, type Model } from '../../training/model.js';
import type { LocalFinding } from './finding.js';

/** Numbers that are fitted again come back to this part of their size. */
const TOLERANCE = 1e-6;

/** What a model learned from patients before its weights, in words and where it stands; the genes that it reads have a finding of their own. */
const FITTED: readonly (readonly [words: string, value: (model: Model) => unknown])[] = [
  ['the gene scaling of the tumour subspace', ({ scaling: { tumour } }) => ({ ...tumour, genes: undefined })],
  [
    'the gene scaling of the microenvironment subspace',
    ({ scaling: { microenvironment } }) => ({ ...microenvironment, genes: undefined }),
  ],
  ['the survival cuts', ({ outcome }) => outcome.kind === 'survival' && { cuts: outcome.cuts, end: outcome.end }],
  ['the classes', ({ outcome }) => outcome.kind === 'classes' && outcome.classes],
  ['the class weights', ({ outcome }) => outcome.kind === 'classes' && outcome.weights],
  ['the encoding of covariates', ({ covariates }) => covariates],
];

/**
 * Learns again, on the training patients alone, what a model learned before its weights, and compares: genes and their scaling, survival cuts, classes and
 * their weights, covariates.
 */
export function fittedOutside(model: Model, cohort: Cohort, split: Split, config: Config): LocalFinding[] {
  const fit = (train: readonly string[]) =>
    learnModel(cohort, { ...split, train }, config, model.inputs, model.version);
  const byTraining = fit(split.train);
  const sameGenes = isSame(genesOf(model), genesOf(byTraining));
  const different = FITTED.filter(([, value]) => sameGenes && !isSame(value(model), value(byTraining)));
  if (sameGenes && different.length === 0) return [];
  const byAll = fit([...new Set(Object.values(split).flat() as string[])]);
  const whose = (value: (model: Model) => unknown) =>
    `what comes out on its training patients alone, ${isSame(value(model), value(byAll)) ? 'but' : 'nor'} on all patients of the split together`;
  return [
    ...(sameGenes ? [] : [otherGenes(genesOf(model), genesOf(byTraining), whose(genesOf))]),
    ...different.map(([words, value]): LocalFinding => {
      const message = `${words} of the model ${words.endsWith('s') ? 'are' : 'is'} not ${whose(value)}`;
      return {
        kind: 'fitted',
        severity: 'leak',
        message,
        who: [],
        remedy: 'Train again; if model.json was written by hand, restore it',
      };
    }),
  ];
}

function genesOf({ scaling: { tumour, microenvironment } }: Model): string[] {
  return [...tumour.genes, ...microenvironment.genes];
}

function otherGenes(own: readonly string[], expected: readonly string[], whose: string): LocalFinding {
  const more = own.filter((gene) => !expected.includes(gene));
  const fewer = expected.filter((gene) => !own.includes(gene));
  const list = (words: string, genes: readonly string[]) =>
    genes.length > 0 ? [`${counted(genes.length, 'gene')} ${words} (${someOf(genes)})`] : [];
  const differences = [...list('more', more), ...list('fewer', fewer)].join(' and ') || 'another order';
  return {
    kind: 'genes',
    severity: 'leak',
    message: `the genes that the model reads are not ${whose}: ${differences}`,
    who: [...more, ...fewer],
    remedy: 'Choose genes by gene sets, or within the training patients of each fold, and train again',
  };
}

/** Equal but for rounding; a key that is undefined counts as absent. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [ofA, ofB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].every((key) => isSame(ofA[key], ofB[key]));
}
