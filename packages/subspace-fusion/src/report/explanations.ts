import { maxOf } from '../files/lists.js';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import type { Subspace } from '../cohort/types.js';
import { writePatientExplanation } from '../explanation/explain-cohort.js';
import { slideFigure, type Thumbnail } from '../explanation/slide-figure.js';
import { holdingFile } from '../files/lock.js';
import { explainPatient } from '../patient/predict.js';
import { EXPLANATIONS, figureFiles, isPatientFile, patientFile } from '../runs/explanation-files.js';
import type { CohortExplanation, GeneExplanation, PatientExplanation } from '../runs/explanations.js';
import type { Run } from '../runs/open-run.js';
import { BRANCH_WORDS, outputWords } from '../words/prediction.js';
import { COLOURS, figure, LARGE, swatch } from './figure.js';
import { html, markup, scrolling, table, type Html } from './html.js';
import type { ExplainedPatient, Explanations, ReportRun } from './types.js';
import { count, decimal } from './words.js';

/** The maps of a slide are large. */
const SHOWN = 6;

/** How sure a model is of each patient: the probability of the predicted class, or how far the risk is from the middle one. */
function certainty(predictions: ReportRun['predictions']): ReadonlyMap<string, number> {
  if (predictions.kind === 'classification')
    return new Map(predictions.rows.map(({ patient, probabilities }) => [patient, maxOf(probabilities)]));
  const risks = predictions.rows.map(({ risk }) => risk).sort((a, b) => a - b);
  const middle = risks[Math.floor(risks.length / 2)];
  return new Map(predictions.rows.map(({ patient, risk }) => [patient, Math.abs(risk - middle)]));
}

/** The `n` patients of whom the model is most certain and the `n` of whom it is least, each once, the most certain first. */
export function mostAndLeastCertain(predictions: ReportRun['predictions'], n: number): string[] {
  const ordered = [...certainty(predictions)].sort(([, a], [, b]) => b - a).map(([patient]) => patient);
  return [...new Set([...ordered.slice(0, n), ...ordered.slice(-n)])];
}

/** Explains those of the patients whom the run folder does not explain yet, and keeps the explanations there. */
export async function explainMissing(
  run: Run,
  patients: readonly string[],
  onPatient?: (done: number, of: number) => void,
): Promise<void> {
  const folder = join(run.name, EXPLANATIONS);
  const there = new Set((await readPatientExplanations(run)).map(({ patient }) => patient));
  const missing = patients.filter((patient) => !there.has(patient));
  for (const [i, patient] of missing.entries()) {
    onPatient?.(i, missing.length);
    await holdingFile(join(folder, patientFile(patient)), async () =>
      writePatientExplanation(folder, await explainPatient(run.name, { patient })),
    );
  }
}

/** The explanations that `subspace explain` left in a run folder; of many patients those of whom the model is most and least certain. */
export async function readExplanations(run: Run, predictions: ReportRun['predictions']): Promise<Explanations> {
  const folder = join(run.name, EXPLANATIONS);
  const all = await readPatientExplanations(run);
  const sureness = certainty(predictions);
  const ordered = all.sort((a, b) => (sureness.get(b.patient) ?? 0) - (sureness.get(a.patient) ?? 0));
  const shown = ordered.length <= SHOWN ? ordered : [...ordered.slice(0, SHOWN / 2), ...ordered.slice(-SHOWN / 2)];
  const cohort = await run.cohortExplanation('test');
  return {
    patients: await Promise.all(shown.map((explanation) => withThumbnails(folder, explanation))),
    notShown: ordered.length - shown.length,
    ...(cohort ? { cohort } : {}),
  };
}

async function readPatientExplanations(run: Run): Promise<PatientExplanation[]> {
  const names = await readdir(join(run.name, EXPLANATIONS)).catch(() => []);
  const found = await Promise.all(
    names
      .filter(isPatientFile)
      .sort()
      .map((name) => run.explanation(name)),
  );
  return found.filter((one) => one !== undefined);
}

