import type { CovariateView } from '../engine/views.js';
import { runFileNamed } from '../run-files.js';
import { button, el } from './dom.js';

/** What dropped files are, by their names; whether they are that, the readers find out. */
export interface SortedFiles {
  /** By the names that a run folder has for them. */
  readonly run: Readonly<Record<string, File>>;
  readonly bags: readonly File[];
  readonly expression: readonly File[];
  readonly slides: readonly File[];
  readonly unknown: readonly File[];
}

/** Others that lie in a run folder and are not needed. */
const RUN_OTHERS = /^(split|patients|made|validation-predictions)\.json$|^metrics\.jsonl$|^state\.safetensors$/;
const BAG = /\.(h5|hdf5|pt|pth|npy|safetensors)$/i;
const SLIDE = /\.(svs|tiff?|png|jpe?g)$/i;
const EXPRESSION = /\.(csv|tsv|txt|tab|gct|h5ad)(\.gz)?$/i;

/** Whether a file of this name in a run folder is read. */
const isRunFile = (name: string): boolean => runFileNamed(name) !== undefined;

export function sortFiles(files: Iterable<File>): SortedFiles {
  const run: Record<string, File> = {};
  const [bags, expression, slides, unknown]: File[][] = [[], [], [], []];
  for (const file of files) {
    const inRun = runFileNamed(file.name);
    if (inRun !== undefined) run[inRun] = file;
    else if (RUN_OTHERS.test(file.name)) continue;
    else if (BAG.test(file.name)) bags.push(file);
    else if (SLIDE.test(file.name)) slides.push(file);
    else if (EXPRESSION.test(file.name)) expression.push(file);
    else unknown.push(file);
  }
  return { run, bags: bags, expression: expression, slides: slides, unknown: unknown };
}

/** The part of the page that takes files. */
export interface FilesPanel {
  /** Shows which patients came with the run, and calls back for the one that is chosen. */
  offer(patients: readonly string[], chosen: string, onChoose: (patient: string) => void): void;
  /** Asks for what the model reads of a patient beside files, and calls back with what is known. */
  ask(covariates: readonly CovariateView[], onKnown: (clinical: Readonly<Record<string, string>>) => void): void;
  /** Says which files the prediction rests on. */
  describe(text: string): void;
}

/** Lets a person choose files or drop them anywhere on the page. */
export function makeFilesPanel(section: HTMLElement, onFiles: (files: readonly File[]) => void): FilesPanel {
  const input = el('input', { type: 'file', multiple: true, id: 'chooser', class: 'hidden-input' });
  input.addEventListener('change', () => {
    onFiles([...(input.files ?? [])]);
    input.value = ''; // the same file may be chosen again
  });
  const current = el('p', { class: 'current', id: 'current' });
  const patients = el('p', { hidden: true });
  const clinical = el('form', { class: 'clinical', hidden: true });
  section.append(
    el('h2', { id: 'files-title' }, 'Files of a patient'),
    el(
      'div',
      { class: 'drop' },
      input,
      el('label', { for: 'chooser', class: 'choose' }, 'Choose files'),
      el(
        'p',
        {},
        'or drop them anywhere on this page: the patch features (.h5) and the gene expression (.csv, .tsv, also .gz) of a patient, together. ',
        'Add the slide itself (.svs, .tif) to see where the model looked.',
      ),
      el(
        'details',
        {},
        el('summary', {}, 'What the files must hold'),
        el(
          'ul',
          {},
          el(
            'li',
            {},
            'Features: one row a patch, as CLAM, TRIDENT or STAMP write them, of the encoder that the model was trained with.',
          ),
          el(
            'li',
            {},
            'Expression: a table of genes and patients in the unit that the model was trained with. Of several patients, the one that the feature file is named after.',
          ),
          el(
            'li',
            {},
            'Another model: model.json and checkpoint.safetensors of a run folder, and its other files to compare with its patients.',
          ),
        ),
      ),
    ),
    patients,
    clinical,
    current,
  );

  let depth = 0; // of nested elements that files are dragged over
  const drag = (by: number) => {
    depth += by;
    document.body.classList.toggle('dragging', depth > 0);
  };
  document.addEventListener('dragenter', () => drag(1));
  document.addEventListener('dragleave', () => drag(-1));
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    drag(-depth);
    if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(onFiles);
  });

  return {
    offer(names, chosen, onChoose) {
      const select = el(
        'select',
        { id: 'patients' },
        ...names.map((name) => el('option', { value: name, selected: name === chosen }, name)),
      );
      select.addEventListener('change', () => onChoose(select.value));
      patients.replaceChildren(
        el('label', { for: 'patients' }, 'Patients of the run: '),
        select,
        ' ',
        button('Show', () => onChoose(select.value)),
      );
      patients.hidden = names.length === 0;
    },
    ask(covariates, onKnown) {
      const inputs = covariates.map(covariateInput);
      clinical.replaceChildren(
        ...inputs.map(({ label }) => label),
        ...(inputs.length > 0 ? [button('Predict with these', () => clinical.requestSubmit())] : []),
      );
      clinical.hidden = inputs.length === 0;
      clinical.onsubmit = (event) => {
        event.preventDefault();
        onKnown(
          Object.fromEntries(inputs.flatMap(({ name, input }) => (input.value === '' ? [] : [[name, input.value]]))),
        );
      };
    },
    describe: (text) => void (current.textContent = text),
  };
}

/** A field for one covariate; empty is unknown. */
function covariateInput({ name, levels }: CovariateView) {
  const input = levels
    ? el(
        'select',
        { name },
        el('option', { value: '' }, 'unknown'),
        ...levels.map((level) => el('option', { value: level }, level)),
      )
    : el('input', { type: 'text', inputmode: 'decimal', name, placeholder: 'unknown' });
  return { name, input, label: el('label', {}, `${name} `, input) };
}

/** The files that were dropped, those in dropped folders included; of a run folder, those of the run. */
async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...files];
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)); // some at a time, in the end none
    if (some.length === 0)
      return found.some(({ name }) => name === 'model.json') ? found.filter(({ name }) => isRunFile(name)) : found;
    for (const inner of some) found.push(...(await filesIn(inner)));
  }
}
