import type { Change, GeneView, PatientView, RunView } from '../engine/views.js';
import { button, el, fill } from './dom.js';
import { plain } from './words.js';

const SHOWN = 10;

/** What a person changed: z-scores by gene, and the modality that is left out. */
interface Changes {
  readonly genes: Map<GeneView, number>;
  without: Change['without'];
}

/**
 * Sliders for the genes and a choice of what to leave out. `onChange` is called with all changes, or with none.
 * @param order genes that come first, the most telling one first
 */
export function showWhatIf(
  section: HTMLElement,
  run: RunView,
  patient: PatientView,
  order: readonly GeneView[],
  onChange: (change: Change | undefined) => void,
): { say(text: string): void } {
  const changes: Changes = { genes: new Map(), without: undefined };
  const tell = () => onChange(changeOf(changes));
  const search = el('input', { type: 'search', id: 'gene-search', placeholder: 'Name of a gene', autocomplete: 'off' });
  const list = el('ul', { class: 'genes' });
  const said = el('p', { class: 'quiet', id: 'what-if-time', role: 'status' });
  const showGenes = () => {
    const wanted = search.value.trim().toUpperCase();
    const found = order.filter(({ name }) => name.toUpperCase().startsWith(wanted));
    const rows = found.slice(0, SHOWN).map((gene) => geneRow(gene, patient.bound, changes, tell));
    list.replaceChildren(...rows, ...(found.length === 0 ? [el('li', {}, 'No gene of the model has this name.')] : []));
  };
  search.addEventListener('input', showGenes);
  const reset = button('Undo all changes', () => {
    changes.genes.clear();
    changes.without = undefined;
    for (const radio of section.querySelectorAll<HTMLInputElement>('input[type=radio]'))
      radio.checked = radio.value === 'nothing';
    showGenes();
    tell();
  });
  showGenes();
  fill(
    section,
    el('h2', { id: 'what-if-title' }, 'What if?'),
    leaveOut(run, patient, changes, tell),
    ...(patient.genes.length === 0
      ? [el('p', { class: 'quiet' }, 'There is no expression to change.')]
      : [
          el('p', {}, 'Change the expression of a gene, in standard deviations from the training patients’ mean.'),
          el('label', { for: 'gene-search' }, 'Find a gene '),
          search,
          list,
        ]),
    reset,
    said,
  );
  return { say: (text) => void (said.textContent = text) };
}

function changeOf({ genes, without }: Changes): Change | undefined {
  if (genes.size === 0 && without === undefined) return undefined;
  const of = (subspace: GeneView['subspace']) =>
    Object.fromEntries([...genes].filter(([gene]) => gene.subspace === subspace).map(([gene, z]) => [gene.name, z]));
  return { genes: { tumour: of('tumour'), microenvironment: of('microenvironment') }, without };
}

function geneRow(gene: GeneView, bound: number, { genes }: Changes, tell: () => void): HTMLLIElement {
  const id = `gene-${gene.subspace}-${gene.name}`;
  const shown = (z: number) => `${plain(z, 1)}${Math.abs(z) >= bound ? ' (cut off)' : ''}`;
  const slider = el('input', {
    type: 'range',
    id,
    min: -bound,
    max: bound,
    step: 0.1,
    value: (genes.get(gene) ?? gene.z).toFixed(1),
  });
  const output = el('output', { for: id }, shown(genes.get(gene) ?? gene.z));
  slider.addEventListener('input', () => {
    const z = Number(slider.value);
    genes.set(gene, z);
    output.textContent = shown(z);
    row.classList.add('moved');
    tell();
  });
  const row = el(
    'li',
    { class: genes.has(gene) ? 'moved' : undefined },
    el('label', { for: id }, gene.name),
    el('span', { class: `tag ${gene.subspace}` }, gene.subspace),
    slider,
    output,
  );
  return row;
}

function leaveOut(run: RunView, { slides, genes }: PatientView, changes: Changes, tell: () => void): Element {
  if (!run.canLeaveOut) {
    return el(
      'p',
      { class: 'quiet' },
      'This model was trained on complete patients, so no modality can be left out. One trained with training.modalityDropout can do without.',
    );
  }
  if (slides.length === 0 || genes.length === 0)
    return el('p', { class: 'quiet' }, 'The patient has one modality only: nothing more can be left out.');
  const choice = (value: string, label: string, without: Change['without']) => {
    const radio = el('input', { type: 'radio', name: 'without', value, checked: changes.without === without });
    radio.addEventListener('change', () => {
      changes.without = without;
      tell();
    });
    return el('label', {}, radio, label);
  };
  return el(
    'fieldset',
    {},
    el('legend', {}, 'Predict from'),
    choice('nothing', 'slide and genes', undefined),
    choice('slide', 'genes alone', 'slides'),
    choice('genes', 'the slide alone', 'expression'),
  );
}
