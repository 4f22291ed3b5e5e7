import { outputWords, percent } from 'subspace-fusion/browser';
import type { GeneView, PatientExplanation, PatientView } from '../engine/views.js';
import { button, el, figure, fill, svg } from './dom.js';
import { signed } from './words.js';

/** One line of a bar chart. */
export interface Bar {
  readonly label: string;
  /** From −1 to 1: length and side of the bar. */
  readonly length: number;
  /** What the bar says, in numbers. */
  readonly value: readonly (string | Node)[];
  readonly kind?: string;
}

/** Bars under each other with their numbers beside them: a table to those who cannot see it. */
export function bars(caption: string, rows: readonly Bar[]): HTMLTableElement {
  const signed = rows.some(({ length }) => length < 0);
  return el(
    'table',
    { class: 'bars' },
    el('caption', {}, caption),
    el(
      'tbody',
      {},
      ...rows.map((row) =>
        el(
          'tr',
          { class: row.kind },
          el('th', { scope: 'row' }, row.label),
          el('td', { class: 'bar' }, barOf(row.length, signed)),
          el('td', { class: 'number' }, ...row.value),
        ),
      ),
    ),
  );
}

function barOf(length: number, signed: boolean): SVGSVGElement {
  const width = Math.min(1, Math.abs(length)) * (signed ? 50 : 100);
  const x = signed ? (length < 0 ? 50 - width : 50) : 0;
  const zero = signed ? svg('line', { x1: 50, x2: 50, y1: 0, y2: 10, class: 'zero' }) : undefined;
  return svg(
    'svg',
    { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': true },
    svg('rect', { x, width, y: 1, height: 8 }),
    zero,
  );
}

const TOP = 10;

/** Offers the explanation, which takes many runs of the network. */
export function offerExplanation(section: HTMLElement, onAsk: () => void): void {
  fill(
    section,
    el('h2', { id: 'explanation-title' }, 'Why'),
    el(
      'p',
      {},
      'Shares of the two subspaces, and the genes that moved the prediction. This takes many runs of the network, so it may take minutes; it can be cancelled.',
    ),
    button('Explain this prediction', onAsk, { id: 'explain' }),
  );
}

/** Shows the shares of subspaces and modalities and the genes that moved the prediction most. */
export function showExplanation(
  section: HTMLElement,
  { subspaces, modalities, genes, notes, output }: PatientExplanation,
  { prediction: { warnings } }: PatientView,
): void {
  const own = notes.filter((note) => !warnings.includes(note));
  fill(
    section,
    el('h2', { id: 'explanation-title' }, 'Why'),
    el('p', {}, `What moved the prediction (${outputWords(output)}), compared with the training patients’ mean.`),
    subspaces ? shares('Shares of the subspaces', subspaces) : undefined,
    modalities ? shares('Shares of slide and genes', modalities) : undefined,
    ...(genes ? [topGenes(genes)] : []),
    own.length > 0 ? el('ul', { class: 'quiet' }, ...own.map((note) => el('li', {}, note))) : undefined,
  );
}

function shares(
  caption: string,
  { share, contribution }: { share: Readonly<Record<string, number>>; contribution: Readonly<Record<string, number>> },
): Element {
  return bars(
    caption,
    Object.keys(share).map((name) => ({
      label: name,
      length: share[name],
      value: [figure(share[name], percent(share[name])), ` (${signed(contribution[name], 3)})`],
      kind: name,
    })),
  );
}

type Genes = NonNullable<PatientExplanation['genes']>;

function byAttribution({ subspaces }: Genes) {
  return Object.entries(subspaces)
    .flatMap(([subspace, { genes }]) => genes.map((gene) => ({ ...gene, subspace })))
    .sort((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution));
}

function topGenes(genes: Genes): Element {
  const top = byAttribution(genes).slice(0, TOP);
  const most = Math.abs(top[0]?.attribution ?? 1) || 1;
  return bars(
    'Genes that moved it most',
    top.map(({ gene, attribution, z, subspace }) => ({
      label: gene,
      length: attribution / most,
      value: [figure(attribution, signed(attribution, 4)), ` at z = ${signed(z, 1)}`],
      kind: subspace,
    })),
  );
}

/** The patient's genes, those that moved the prediction most first; without an explanation those that are farthest from the mean. */
export function orderedGenes({ genes }: PatientView, explanation: PatientExplanation | undefined): GeneView[] {
  const moved = new Map(
    explanation?.genes
      ? byAttribution(explanation.genes).map((g) => [`${g.subspace} ${g.gene}`, Math.abs(g.attribution)])
      : [],
  );
  const weight = (gene: GeneView) => moved.get(`${gene.subspace} ${gene.name}`) ?? Math.abs(gene.z);
  return [...genes].sort((a, b) => weight(b) - weight(a));
}
