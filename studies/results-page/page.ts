/** docs/results.md: its text is written by hand, and each place `<!-- results: NAME -->` … `<!-- end -->` is made from the records. */
import type { CrossValidation, Records } from './data.js';
import { withPlaces } from '../shared.js';
import { externalTable } from './external.js';
import { progress, questionsTable, tasksTables } from './real-histology.js';
import { comparisonsTable, findings, regimesTable } from './planted.js';
import { excluded, summary, tablesOf } from './tcga.js';

export const PAGE = 'docs/results.md';

/** The page with its places made anew. Throws where a place is unknown, or where a record or a table has no place. */
export function withResults(page: string, records: Records): string {
  const places = placesOf(records);
  const filled = new Set<string>();
  const made = withPlaces(page, (place) => {
    const name = /^results: (.*)$/.exec(place)?.[1];
    if (name === undefined) return undefined;
    const text = places.get(name);
    if (!text) throw new Error(`${PAGE} has a place '${name}' that nothing is made for`);
    filled.add(name);
    return `\n${text()}\n`;
  });
  const missing = [...places.keys()].filter((name) => !filled.has(name));
  if (missing.length > 0) throw new Error(`${PAGE} has no place for: ${missing.join(', ')}`);
  return made;
}

function placesOf(records: Records): Map<string, () => string> {
  const { plantedTruth } = records;
  const all = [...records.crossValidations.values()];
  const networks = all.filter(({ byFold }) => byFold[0]?.model === 'this method');
  const of = (floors: CrossValidation['floors']) => networks.filter((one) => one.floors === floors);
  // With the floors kept the summary is enough; the whole tables are in the records.
  const whole = all.filter(({ floors }) => floors === 'left out');
  const { realHistology, external } = records;
  return new Map([
    ['real questions', () => questionsTable(realHistology)],
    ['real progress', () => progress(realHistology)],
    ['real tasks', () => tasksTables(realHistology)],
    ['external', () => (external ? externalTable(external) : 'Not run yet.')],
    ['planted findings', () => findings(plantedTruth)],
    ['planted comparisons', () => comparisonsTable(plantedTruth)],
    ['planted regimes', () => regimesTable(plantedTruth)],
    ['floors left out', () => summary(of('left out'))],
    ['excluded', () => excluded(of('left out'))],
    ['floors kept', () => summary(of('kept'))],
    ...whole.map((one) => [one.name, () => tablesOf(one)] as const),
    ['sources', () => sources(records)],
  ]);
}

/** Which program made which record, with which command. */
function sources({ crossValidations, plantedTruth, realHistology, external }: Records): string {
  const commits = [...new Set(realHistology.flatMap(({ cells }) => cells.map(({ commit }) => commit)))];
  const real = `- \`real-histology/\`: trained by the program of ${commits.map((commit) => `\`${commit}\``).join(', ')}.\n  \`npm run study -- real-histology DATA OUT\``;
  const files = [
    ...(external ? [{ file: 'external-genes.json', source: external.source }] : []),
    { file: 'planted-truth.json', source: plantedTruth.source },
    ...[...crossValidations.values()].map(({ name, source }) => ({ file: `tcga-${name}.json`, source })),
  ];
  const others = files.map(
    ({ file, source }) =>
      `- \`${file}\`: ${source.program}, recorded by commit \`${source.recordedBy}\`.\n  \`${source.command}\``,
  );
  return [...(realHistology.length > 0 ? [real] : []), ...others].join('\n');
}