/** The picture under the maps is kept in the figure alone. */
async function withThumbnails(folder: string, explanation: PatientExplanation): Promise<ExplainedPatient> {
  const figures = figureFiles(
    explanation.patient,
    explanation.slides.map(({ slide }) => slide),
  );
  const thumbnails = figures.map(async (name) =>
    thumbnailOf(await readFile(join(folder, name), 'utf8').catch(() => '')),
  );
  return { explanation, thumbnails: await Promise.all(thumbnails) };
}

function thumbnailOf(svg: string): Thumbnail | undefined {
  const found = /<image href="(data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+)" width="([\d.]+)" height="([\d.]+)"/.exec(
    svg,
  );
  return found ? { href: found[1], width: Number(found[2]), height: Number(found[3]) } : undefined;
}

/** Genes of a patient's figure, and of each subspace in the cohort's table. */
const GENES = 12;

/** What moved the predictions: of some patients, and over the test patients. */
export function explanationsSection({ explanations, predictions, comparison }: ReportRun): Html {
  const { patients, notShown, cohort } = explanations;
  if (patients.length === 0 && !cohort) {
    return html`<p class="missing">The run folder holds no explanations. They are made by</p>
<pre>${comparison ? '' : 'npx subspace report RUN --explain 2\n'}npx subspace explain RUN --cohort</pre>
<p>RUN is the run folder${comparison ? ' of one of the folds' : ''}.</p>`;
  }
  const more =
    notShown > 0 ? ` ${count(notShown, 'more patient is', 'more patients are')} explained in the run folder.` : '';
  return html`<p>Explanations show what this model used. They do not show causes, and attention is not importance: a model may look at a region that its prediction does not rest on.${more}</p>
${cohort ? cohortExplanation(cohort) : undefined}
${patients.map((patient) => patientExplanation(patient, predictions))}`;
}

function patientExplanation(
  { explanation, thumbnails }: ExplainedPatient,
  predictions: ReportRun['predictions'],
): Html {
  const { patient, output, value, prediction = [], genes, subspaces, modalities, slides, notes } = explanation;
  const shares = [...sharesOf('Subspaces', subspaces), ...sharesOf('Modalities', modalities)];
  return html`<section class="patient"><h4>Patient ${patient}</h4>
<p>${outcomeOf(patient, predictions)}Explained: ${outputWords(output)}, ${decimal(value, 3)}.</p>
${
  prediction.length === 0
    ? undefined
    : table(
        `The prediction for ${patient}`,
        ['What', 'Predicted'],
        prediction.map(({ name, text }) => [name, text]),
      )
}
${shares.length === 0 ? undefined : table(`What moved the prediction of ${patient}, against the training mean`, ['Of', 'Part', 'Moved it by', 'Share'], shares)}
${genes ? genesFigure(patient, genes) : undefined}
${slides.map((slide, i) => slideSheet(slideFigure(patient, slide, output, thumbnails[i]), `Where the model looked: ${patient}, ${slide.slide}`))}
${notes.length === 0 ? undefined : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
</section>`;
}

/** What happened to the patient, where the report's predictions have them. */
function outcomeOf(id: string, predictions: ReportRun['predictions']): string {
  if (predictions.kind === 'classification') {
    const row = predictions.rows.find(({ patient }) => patient === id);
    if (!row) return '';
    return `True class: ${predictions.classes[row.label]}. `;
  }
  const row = predictions.rows.find(({ patient }) => patient === id);
  if (!row) return '';
  return `${row.event ? 'Died after' : 'Alive at'} ${decimal(row.time, 1)} ${predictions.timeUnit}. `;
}

function sharesOf(
  kind: string,
  shares: PatientExplanation['subspaces'] | PatientExplanation['modalities'],
): string[][] {
  if (!shares) return [];
  const contribution: Readonly<Record<string, number>> = shares.contribution;
  const share: Readonly<Record<string, number>> = shares.share;
  return Object.keys(contribution).map((part) => [
    kind,
    part,
    signed(contribution[part]),
    `${Math.round(100 * share[part])}\u00a0%`,
  ]);
}

/** The genes that moved the prediction most, as bars to the left (down) and right (up). */
function genesFigure(patient: string, { subspaces, completeness }: GeneExplanation): Html {
  const all = (Object.entries(subspaces) as [Subspace, GeneExplanation['subspaces'][Subspace]][]).flatMap(
    ([subspace, { genes }]) => genes.map((gene) => ({ ...gene, subspace, label: gene.gene })),
  );
  const top = all
    .sort((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution))
    .slice(0, GENES)
    .map((gene) => ({ ...gene, label: labelOf(gene, all) }));
  const legend = html`<ul class="legend"><li>${swatch(COLOURS.tumour)} tumour subspace</li><li>${swatch(COLOURS.microenvironment)} microenvironment subspace</li></ul>`;
  const complete = completeness.holds
    ? 'together all genes sum to the change of the output within 1\u00a0%'
    : 'they do not sum to the change of the output within 1\u00a0%: read them with caution';
  const caption = html`${legend}Integrated gradients against the training mean; ${complete}. To the right: the prediction goes up.`;
  const inWords = top.map(({ label, attribution }) => `${label} ${signed(attribution)}`).join('; ');
  const rows = top.map(({ gene, subspace, z, attribution }) => [
    gene,
    BRANCH_WORDS[subspace],
    signed(z),
    signed(attribution),
  ]);
  return html`${figure(`Genes that moved the prediction of ${patient} most`, inWords, caption, {
    width: LARGE.width,
    height: 54 + 22 * top.length,
    marginLeft: 110,
    marginBottom: 50,
    x: {
      label: 'Moved the output by',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 44,
      grid: true,
      ticks: 3,
    },
    y: { domain: top.map(({ label }) => label), label: null, tickSize: 0 },
    marks: [
      Plot.barX(top, {
        x: 'attribution',
        y: 'label',
        fill: ({ subspace }: { subspace: Subspace }) => COLOURS[subspace],
      }),
      Plot.ruleX([0]),
    ],
    color: { type: 'identity' },
  })}
<details><summary>These genes in numbers</summary>${table(`Genes of ${patient}`, ['Gene', 'Subspace', 'Expression (z)', 'Moved it by'], rows)}</details>`;
}

/** A gene of both subspaces has two bars. */
function labelOf({ gene, subspace }: { gene: string; subspace: Subspace }, all: readonly { gene: string }[]): string {
  return all.filter((other) => other.gene === gene).length > 1
    ? `${gene} (${subspace === 'tumour' ? 'tum.' : 'micro.'})`
    : gene;
}

/** A drawing with a white sheet of its own. */
function slideSheet(svg: string, label: string): Html {
  return html`<figure class="sheet">${scrolling(label, markup(svg))}<figcaption>${label}. Patches that received more attention are darker; the caption of each map says how dark.</figcaption></figure>`;
}

function cohortExplanation({ patients, output, rankings, untrained, completeness }: CohortExplanation): Html {
  const incomplete =
    completeness.over === 0
      ? ''
      : ` Attributions of ${completeness.over} of ${completeness.samples} slides are not complete within 1\u00a0%.`;
  return html`<h4>Genes over ${count(patients, 'test patient')}</h4>
<p>Explained: ${output}. A gene is beyond chance where p, adjusted for all genes of its subspace, is at most 0.05.${incomplete}</p>
${rankings.map(({ subspace, genes }) => {
  const rows = genes
    .slice(0, GENES)
    .map((g) => [
      g.gene,
      g.importance.toPrecision(3),
      `${g.low.toPrecision(3)} to ${g.high.toPrecision(3)}`,
      `${Math.round(g.rankLow)} to ${Math.round(g.rankHigh)}`,
      signed(g.slope),
      decimal(g.p, 3),
    ]);
  return html`${table(`${BRANCH_WORDS[subspace]}: ${genes.filter(({ p }) => p <= 0.05).length} of ${genes.length} genes beyond chance; the first ${rows.length}`, ['Gene', 'Importance', '95\u00a0% interval', 'Rank', 'Slope', 'p'], rows)}
<p>Before training the same network orders these genes with a rank correlation of ${decimal(untrained[subspace])}; near 1, the order shows the starting weights and not what was learned.</p>`;
})}`;
}

const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toPrecision(3)}`;
